import { DockerfileError } from "../../build/dockerfile-error.ts";
import type { RunStep } from "../../build/plan/types.ts";
import type { GrownTree } from "../../snapshot/types.ts";
import type { SettledMount } from "../container-record.ts";
import type { BuildEnvironment, StageFiles } from "./build-environment.ts";

/** What a RUN sees besides its root. */
export interface PreparedMounts {
  readonly definition: unknown;
  readonly inputs: readonly unknown[];
  mount(base: StageFiles): Promise<Mounted>;
}

export interface Mounted extends AsyncDisposable {
  readonly mounts: readonly SettledMount[];
  readonly env: readonly string[];
  /** Removes the empty files and directories that the mounts stood on. */
  removeTraces(grown: GrownTree): Promise<void>;
}

export class RunMounts {
  constructor(readonly build: BuildEnvironment) {}

  async prepare(step: RunStep): Promise<PreparedMounts> {
    if (step.mounts.length > 0 || step.script !== undefined)
      throw new DockerfileError("RUN --mount is not supported yet");
    return {
      definition: [],
      inputs: [],
      mount: async () => ({
        mounts: [],
        env: [],
        removeTraces: async () => {},
        [Symbol.asyncDispose]: async () => {},
      }),
    };
  }
}
