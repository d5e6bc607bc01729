import { close } from "../sys/files.ts";
import { createPipe } from "../sys/libc.ts";

type Pipe = ReturnType<typeof createPipe>;

/** Calls back with two pipes, whose ends it closes when that throws; else they are the callback's. */
export function withPipes<T>(use: (first: Pipe, second: Pipe) => T): T {
  const ends: number[] = [];
  const open = (): Pipe => {
    const pipe = createPipe();
    ends.push(...pipe);
    return pipe;
  };
  try {
    return use(open(), open());
  } catch (error) {
    for (const end of ends) close(end);
    throw error;
  }
}
