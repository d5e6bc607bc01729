import { BerthError } from "./errors.ts";

const powers: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * Bytes from `64m`, `1.5GiB`, `512` (go-units `RAMInBytes`): suffixes are powers of 1024 (of 1000 with that `base`, as
 * `FromHumanSize` has it), in any letter case. Throws `invalid-argument` with go-units' texts.
 */
export function parseSize(text: string, base: 1000 | 1024 = 1024): number {
  const bad = (why: string): BerthError =>
    new BerthError("invalid-argument", why, {
      hint: "a size is a number with b, k, m or g, for example 64m",
    });
  const end = Math.max(...[..."0123456789. "].map((character) => text.lastIndexOf(character)));
  if (end === -1) throw bad(`invalid size: '${text}'`);
  const number = text[end] === " " ? text.slice(0, end) : text.slice(0, end + 1);
  const suffix = text.slice(end + 1).toLowerCase();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(number)) throw bad(`invalid size: '${text}'`);
  const size = Number(number);
  if (size < 0) throw bad(`invalid size: '${text}'`);
  if (suffix !== "" && suffix !== "b" && !/^[kmgtp](b|ib)?$/.test(suffix)) {
    throw bad(`invalid suffix: '${suffix}'`);
  }
  const bytes = Math.trunc(size * base ** (powers[suffix[0] ?? ""] ?? 0));
  if (!Number.isSafeInteger(bytes)) throw bad(`invalid size: '${text}' is too large`);
  return bytes;
}
