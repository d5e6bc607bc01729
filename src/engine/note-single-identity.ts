import { readTextIfThere, writeFile } from "../sys/files.ts";
import type { EngineContext } from "./context.ts";

/**
 * Tells a person without subordinate ids what that means for containers, once for each reason and store: scripts that
 * start a hundred containers say it once. What was said is kept in the data directory; a store that cannot be written
 * says it every time.
 */
export function noteSingleIdentity({ identity, directories, store, warn }: EngineContext): void {
  if (identity.mode !== "single") return;
  const path = `${directories.data}/single-identity-noted`;
  const reason = `${identity.reason}\n`;
  try {
    if (readTextIfThere(path) === reason) return;
  } catch {
    // What cannot be read is said again.
  }
  warn(
    `${identity.reason}: containers have one user id, root, and chown in them has no lasting effect ` +
      "(said once; `berth info` shows the id map)",
  );
  if (!store.isWritable()) return;
  try {
    writeFile(path, reason, 0o600);
  } catch {
    // A full disk is told by what needs the space.
  }
}
