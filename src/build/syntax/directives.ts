import { DockerfileError } from "../dockerfile-error.ts";
import type { DirectiveName } from "./types.ts";
import { trim } from "./whitespace.ts";

const names: readonly string[] = ["syntax", "escape", "check"] satisfies DirectiveName[];

/** `# name=value` comments at the very top; the first line that is none ends them. */
export class Directives {
  escapeToken = "\\";
  readonly values: Partial<Record<DirectiveName, string>> = {};
  #over = false;

  /** Whether the line (without leading blanks) is a directive. Throws for one that is given twice or has a wrong value. */
  read(line: string): boolean {
    if (this.#over) return false;
    const [, given = "", rest = ""] = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=(.*)$/.exec(line) ?? [];
    const name = given.toLowerCase();
    const value = trim(rest);
    if (!names.includes(name) || value === "") {
      this.#over = true;
      return false;
    }
    const known = name as DirectiveName;
    if (this.values[known] !== undefined)
      throw new DockerfileError(`only one ${known} parser directive can be used`);
    if (known === "escape") {
      if (value !== "\\" && value !== "`")
        throw new DockerfileError(`invalid escape token '${value}' does not match \` or \\`);
      this.escapeToken = value;
    }
    this.values[known] = value;
    return true;
  }
}
