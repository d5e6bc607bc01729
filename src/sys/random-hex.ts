import { NR } from "./kernel-numbers.ts";
import { check, syscall } from "./system-call.ts";

/**
 * `bytes` random bytes (at most 256) as hexadecimal digits, by getrandom(2): the first use of Web Crypto takes 0.07 ms,
 * and node:crypto takes longer to load than a list.
 */
export function randomHex(bytes: number): string {
  const random = new Uint8Array(bytes);
  check("getrandom", syscall(NR.getrandom, random, bytes, 0, 0, 0, 0));
  return random.toHex();
}
