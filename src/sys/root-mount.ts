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
      /** Where the container's user namespace is not the one that the layers were made for. */
      readonly translation?: IdTranslation;
    }
  | {
      /** A plain directory that is the container's own already, or one layer that nobody will write to. */
      readonly kind: "directory";
      readonly path: string;
    };

/** Ids of files as the container's user namespace sees those on disk, and what it is shown instead. */
export interface IdTranslation {
  readonly uids: readonly TranslatedRange[];
  readonly gids: readonly TranslatedRange[];
}

export interface TranslatedRange {
  readonly seen: number;
  readonly shown: number;
  readonly count: number;
}
