import { defaultDetachKeys, parseDetachKeys } from "../../engine/detach-keys.ts";

/** `--detach-keys`; without it, Docker's own. */
export function detachKeysFrom(value: string | undefined): Uint8Array {
  return parseDetachKeys(value === undefined || value === "" ? defaultDetachKeys : value);
}
