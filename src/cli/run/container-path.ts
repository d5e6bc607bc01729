import { BerthError } from "../../base/errors.ts";
import { normalize } from "../../base/posix-path.ts";

/** A mount's place in the container, cleaned of `.`, `..` and doubled slashes; Docker's words where it is not one. */
export function parseTarget(type: "bind" | "volume" | "image" | "tmpfs", target: string): string {
  const refuse = (why: string): never => {
    throw new BerthError("invalid-argument", `invalid mount config for type "${type}": ${why}`);
  };
  if (target.includes("\0")) refuse("mount path must not contain NUL");
  if (!target.startsWith("/")) refuse(`invalid mount path: '${target}' mount path must be absolute`);
  const cleaned = normalize(target);
  const path = cleaned.length > 1 && cleaned.endsWith("/") ? cleaned.slice(0, -1) : cleaned;
  return path === "/" ? refuse("invalid specification: destination can't be '/'") : path;
}
