import { encodeText } from "./text.ts";

/**
 * A sequence of bytes as a string of code points 0-255 (latin1). File names and extended attributes are bytes to the
 * kernel; kept this way they round-trip, compare and serve as keys exactly, whatever their encoding is meant to be.
 */
export type ByteString = string;

/** The bytes of a path that was given as ordinary text. Without Buffer, like text.ts. */
export function toByteString(text: string): ByteString {
  const bytes = encodeText(text);
  let string = "";
  for (let at = 0; at < bytes.length; at++) string += String.fromCharCode(bytes[at]!);
  return string;
}

/** For a message: decoded as UTF-8, control characters escaped, at most 200 characters. */
export function displayName(bytes: ByteString): string {
  const text = Buffer.from(bytes, "latin1").toString("utf8");
  const short = text.length > 200 ? `${text.slice(0, 197)}...` : text;
  const hex = (character: string) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return short.replace(/[\x00-\x1f\x7f-\x9f]/g, hex);
}
