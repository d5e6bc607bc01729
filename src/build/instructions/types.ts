import type { Healthcheck } from "../../oci/types.ts";
import type { Lines } from "../dockerfile-error.ts";
import type { NamedValue } from "../syntax/types.ts";

/** What every instruction knows of where it stands. */
export interface Located {
  /** The logical line, trimmed. */
  readonly source: string;
  readonly lines: Lines;
  /** Right above it. */
  readonly comments: readonly string[];
}

/** The second pass: typed, checked by itself, words not expanded yet. */
export type Instruction = Located &
  (
    | FromInstruction
    | RunInstruction
    | CopyInstruction
    | { readonly kind: "env"; readonly pairs: readonly NamedValue[] }
    | { readonly kind: "label"; readonly pairs: readonly NamedValue[] }
    | { readonly kind: "arg"; readonly args: readonly DeclaredArg[] }
    | { readonly kind: "expose"; readonly ports: readonly string[] }
    | ({ readonly kind: "cmd" | "entrypoint" } & CommandLine)
    | { readonly kind: "workdir"; readonly path: string }
    | { readonly kind: "user"; readonly user: string }
    | { readonly kind: "volume"; readonly paths: readonly string[] }
    | { readonly kind: "healthcheck"; readonly check: Healthcheck }
    | { readonly kind: "shell"; readonly shell: readonly string[] }
    | { readonly kind: "stopsignal"; readonly signal: string }
    | { readonly kind: "onbuild"; readonly expression: string }
    | { readonly kind: "maintainer"; readonly name: string }
  );

export interface FromInstruction {
  readonly kind: "from";
  readonly image: string;
  /** Lower case, as stages are compared. */
  readonly name?: string;
  readonly platform?: string;
}

export interface DeclaredArg {
  readonly name: string;
  readonly value?: string;
}

export interface CommandLine {
  readonly words: readonly string[];
  /** Not written as JSON: for the stage's shell. */
  readonly shell: boolean;
}

export interface RunInstruction extends CommandLine {
  readonly kind: "run";
  readonly heredocs: readonly InlineFile[];
  /** `--mount` as written; they are read with variables expanded. */
  readonly mounts: readonly string[];
  readonly network: "default" | "none" | "host";
}

/** A heredoc. `expands`: its name was not quoted. */
export interface InlineFile {
  readonly name: string;
  readonly content: string;
  readonly expands: boolean;
  /** `<<-`; the leading tabs are still there. */
  readonly chomps: boolean;
}

/** COPY and ADD. */
export interface CopyInstruction {
  readonly kind: "copy" | "add";
  readonly sources: readonly string[];
  readonly files: readonly InlineFile[];
  readonly destination: string;
  /** COPY only: a stage, an image or a named context. */
  readonly from?: string;
  readonly chown: string;
  readonly chmod: string;
  readonly link: boolean;
  readonly parents: boolean;
  readonly exclude: readonly string[];
  /** ADD only. */
  readonly checksum: string;
  readonly unpack?: boolean;
  readonly keepGitDirectory?: boolean;
}
