import type { BuildProgress } from "../../engine/build/progress.ts";

/** Shows a build to somebody. */
export interface BuildDisplay extends BuildProgress {
  /** The build is over, well or badly: nothing follows. */
  end(): void;
}
