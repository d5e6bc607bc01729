import { posix } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { parseSignal } from "../../base/parse-signal.ts";
import type { ImageExecutionConfig } from "../../oci/types.ts";
import { atLines, DockerfileError, type Lines } from "../dockerfile-error.ts";
import type { DeclaredArg, Instruction } from "../instructions/types.ts";
import { lintCopy } from "../lint/lint-copy.ts";
import { type LastOfKind, lintInstruction, lintPort } from "../lint/lint-instruction.ts";
import type { Linter } from "../lint/linter.ts";
import { type ExpandOptions, type Expansion, expand } from "../shell/expand.ts";
import { didYouMean } from "../suggest.ts";
import { trim } from "../syntax/whitespace.ts";
import { planCopy } from "./plan-copy.ts";
import { planMounts } from "./plan-mounts.ts";
import { exposedPorts } from "./ports.ts";
import { goHealthcheck, goList, goQuotedList } from "./history-text.ts";
import { runCommand } from "./run-command.ts";
import { resolveSource } from "./stage-graph.ts";
import { withVariable } from "./stage-state.ts";
import { isNumberedBase, stepPrefix } from "./stage-steps.ts";
import type {
  PlannedStage,
  PlanOptions,
  Stage,
  StageArg,
  StageGraph,
  StageInstruction,
  StageState,
  Step,
} from "./types.ts";

/**
 * The third pass, for one stage: every instruction with its words expanded, as a step or as a change of the image's
 * configuration. `start` is what the base left. Pure. Throws DockerfileError with the lines.
 */
export function planStage(
  graph: StageGraph,
  stage: Stage,
  start: StageState,
  options: PlanOptions,
): PlannedStage {
  const planner = new StagePlanner(graph, stage, start, options);
  for (const instruction of stage.instructions) atLines(instruction.lines, () => planner.add(instruction));
  return planner.result();
}

function checkSignal(text: string): void {
  try {
    parseSignal(text);
  } catch (cause) {
    throw new DockerfileError(messageOf(cause), undefined, { cause });
  }
}

class StagePlanner {
  readonly #graph: StageGraph;
  readonly #stage: Stage;
  readonly #options: PlanOptions;
  readonly #steps: Step[] = [];
  readonly #variables: Map<string, string>;
  readonly #args: StageArg[];
  #config: ImageExecutionConfig;
  #author: string | undefined;
  #position: number;
  #hasWorkdir: boolean;
  #commandIsSet = false;
  /** Of the instruction that is being planned. */
  #lines: Lines;
  #linter: Linter | undefined;
  readonly #last: LastOfKind = new Map();

  constructor(graph: StageGraph, stage: Stage, start: StageState, options: PlanOptions) {
    this.#graph = graph;
    this.#stage = stage;
    this.#options = options;
    this.#variables = new Map(start.variables);
    this.#args = [...start.args];
    this.#config = start.config;
    this.#author = start.author;
    this.#hasWorkdir = start.hasWorkdir ?? false;
    this.#lines = stage.lines;
    this.#position = isNumberedBase(stage) ? 1 : 0;
  }

  result(): PlannedStage {
    const author = this.#author;
    return {
      steps: this.#steps,
      state: {
        config: this.#config,
        ...(author === undefined ? {} : { author }),
        variables: this.#variables,
        args: this.#args,
        hasWorkdir: this.#hasWorkdir,
      },
    };
  }

