import { hostPlatform } from "../oci/platform.ts";
import type { ImageExecutionConfig } from "../oci/types.ts";
import { DockerfileError } from "./dockerfile-error.ts";
import { readInstruction } from "./instructions/read-instruction.ts";
import { planStage } from "./plan/plan-stage.ts";
import type { Stage, StageInstruction } from "./plan/types.ts";
import { parseDockerfile } from "./syntax/parse-dockerfile.ts";

/** The instructions that `--change` may be (moby builder/dockerfile/builder.go, validCommitCommands). */
const allowed = new Set(
  "CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL ONBUILD STOPSIGNAL USER VOLUME WORKDIR".split(" "),
);

/**
 * What a container of an image does by default, after the Dockerfile instructions of `commit --change` or `import
 * --change`, which are read and applied like those of a build stage. Throws `invalid-argument`.
 */
export function changedConfig(
  config: ImageExecutionConfig,
  changes: readonly string[],
): ImageExecutionConfig {
  const stage: Stage = {
    index: 0,
    title: "",
    base: { kind: "scratch" },
    lines: { start: 1, end: 1 },
    instructions: changes.flatMap(instructionsOf),
  };
  const platform = hostPlatform();
  const { state } = planStage(
    { stages: [stage], target: 0, needed: [0], globalArgs: new Map(), escapeToken: "\\" },
    stage,
    { config, variables: new Map((config.Env ?? []).map(variable)), args: [] },
    { buildArgs: {}, targetPlatform: platform, buildPlatform: platform, contexts: new Map() },
  );
  const { ArgsEscaped: _, ...changed } = state.config; // BuildKit's mark, which commit does not make
  return changed;
}

function instructionsOf(change: string): StageInstruction[] {
  return parseDockerfile(change).nodes.map((node) => {
    if (!allowed.has(node.keyword.toUpperCase()))
      throw new DockerfileError(`${node.keyword} is not a valid change command`);
    return readInstruction(node);
  });
}

function variable(entry: string): [name: string, value: string] {
  const [name = "", ...value] = entry.split("=");
  return [name, value.join("=")];
}
