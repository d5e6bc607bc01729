import { parsePlatform } from "../../oci/platform.ts";
import { atLines, DockerfileError } from "../dockerfile-error.ts";
import { readInstruction } from "../instructions/read-instruction.ts";
import { mountSource } from "../instructions/run-mount.ts";
import type { Instruction } from "../instructions/types.ts";
import { lintDefaultBases, lintFromArgs, lintPlatform } from "../lint/lint-from.ts";
import { lintNode, lintStages } from "../lint/lint-nodes.ts";
import { Linter } from "../lint/linter.ts";
import { expand } from "../shell/expand.ts";
import { didYouMean } from "../suggest.ts";
import { parseDockerfile } from "../syntax/parse-dockerfile.ts";
import { globalArgs } from "./global-args.ts";
import type {
  Dockerfile,
  PlanOptions,
  Source,
  Stage,
  StageBase,
  StageGraph,
  StageInstruction,
} from "./types.ts";

type Located<K extends Instruction["kind"]> = Extract<Instruction, { kind: K }>;

/** The first two passes. Throws DockerfileError, in BuildKit's words with the line. */
export function readDockerfile(text: string, linter = new Linter()): Dockerfile {
  try {
    const { nodes, escapeToken, directives, emptyContinuations } = parseDockerfile(text);
    linter.configure(directives.check);
    for (const { end } of emptyContinuations) linter.warn("NoEmptyContinuation", { start: end, end });
    const instructions = nodes.map((node) => {
      lintNode(node, linter.below(node.comments));
      return readInstruction(node);
    });
    return { instructions, escapeToken };
  } catch (error) {
    if (!(error instanceof DockerfileError) || error.lines === undefined) throw error;
    const message = `dockerfile parse error on line ${error.lines.start}: ${error.message}`;
    throw new DockerfileError(message, error.lines, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

/** Finds the stages of a Dockerfile, what each of them stands on, and which ones the target needs. Throws DockerfileError. */
export function planStages({ instructions, escapeToken }: Dockerfile, options: PlanOptions): StageGraph {
  const first = instructions.findIndex(({ kind }) => kind === "from");
  const before = first === -1 ? instructions : instructions.slice(0, first);
  const stray = before.find(({ kind }) => kind !== "arg");
  if (stray !== undefined) throw new DockerfileError("no build stage in current context", stray.lines);
  if (first === -1) throw new DockerfileError("dockerfile contains no stages to build");

  const parts = splitAtFrom(instructions.slice(first));
  const targetName = options.target ?? parts.at(-1)!.from.name ?? "";
  const args = globalArgs(before, options, targetName, escapeToken);
  const { linter } = options;
  if (linter !== undefined) {
    lintStages(instructions.slice(first), linter);
    const defaults = defaultArgs(before, options, targetName, escapeToken);
    const froms = parts.map(({ from }) => from);
    if (defaults !== undefined) lintDefaultBases(froms, defaults, escapeToken, linter);
  }
  const declared = before.flatMap((each) => (each.kind === "arg" ? each.args.map(({ name }) => name) : []));
  const stages: Stage[] = [];
  for (const { from, rest } of parts) {
    const index = stages.length;
    const { name, lines } = from;
    stages.push({
      index,
      ...(name === undefined ? {} : { name }),
      title: parts.length === 1 ? "" : (name ?? `stage-${index}`),
      base: atLines(lines, () => baseOf(from, stages, { values: args, declared, escapeToken }, options)),
      lines,
      instructions: rest,
    });
  }
  const target = targetIndex(stages, options.target);
  return withNeeded({ stages, target, needed: [], globalArgs: args, escapeToken }, options);
}

/** The values without any `--build-arg`; undefined where the Dockerfile demands one (`${TAG:?}`). */
function defaultArgs(...[before, options, ...rest]: Parameters<typeof globalArgs>) {
  try {
    return globalArgs(before, { ...options, buildArgs: {} }, ...rest);
  } catch (error) {
    if (error instanceof DockerfileError) return undefined;
    throw error;
  }
}

/** Puts what the base says by ONBUILD in front of a stage; that may make it need others. */
export function addTriggers(
  graph: StageGraph,
  index: number,
  expressions: readonly string[],
  options: PlanOptions,
): StageGraph {
  if (expressions.length === 0) return graph;
  const stage = graph.stages[index]!;
  const { lines } = stage;
  const triggers = expressions.map((expression): StageInstruction => {
    const { nodes } = atLines(lines, () => parseDockerfile(expression));
    if (nodes.length !== 1) throw new DockerfileError("onbuild trigger should be a single expression", lines);
    return { ...readInstruction({ ...nodes[0]!, lines }), fromTrigger: true };
  });
  const changed = { ...stage, instructions: [...triggers, ...stage.instructions] };
  return withNeeded({ ...graph, stages: graph.stages.with(index, changed) }, options);
}

/** Everything that a stage takes files from, the base included. */
export function sourcesOf(stage: Stage, graph: StageGraph, options: PlanOptions): Source[] {
  const sources: Source[] = stage.base.kind === "scratch" ? [] : [stage.base];
  for (const instruction of stage.instructions) {
    const { lines } = instruction;
    const named =
      instruction.kind === "copy" && instruction.from !== undefined
        ? [checkedFrom(instruction.from, lines)]
        : instruction.kind === "run"
          ? instruction.mounts.map(mountSource).filter((from) => from !== "")
          : [];
    for (const from of named)
      sources.push(atLines(lines, () => resolveSource(from, stage.index, graph.stages, options)));
  }
  return sources;
}

function checkedFrom(from: string, lines: Stage["lines"]): string {
  const { text } = atLines(lines, () => expand(from, () => undefined));
  if (text !== from)
    throw new DockerfileError(
      "variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround",
      lines,
    );
  return from;
}

/** What `--from` and `from=` name: a context, a stage above by name or number, or an image. */
export function resolveSource(
  from: string,
  stage: number,
  stages: readonly Stage[],
  options: PlanOptions,
): Source {
  const name = from.toLowerCase();
  if (options.contexts.has(name)) return contextNamed(name, options);
  const found = /^\d+$/.test(from)
    ? stages[Number(from)]?.index
    : (stages.findLast((other) => other.name === name && other.index < stage)?.index ??
      stages.find((other) => other.name === name)?.index);
  if (found === undefined) {
    if (/^\d+$/.test(from)) throw new DockerfileError(`invalid stage index ${from}`);
    return { kind: "image", reference: from };
  }
  if (found === stage)
    throw new DockerfileError(`circular dependency detected on stage: ${stages[stage]!.name ?? found}`);
  if (found > stage)
    throw new DockerfileError(
      `cannot copy from stage ${JSON.stringify(from)}, it needs to be defined before current stage ${JSON.stringify(stages[stage]!.name ?? `stage-${stage}`)}`,
    );
  return { kind: "stage", index: found };
}

function contextNamed(
  name: string,
  { contexts }: Pick<PlanOptions, "contexts">,
): Extract<Source, { kind: "named" | "image" }> {
  const reference = contexts.get(name);
  return reference === undefined ? { kind: "named", name } : { kind: "image", reference };
}

interface StageText {
  readonly from: Located<"from">;
  readonly rest: readonly Instruction[];
}

function splitAtFrom(instructions: readonly Instruction[]): StageText[] {
  const parts: { from: Located<"from">; rest: Instruction[] }[] = [];
  for (const instruction of instructions) {
    if (instruction.kind === "from") parts.push({ from: instruction, rest: [] });
    else parts.at(-1)!.rest.push(instruction);
  }
  return parts;
}

/** What is known at a FROM: values, and names that may have none. */
interface GlobalArgs {
  readonly values: ReadonlyMap<string, string>;
  readonly declared: readonly string[];
  readonly escapeToken: string;
}

function baseOf(
  from: Located<"from">,
  stages: readonly Stage[],
  { values: args, declared, escapeToken }: GlobalArgs,
  { contexts, linter: whole }: PlanOptions,
): StageBase {
  const linter = whole?.below(from.comments);
  const resolve = (word: string) => {
    const expansion = expand(word, (name) => args.get(name), { escapeToken });
    if (linter !== undefined) lintFromArgs(expansion, [...args.keys(), ...declared], from.lines, linter);
    return expansion;
  };
  const { text: image } = resolve(from.image);
  if (image === "") throw new DockerfileError(`base name (${from.image}) should not be blank`);
  const platform = from.platform === undefined ? undefined : resolve(from.platform);
  if (platform?.text === "") {
    const [unset = ""] = platform.unmatched;
    throw new DockerfileError(
      `empty platform value from expression ${from.platform}${didYouMean(unset, [...args.keys()])}`,
    );
  }
  if (platform !== undefined) {
    checkPlatform(platform.text, from.platform!);
    if (linter !== undefined) lintPlatform(from, platform, args.get("TARGETPLATFORM"), linter);
  }
  const context = [from.name, image.toLowerCase()].find((name) => name !== undefined && contexts.has(name));
  if (context !== undefined) return contextNamed(context, { contexts });
  const stage = stages.findLast(({ name }) => name === image.toLowerCase());
  if (stage !== undefined) return { kind: "stage", index: stage.index };
  if (image === "scratch") return { kind: "scratch" };
  return {
    kind: "image",
    reference: image,
    ...(platform === undefined ? {} : { platform: platform.text }),
  };
}

function checkPlatform(text: string, written: string): void {
  try {
    parsePlatform(text);
  } catch (cause) {
    throw new DockerfileError(`failed to parse platform ${written}: ${(cause as Error).message}`, undefined, {
      cause,
    });
  }
}

function targetIndex(stages: readonly Stage[], target: string | undefined): number {
  if (target === undefined) return stages.length - 1;
  const name = target.toLowerCase();
  const found = stages.findLast((stage) => stage.name === name || String(stage.index) === name);
  if (found !== undefined) return found.index;
  const names = stages.flatMap((stage) => stage.name ?? []);
  throw new DockerfileError(
    `target stage ${JSON.stringify(target)} could not be found${didYouMean(target, names)}`,
  );
}

function withNeeded(graph: StageGraph, options: PlanOptions): StageGraph {
  const needed = new Set<number>();
  const open = [graph.target];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (needed.has(index)) continue;
    needed.add(index);
    for (const source of sourcesOf(graph.stages[index]!, graph, options))
      if (source.kind === "stage") open.push(source.index);
  }
  return { ...graph, needed: [...needed].sort((a, b) => a - b) };
}
