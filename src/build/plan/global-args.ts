import { formatPlatform } from "../../oci/platform.ts";
import { atLines } from "../dockerfile-error.ts";
import type { Instruction } from "../instructions/types.ts";
import { expand } from "../shell/expand.ts";
import type { PlanOptions } from "./types.ts";

/** ARGs that are there without being declared, before the first FROM; a stage has to declare them. */
function predefined({ buildPlatform, targetPlatform }: PlanOptions, target: string): Map<string, string> {
  return new Map([
    ["BUILDPLATFORM", formatPlatform(buildPlatform)],
    ["BUILDOS", buildPlatform.os],
    ["BUILDOSVERSION", buildPlatform["os.version"] ?? ""],
    ["BUILDARCH", buildPlatform.architecture],
    ["BUILDVARIANT", buildPlatform.variant ?? ""],
    ["TARGETPLATFORM", formatPlatform(targetPlatform)],
    ["TARGETOS", targetPlatform.os],
    ["TARGETOSVERSION", targetPlatform["os.version"] ?? ""],
    ["TARGETARCH", targetPlatform.architecture],
    ["TARGETVARIANT", targetPlatform.variant ?? ""],
    ["TARGETSTAGE", target === "" ? "default" : target],
  ]);
}

/** The values of all ARGs before the first FROM; `--build-arg` wins over what the Dockerfile says. */
export function globalArgs(
  instructions: readonly Instruction[],
  options: PlanOptions,
  target: string,
  escapeToken: string,
): Map<string, string> {
  const { buildArgs } = options;
  const values = predefined(options, target);
  for (const name of values.keys()) if (Object.hasOwn(buildArgs, name)) values.set(name, buildArgs[name]!);
  for (const instruction of instructions) {
    if (instruction.kind !== "arg") continue;
    for (const { name, value } of instruction.args) {
      const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined;
      if (given !== undefined) values.set(name, given);
      else if (value !== undefined)
        values.set(
          name,
          atLines(instruction.lines, () => expand(value, (other) => values.get(other), { escapeToken }).text),
        );
    }
  }
  return values;
}
