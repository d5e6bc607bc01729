/**
 * A program for tests: `bun swap-names.ts A B [REST]` exchanges two names (renameat2, RENAME_EXCHANGE) as fast as it can, until
 * its stdin ends, with a rest of REST milliseconds now and then, for which both are where they were. It stands for a hostile process that shares a directory with whoever looks the names up.
 */
import { dlopen } from "bun:ffi";

const { symbols: c } = dlopen("libc.so.6", {
  renameat2: { args: ["i32", "ptr", "i32", "ptr", "u32"], returns: "i32" },
});
const [a, b] = process.argv.slice(2, 4).map((name) => Buffer.from(`${name}\0`));
const rest = Number(process.argv[4] ?? 0);
const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;

let ended = false;
void Bun.stdin.text().then(() => {
  ended = true;
});
console.log("swapping");
while (!ended) {
  for (let count = 0; count < 1000; count++) c.renameat2(AT_FDCWD, a!, AT_FDCWD, b!, RENAME_EXCHANGE);
  await Bun.sleep(rest);
}
