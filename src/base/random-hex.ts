/** `bytes` random bytes as hexadecimal digits. By the global Web Crypto: importing node:crypto takes longer than a list. */
export function randomHex(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toHex();
}
