import type { Directories } from "../../base/directories.ts";

/** Where monitors listen. */
export const socketDirectory = ({ runtime }: Directories) => `${runtime}/monitors`;

/** Where the monitor of a container does: short, because the name of a socket has at most 107 bytes (unix(7)). */
export function monitorSocket(directories: Directories, id: string): string {
  return `${socketDirectory(directories)}/${id.slice(0, 32)}`;
}
