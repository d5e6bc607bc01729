import { constants } from "node:os";

const names = new Map<number, string>(
  Object.entries(constants.errno).map(([name, number]) => [number, name]),
);

/** A system call that the kernel refused. `code` is the errno name (`EPERM`), as in Node's system errors. */
export class SystemCallError extends Error {
  override readonly name = "SystemCallError";
  readonly errno: number;
  readonly code: string;
  readonly call: string;

  constructor(call: string, errno: number, subject?: string) {
    const code = names.get(errno) ?? `errno ${errno}`;
    super(subject === undefined ? `${call}: ${code}` : `${call} ${subject}: ${code}`);
    this.call = call;
    this.errno = errno;
    this.code = code;
  }
}
