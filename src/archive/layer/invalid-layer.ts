import { BerthError, messageOf } from "../../base/errors.ts";
import { type ByteString, displayName } from "../../sys/byte-string.ts";

/** What is wrong with a tar, whatever it is the tar of. */
class TarFault extends Error {}

function invalid(prefix: string, reason: string, cause: unknown): BerthError {
  return new BerthError("invalid-image", `${prefix}${reason}`, { cause: new TarFault(reason, { cause }) });
}

/** The layer is malformed or hostile; `name` is the entry that shows it. */
export function invalidEntry(name: ByteString, reason: string, cause?: unknown): BerthError {
  return invalid("layer ", `entry "${displayName(name)}" refused: ${reason}`, cause);
}

/** The layer as a whole is malformed. */
export function invalidLayer(reason: string, cause?: unknown): BerthError {
  return invalid("layer is not valid: ", reason, cause);
}

/** What is wrong with a tar that was read like a layer and is none. */
export function tarFaultOf(error: unknown): string {
  return messageOf(error instanceof BerthError && error.cause instanceof TarFault ? error.cause : error);
}
