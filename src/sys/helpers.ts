import { BerthError } from "../base/errors.ts";

/** The programs that berth does not write itself. All but newuidmap and newgidmap (setuid) are embedded. */
export type HelperName =
  | "unshare"
  | "nsenter"
  | "setpriv"
  | "busybox"
  | "fuse-overlayfs"
  | "slirp4netns"
  | "ip"
  | "catatonit";

export interface Helpers {
  /** The argv prefix that starts a helper; unpacks the embedded helpers on first need. */
  command(name: HelperName): readonly string[];
}

/** Helpers found on the PATH, for tests and for running from source. `configured` paths win. */
export function helpersOnPath(configured: Readonly<Record<string, string>>): Helpers {
  return {
    command(name) {
      const path = configured[name] ?? Bun.which(name);
      if (path === null) throw new BerthError("unsupported", `helper program ${name} is not installed`);
      return [path];
    },
  };
}
