import type { StoredLayer } from "../../image/add-layer.ts";
import type { StageFiles } from "./build-environment.ts";
import type { Vertex } from "./progress.ts";

/** A step that may change files: what decides its result, and how it is done when nobody has done it before. */
export interface StepWork {
  /** Everything that the Dockerfile and the command line say of it. */
  readonly definition: readonly unknown[];
  /** Digests of what it takes from elsewhere. */
  readonly inputs: readonly unknown[];
  /** Takes longer than `inputs` and says more exactly what is taken: an equal answer means an equal result, too. */
  content?(): Promise<string>;
  /** The layer, or undefined when nothing was changed. */
  perform(base: StageFiles, vertex: Vertex): Promise<StoredLayer | undefined>;
}
