import { posix } from "node:path";

/** Go's `path.Clean`: the shortest spelling, without a slash at the end; the empty path is `.`. */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}
