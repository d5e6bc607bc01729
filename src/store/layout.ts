import { join } from "../base/posix-path.ts";
import { hexOf } from "../oci/digest.ts";
import type { Digest } from "../oci/types.ts";

/** Where things are below the data directory. Pure; nothing is created. */
export class StoreLayout {
  readonly directory: string;
  readonly database: string;
  readonly locks: string;
  readonly reserve: string;
  readonly blobs: string;
  readonly layers: string;
  readonly containers: string;
  readonly volumes: string;
  readonly manifestLists: string;
  /** Everything unfinished, on the same file system, so that it ends in a rename. */
  readonly temporary: string;

  constructor(directory: string) {
    this.directory = directory;
    this.database = join(directory, "berth.db");
    this.locks = join(directory, "locks");
    this.reserve = join(directory, "reserve");
    this.blobs = join(directory, "blobs/sha256");
    this.layers = join(directory, "layers");
    this.containers = join(directory, "containers");
    this.volumes = join(directory, "volumes");
    this.manifestLists = join(directory, "manifest-lists");
    this.temporary = join(directory, "tmp");
  }

  blob(digest: Digest): string {
    return join(this.blobs, hexOf(digest));
  }

  partialBlob(digest: Digest): string {
    return join(this.temporary, `${hexOf(digest)}.partial`);
  }

  layer(diffId: Digest): string {
    return join(this.layers, hexOf(diffId));
  }

  unfinishedLayer(diffId: Digest): string {
    return join(this.temporary, `layer-${hexOf(diffId)}`);
  }

  container(id: string): string {
    return join(this.containers, id);
  }

  volume(name: string): string {
    return join(this.volumes, name, "_data");
  }
}
