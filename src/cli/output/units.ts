/** Sizes and durations in Docker's words (github.com/docker/go-units), quirks included: `999949` is `1e+03kB`. */
import { BerthError } from "../../base/errors.ts";
import { formatFloat } from "./number-format.ts";

const decimalUnits = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const binaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

function scaled(bytes: number, base: number, units: readonly string[], precision: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= base && unit < units.length - 1) {
    size /= base;
    unit++;
  }
  return `${formatFloat(size, "g", precision)}${units[unit]}`;
}

/** Powers of 1000, `precision` significant digits. */
export function humanSizeWithPrecision(bytes: number, precision: number): string {
  return scaled(bytes, 1000, decimalUnits, precision);
}

/** Powers of 1000, 3 significant digits: the sizes of `images`, `history`, `ps -s` and `cp`. */
export function humanSize(bytes: number): string {
  return humanSizeWithPrecision(bytes, 3);
}

/** Powers of 1000, 4 significant digits: progress, prune totals, `system df`. */
export function humanSizeFine(bytes: number): string {
  return humanSizeWithPrecision(bytes, 4);
}

/** Powers of 1024, 4 significant digits: memory. */
export function bytesSize(bytes: number): string {
  return scaled(bytes, 1024, binaryUnits, 4);
}

/** A span of time in words: `3 minutes`, `About an hour`. Negative spans are less than a second. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.trunc(milliseconds / 60_000);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const exactHours = milliseconds / 3_600_000;
  const hours = Math.trunc(exactHours + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(Math.trunc(exactHours) / 24 / 365)} years`;
}

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
