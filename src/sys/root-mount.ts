/** How a container's root file system comes about; performed by init inside the new mount namespace. */
export type RootMount =
  | {
      /** Kernel overlay, mounted with `userxattr`. */
      readonly kind: "overlay";
      /** Lowest first. */
      readonly lower: readonly string[];
      readonly writable: { readonly upper: string; readonly work: string };
      readonly volatile: boolean;
    }
  | {
      readonly kind: "fuse-overlayfs";
      /** Lowest first. */
      readonly lower: readonly string[];
      readonly writable: { readonly upper: string; readonly work: string };
      readonly volatile: boolean;
      /** An existing empty directory. */
      readonly mountPoint: string;
    }
  | {
      /** A plain directory that is the container's own already, or one layer that nobody will write to. */
      readonly kind: "directory";
      readonly path: string;
    };
