/** The limits of setrlimit(2), in the order of their numbers (asm-generic/resource.h). */
export const limitNames = [
  "cpu",
  "fsize",
  "data",
  "stack",
  "core",
  "rss",
  "nproc",
  "nofile",
  "memlock",
  "as",
  "locks",
  "sigpending",
  "msgqueue",
  "nice",
  "rtprio",
  "rttime",
] as const;

export type LimitName = (typeof limitNames)[number];

export interface ProcessLimit {
  readonly name: LimitName;
  /** -1 is unlimited; so for `hard`. */
  readonly soft: number;
  readonly hard: number;
}