  add(instruction: StageInstruction): void {
    const { lines } = instruction;
    this.#lines = lines;
    this.#linter = this.#options.linter?.below(instruction.comments);
    if (this.#linter !== undefined) {
      const shell = (this.#config.Shell ?? []).length > 0;
      lintInstruction(instruction, { last: this.#last, shell }, this.#linter);
    }
    const change = (config: ImageExecutionConfig, createdBy: string) => {
      this.#config = { ...this.#config, ...config };
      this.#steps.push({ kind: "config", lines, createdBy });
    };
    switch (instruction.kind) {
      case "from":
        throw new DockerfileError("FROM cannot stand inside a stage");
      case "env":
        this.#env(instruction, change);
        return;
      case "label": {
        const pairs = instruction.pairs.map(
          ({ name, value }) => [this.#word(name), this.#word(value)] as const,
        );
        const labels = { ...this.#config.Labels, ...Object.fromEntries(pairs) };
        change({ Labels: labels }, ["LABEL", ...pairs.map(([name, value]) => `${name}=${value}`)].join(" "));
        return;
      }
      case "arg":
        change({}, `ARG ${instruction.args.map((arg) => this.#declare(arg)).join(" ")}`);
        return;
      case "run":
        this.#run(instruction);
        return;
      case "copy":
      case "add":
        this.#copy(instruction);
        return;
      case "workdir":
        this.#changeDirectory(instruction);
        return;
      case "cmd": {
        const args = this.#commandLine(instruction);
        this.#commandIsSet = true;
        change({ Cmd: args, ArgsEscaped: true }, `CMD ${goQuotedList(args)}`);
        return;
      }
      case "entrypoint": {
        const args = this.#commandLine(instruction);
        if (!this.#commandIsSet) {
          const { Cmd: _, ...rest } = this.#config;
          this.#config = rest;
        }
        change({ Entrypoint: args }, `ENTRYPOINT ${goQuotedList(args)}`);
        return;
      }
      case "expose": {
        const given = instruction.ports.flatMap((port) => this.#words(port));
        for (const port of given) if (this.#linter) lintPort(port, lines, this.#linter);
        const ports = given.flatMap(exposedPorts);
        const added = Object.fromEntries(ports.map((port) => [port, {}]));
        change({ ExposedPorts: { ...this.#config.ExposedPorts, ...added } }, `EXPOSE ${goList(ports)}`);
        return;
      }
      case "user": {
        const user = this.#word(instruction.user);
        change({ User: user }, `USER ${user}`);
        return;
      }
      case "volume": {
        const paths = instruction.paths.map((path) => this.#word(path));
        if (paths.includes("")) throw new DockerfileError("VOLUME specified can not be an empty string");
        const added = Object.fromEntries(paths.map((path) => [path, {}]));
        change({ Volumes: { ...this.#config.Volumes, ...added } }, `VOLUME ${goList(paths)}`);
        return;
      }
      case "healthcheck":
        change({ Healthcheck: instruction.check }, `HEALTHCHECK ${goHealthcheck(instruction.check)}`);
        return;
      case "shell":
        change({ Shell: instruction.shell }, `SHELL ${goList(instruction.shell)}`);
        return;
      case "stopsignal": {
        const signal = this.#word(instruction.signal);
        checkSignal(signal);
        change({ StopSignal: signal }, `STOPSIGNAL ${signal}`);
        return;
      }
      case "onbuild":
        // No step: an image keeps it for whoever builds on it.
        this.#config = {
          ...this.#config,
          OnBuild: [...(this.#config.OnBuild ?? []), instruction.expression],
        };
        return;
      case "maintainer":
        this.#author = instruction.name;
        change({}, `MAINTAINER ${instruction.name}`);
        return;
      default:
        instruction satisfies never;
    }
  }

  #env(
    { pairs }: Extract<Instruction, { kind: "env" }>,
    change: (config: ImageExecutionConfig, createdBy: string) => void,
  ): void {
    // All of them are expanded with what was there before.
    const set = pairs.map(({ name, value }) => [this.#word(name), this.#word(value)] as const);
    let environment = this.#config.Env ?? [];
    for (const [name, value] of set) {
      this.#variables.set(name, value);
      environment = withVariable(environment, name, value);
    }
    change({ Env: environment }, ["ENV", ...set.map(([name, value]) => `${name}=${value}`)].join(" "));
  }

  #copy(instruction: StageInstruction & { kind: "copy" | "add" }): void {
    const { lines, kind } = instruction;
    const step = planCopy(instruction, {
      word: (text) => this.#word(text),
      content: (text) => this.#word(text, { plainQuotes: true, escapeToken: "\\" }),
      workdir: this.#workdir,
      from: (name) => this.#source(name),
    });
    const { ignore } = this.#options;
    if (this.#linter !== undefined && ignore !== undefined)
      lintCopy(step, kind === "add" ? "Add" : "Copy", { ignore, lines, linter: this.#linter });
    this.#steps.push({ ...step, lines, title: this.#title(instruction) });
  }

  /** ARG: what was given on the command line, else the default, else what was said before the first FROM. */
  #declare({ name, value }: DeclaredArg): string {
    const { buildArgs } = this.#options;
    const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined;
    const settled = given ?? (value === undefined ? this.#graph.globalArgs.get(name) : this.#word(value));
    this.#args.push(settled === undefined ? { name } : { name, value: settled });
    if (settled !== undefined) this.#variables.set(name, settled);
    return settled === undefined ? name : `${name}=${settled}`;
  }

  #run(run: StageInstruction & { kind: "run" }): void {
    const { args, script, summary } = runCommand(run, this.#shell);
    const mounts = planMounts(run.mounts, {
      word: (text) => this.#word(text),
      workdir: this.#workdir,
      from: (name) => this.#source(name),
    });
    this.#steps.push({
      kind: "run",
      lines: run.lines,
      title: this.#title(run, summary),
      createdBy: `RUN ${[...this.#argList(), ...args].join(" ")} # buildkit`,
      args,
      env: [...this.#variables].map(([name, value]) => `${name}=${value}`),
      workdir: this.#workdir,
      user: this.#config.User ?? "",
      mounts,
      network: run.network,
      ...(script === undefined ? {} : { script }),
    });
  }

  /** `|2 A=1 B=2` when there are ARGs. */
  #argList(): string[] {
    const values = new Map(this.#args.map(({ name, value }) => [name, value ?? ""]));
    for (const name of values.keys()) {
      const value = this.#variables.get(name);
      if (value !== undefined) values.set(name, value);
    }
    if (values.size === 0) return [];
    return [`|${values.size}`, ...[...values].map(([name, value]) => `${name}=${value}`)];
  }

  #changeDirectory(instruction: StageInstruction & { kind: "workdir" }): void {
    const given = this.#word(instruction.path);
    if (!this.#hasWorkdir && !given.startsWith("/"))
      this.#linter?.warn("WorkdirRelativePath", instruction.lines, given);
    this.#hasWorkdir = true;
    const path = posix.resolve(this.#workdir, given);
    this.#config = { ...this.#config, WorkingDir: path };
    const createdBy = `WORKDIR ${path}`;
    const { lines } = instruction;
    const title = this.#title(instruction);
    if (path === "/") this.#steps.push({ kind: "config", lines, createdBy });
    else this.#steps.push({ kind: "workdir", lines, title, createdBy, path, user: this.#config.User ?? "" });
  }

  #commandLine({ words, shell }: { words: readonly string[]; shell: boolean }): readonly string[] {
    return shell ? [...this.#shell, words.join(" ")] : words;
  }

  get #shell(): readonly string[] {
    const { Shell } = this.#config;
    return Shell && Shell.length > 0 ? Shell : ["/bin/sh", "-c"];
  }

  get #workdir(): string {
    return posix.resolve("/", this.#config.WorkingDir ?? "");
  }

  #source(name: string) {
    return resolveSource(name, this.#stage.index, this.#graph.stages, this.#options);
  }

  /** `[build 2/3] RUN make`, as far as words can be expanded for show. */
  #title(instruction: StageInstruction, summary = ""): string {
    this.#position++;
    const source = trim(instruction.source) + summary;
    const raw = instruction.kind === "run" ? { rawQuotes: true, keepUnset: true } : {};
    let shown: string;
    try {
      shown = this.#expand(source, raw).text;
    } catch {
      shown = source;
    }
    const words = shown.replace(/^\S+/, (keyword) => keyword.toUpperCase());
    return `${stepPrefix(this.#stage, this.#position)}${instruction.fromTrigger ? "ONBUILD " : ""}${words}`;
  }

  /** A word of the instruction that is being planned. */
  #word(text: string, options: ExpandOptions = {}): string {
    const { text: expanded, unmatched } = this.#expand(text, options);
    for (const name of unmatched) {
      if (this.#args.some((arg) => arg.name === name)) continue;
      const suggestion = didYouMean(name, [...this.#variables.keys()]);
      this.#linter?.warn("UndefinedVar", this.#lines, name, suggestion);
    }
    return expanded;
  }

  #words(text: string): readonly string[] {
    return this.#expand(text, {}).words;
  }

  #expand(text: string, options: ExpandOptions): Expansion {
    const { escapeToken } = this.#graph;
    return expand(text, (name) => this.#variables.get(name), { escapeToken, ...options });
  }
}
