import { DockerfileError, type Lines } from "../dockerfile-error.ts";
import { type CheckOptions, defaultCheckOptions, parseCheckOptions } from "./check-options.ts";
import { experimentalRules, type RuleName, rules } from "./rules.ts";

/** A rule of the linter that a Dockerfile does not keep. */
export interface LintWarning {
  readonly rule: RuleName;
  readonly detail: string;
  readonly lines: Lines;
}

/** Collects what the three passes find that is allowed and yet hardly meant, as far as it was not skipped. */
export class Linter {
  readonly #warnings: LintWarning[];
  /** Whether the person who builds has said what is checked, so that the Dockerfile does not. */
  readonly #isFixed: boolean;
  #options: CheckOptions;

  /** `fixed` is what BUILDKIT_DOCKERFILE_CHECK says. Throws DockerfileError. */
  constructor(fixed?: string, warnings: LintWarning[] = []) {
    this.#isFixed = fixed !== undefined;
    this.#options = fixed === undefined ? defaultCheckOptions : parseCheckOptions(fixed);
    this.#warnings = warnings;
  }

  get warnings(): readonly LintWarning[] {
    return this.#warnings;
  }

  /** Takes over the `check` directive of the Dockerfile. Throws DockerfileError. */
  configure(directive: string | undefined): void {
    if (directive !== undefined && !this.#isFixed) this.#options = parseCheckOptions(directive);
  }

  /** The linter for an instruction below these comments, in which a `check=…` may skip rules for it alone. */
  below(comments: readonly string[]): Linter {
    const [, text] = comments.map((line) => /^check\s*=\s*(\S+)/i.exec(line)).find((match) => match) ?? [];
    if (text === undefined) return this;
    const local = new Linter(undefined, this.#warnings);
    try {
      const { skip, experimental } = parseCheckOptions(text);
      const { error } = this.#options;
      local.#options = {
        skip: union(this.#options.skip, skip),
        experimental: union(this.#options.experimental, experimental),
        error,
      };
    } catch {
      return this;
    }
    return local;
  }

  warn<R extends RuleName>(rule: R, lines: Lines, ...words: Parameters<(typeof rules)[R]>): void {
    const { skip, experimental } = this.#options;
    const isChecked = experimentalRules.has(rule) ? has(experimental, rule) : !has(skip, rule);
    if (!isChecked) return;
    const say = rules[rule] as (...words: readonly string[]) => string;
    this.#warnings.push({ rule, detail: say(...words), lines });
  }

  /** Throws DockerfileError where warnings are errors (`error=true`). */
  finish(): void {
    const [first] = this.#warnings;
    if (!this.#options.error || first === undefined) return;
    const names = new Set(this.#warnings.map(({ rule }) => rule));
    throw new DockerfileError(`lint violation found for rules: ${[...names].join(", ")}`, first.lines);
  }
}

function has(chosen: ReadonlySet<string> | "all", rule: string): boolean {
  return chosen === "all" || chosen.has(rule);
}

function union(
  one: ReadonlySet<string> | "all",
  other: ReadonlySet<string> | "all",
): ReadonlySet<string> | "all" {
  return one === "all" || other === "all" ? "all" : one.union(other);
}
