import type { Fetcher } from "../oci/transport.ts";
import type { Descriptor, Platform } from "../oci/types.ts";

/** One image of an archive. */
export interface ArchivedImage {
  /** Canonical, with a tag; empty for an image without a name. */
  readonly names: readonly string[];
  /** As the archive has them, also tags alone: by these a person chooses one of several. */
  readonly references: readonly string[];
  /** Its manifest or index; several only where the archive lists one manifest for each platform. */
  readonly roots: readonly Descriptor[];
  /** Of the only root, where the archive says so. */
  readonly platform?: Platform;
}

/** Images that came as files: an OCI image layout or a docker-archive. Content is found by digest. */
export interface ImageArchive extends Fetcher {
  readonly images: readonly ArchivedImage[];
}

/** A regular file of an archive, by its path on the host. */
export interface ArchiveFile {
  readonly path: string;
  /** bytes */
  readonly size: number;
}

/** The files of an archive by their names in it. */
export interface ArchiveFiles {
  /** Follows links of the archive, never of the host; undefined when there is no such regular file. */
  locate(name: string): ArchiveFile | undefined;
  /** Whether files may be moved away. */
  readonly disposable: boolean;
}
