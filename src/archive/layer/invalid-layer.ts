import { BerthError } from "../../base/errors.ts";
import { type ByteString, displayName } from "../../sys/byte-string.ts";

/** The layer is malformed or hostile; `name` is the entry that shows it. */
export function invalidEntry(name: ByteString, reason: string, cause?: unknown): BerthError {
  return new BerthError("invalid-image", `layer entry "${displayName(name)}" refused: ${reason}`, { cause });
}

/** The layer as a whole is malformed. */
export function invalidLayer(reason: string, cause?: unknown): BerthError {
  return new BerthError("invalid-image", `layer is not valid: ${reason}`, { cause });
}
