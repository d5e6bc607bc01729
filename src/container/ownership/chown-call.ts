import type { Architecture } from "../../sys/bpf.ts";
import { AT_EMPTY_PATH, AT_FDCWD } from "../../sys/libc.ts";
import { chownCalls } from "../../sys/seccomp.ts";
import type { WaitingCall } from "../../sys/seccomp-listener.ts";

/** What a call of the chown family names. */
export type ChownTarget =
  | { readonly kind: "descriptor"; readonly fd: number }
  | {
      readonly kind: "path";
      /** What the path begins at; undefined is the working directory. */
      readonly directory: number | undefined;
      /** Of the path, in the memory of the process. */
      readonly address: bigint;
      readonly follow: boolean;
      /** An empty path is the directory itself (AT_EMPTY_PATH). */
      readonly mayBeEmpty: boolean;
    };

export interface ChownCall {
  readonly target: ChownTarget;
  /** Undefined is to stay. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

const AT_SYMLINK_NOFOLLOW = 0x100;
/** lchown, fchown and chown of the time when ids had 16 bits. */
const shortIds: readonly number[] = [16, 95, 182];

/** Reads the arguments of chown(2), lchown(2), fchown(2) or fchownat(2); undefined for any other call. */
export function chownCallOf({ architecture, number, args }: WaitingCall): ChownCall | undefined {
  if (architecture === undefined) return undefined;
  const calls = chownCalls[architecture] satisfies Record<string, readonly number[]>;
  const is = (name: keyof (typeof chownCalls)[Architecture]) =>
    (calls[name] as readonly number[]).includes(number);
  const int = (index: number) => Number(BigInt.asIntN(32, args[index]!));
  const short = architecture === "i386" && shortIds.includes(number);
  const id = (index: number) => {
    const value = Number(BigInt.asUintN(short ? 16 : 32, args[index]!));
    return value === (short ? 0xffff : 0xffffffff) ? undefined : value;
  };
  const path = (index: number, directory: number, flags: number): ChownTarget => ({
    kind: "path",
    directory: directory === AT_FDCWD ? undefined : directory,
    address: args[index]!,
    follow: (flags & AT_SYMLINK_NOFOLLOW) === 0,
    mayBeEmpty: (flags & AT_EMPTY_PATH) !== 0,
  });
  if (is("fchown")) return { target: { kind: "descriptor", fd: int(0) }, uid: id(1), gid: id(2) };
  if (is("chown")) return { target: path(0, AT_FDCWD, 0), uid: id(1), gid: id(2) };
  if (is("lchown")) return { target: path(0, AT_FDCWD, AT_SYMLINK_NOFOLLOW), uid: id(1), gid: id(2) };
  if (is("fchownat")) return { target: path(1, int(0), int(4)), uid: id(2), gid: id(3) };
  return undefined;
}
