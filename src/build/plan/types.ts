import type { ImageExecutionConfig, Platform } from "../../oci/types.ts";
import type { Lines } from "../dockerfile-error.ts";
import type { PatternList } from "../ignore/pattern-list.ts";
import type { RunMount } from "../instructions/run-mount.ts";
import type { Instruction } from "../instructions/types.ts";
import type { Linter } from "../lint/linter.ts";

/** A Dockerfile after the second pass. */
export interface Dockerfile {
  readonly instructions: readonly Instruction[];
  readonly escapeToken: string;
}

/** What a build was asked for, as far as planning goes. */
export interface PlanOptions {
  readonly target?: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly targetPlatform: Platform;
  readonly buildPlatform: Platform;
  /** `--build-context` by name, in lower case: an image, or undefined for files. */
  readonly contexts: ReadonlyMap<string, string | undefined>;
  /** Where to say what is hardly meant; nowhere, if it is undefined. */
  readonly linter?: Linter;
  /** The patterns of .dockerignore, for the linter. */
  readonly ignore?: PatternList;
}

/** Where files come from. */
export type Source =
  | { readonly kind: "context" }
  | { readonly kind: "stage"; readonly index: number }
  | { readonly kind: "image"; readonly reference: string; readonly platform?: string }
  | { readonly kind: "named"; readonly name: string };

export type StageBase = { readonly kind: "scratch" } | Exclude<Source, { kind: "context" }>;

/** A stage as far as it is known without its base image. */
export interface Stage {
  readonly index: number;
  readonly name?: string;
  /** In front of its steps: `[build 2/3]`. Empty when it is the only one. */
  readonly title: string;
  readonly base: StageBase;
  readonly lines: Lines;
  /** With the ONBUILD triggers of the base, once they are known, in front. */
  readonly instructions: readonly StageInstruction[];
}

export type StageInstruction = Instruction & { readonly fromTrigger?: boolean };

/** All stages, and those that the target needs, in the order of the file. */
export interface StageGraph {
  readonly stages: readonly Stage[];
  readonly target: number;
  readonly needed: readonly number[];
  /** ARGs before the first FROM, and the predefined ones. */
  readonly globalArgs: ReadonlyMap<string, string>;
  /** The character that escapes. */
  readonly escapeToken: string;
}

export interface StageArg {
  readonly name: string;
  readonly value?: string;
}

/** What the instructions of a stage have made so far: what the next one starts from. */
export interface StageState {
  readonly config: ImageExecutionConfig;
  readonly author?: string;
  /** ENV and ARG: what words are expanded with and RUN gets. */
  readonly variables: ReadonlyMap<string, string>;
  readonly args: readonly StageArg[];
  /** Whether there was a WORKDIR. */
  readonly hasWorkdir?: boolean;
}

interface StepCommon {
  readonly lines: Lines;
  /** For the history of the image. */
  readonly createdBy: string;
}

/** A step that makes a layer, if it changes files. */
interface FileStep extends StepCommon {
  /** `[build 2/3] RUN make` */
  readonly title: string;
}

/** The third pass: everything expanded, in order. */
export type Step =
  | (StepCommon & { readonly kind: "config" })
  | (FileStep & RunStep)
  | (FileStep & CopyStep)
  | (FileStep & { readonly kind: "workdir"; readonly path: string; readonly user: string });

export interface RunStep {
  readonly kind: "run";
  readonly args: readonly string[];
  /** `KEY=VALUE` */
  readonly env: readonly string[];
  readonly workdir: string;
  readonly user: string;
  readonly mounts: readonly PlannedMount[];
  readonly network: "default" | "none" | "host";
  /** A heredoc that names its own interpreter: mounted at `args[0]`. */
  readonly script?: string;
}

/** `target` is absolute; a bind or cache mount that comes from somewhere says from where. */
export interface PlannedMount extends Omit<RunMount, "from"> {
  readonly from?: Source;
}

export interface CopyStep {
  readonly kind: "copy";
  readonly from: Source;
  readonly sources: readonly CopySource[];
  /** Absolute; a slash at its end says directory. */
  readonly destination: string;
  readonly chown: string;
  readonly chmod?: ModeChange;
  readonly link: boolean;
  readonly parents: boolean;
  readonly exclude: readonly string[];
}

export type CopySource =
  | { readonly kind: "path"; readonly path: string; readonly unpack: boolean }
  | { readonly kind: "file"; readonly name: string; readonly content: string }
  | {
      readonly kind: "url";
      readonly url: string;
      readonly name: string;
      readonly checksum?: string;
      readonly unpack: boolean;
    }
  | {
      readonly kind: "git";
      readonly url: string;
      readonly checksum?: string;
      readonly keepGitDirectory: boolean;
    };

/** Permission bits, or clauses of chmod(1) in order. */
export type ModeChange = number | readonly ModeClause[];

export interface ModeClause {
  /** Bits of user, group and others that are meant: a mask over 0o7777. */
  readonly who: number;
  readonly operator: "+" | "-" | "=";
  /** Over 0o7777, within `who`. */
  readonly bits: number;
  /** `X`: execute, for directories and what somebody may execute already. */
  readonly conditionalExecute: boolean;
}

export interface PlannedStage {
  readonly steps: readonly Step[];
  readonly state: StageState;
}
