import { BerthError } from "../base/errors.ts";

/** Throws `invalid-argument` for a name that moby does not allow (daemon/names). */
export function checkContainerName(name: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) return;
  throw new BerthError(
    "invalid-argument",
    `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
  );
}
