import type { Lines } from "../dockerfile-error.ts";

/** A Dockerfile as written: the first of the three passes. Nothing is expanded, no instruction is known to be one. */
export interface DockerfileSyntax {
  readonly nodes: readonly DockerfileNode[];
  /** The character that escapes and continues lines. */
  readonly escapeToken: string;
  /** Values of the `check` and `syntax` directives. */
  readonly directives: Readonly<Partial<Record<DirectiveName, string>>>;
  /** Where a blank line stands inside a continued one. */
  readonly emptyContinuations: readonly Lines[];
}

export type DirectiveName = "syntax" | "escape" | "check";

export interface DockerfileNode {
  /** As written; instructions are compared without regard to case. */
  readonly keyword: string;
  /** `--name` and `--name=value` before the arguments, quotes and escapes resolved. */
  readonly flags: readonly string[];
  readonly body: NodeBody;
  readonly heredocs: readonly Heredoc[];
  /** The logical line: continuations joined, comments left out. */
  readonly text: string;
  readonly lines: Lines;
  /** The comment right above. */
  readonly comments: readonly string[];
}

export type NodeBody =
  | { readonly kind: "words"; readonly words: readonly string[]; readonly json: boolean }
  | { readonly kind: "pairs"; readonly pairs: readonly NamedValue[] }
  /** ONBUILD; undefined when nothing follows. */
  | { readonly kind: "trigger"; readonly node: DockerfileNode | undefined };

export interface NamedValue {
  readonly name: string;
  readonly value: string;
  /** `NAME=value`, not the old `NAME value`. */
  readonly equals: boolean;
}

export interface HeredocMark {
  readonly name: string;
  /** The name was not quoted, so variables in the content count. */
  readonly expands: boolean;
  /** `<<-`: leading tabs go. */
  readonly chomps: boolean;
}

export interface Heredoc extends HeredocMark {
  readonly content: string;
}
