import type { LintWarning } from "../../build/lint/linter.ts";
import type { BuildProgress, Vertex } from "../../engine/build/progress.ts";

/** Lines of output that are shown again when a step fails. */
const keptLines = 100;

/** Passes everything on, and keeps the end of what each step wrote. */
export class RecordedProgress implements BuildProgress {
  readonly #shown: BuildProgress;
  readonly #output = new Map<string, string>();

  constructor(shown: BuildProgress) {
    this.#shown = shown;
  }

  begin(name: string): Vertex {
    const vertex = this.#shown.begin(name);
    const decoder = new TextDecoder();
    return {
      ...vertex,
      output: (bytes) => {
        const text = (this.#output.get(name) ?? "") + decoder.decode(bytes, { stream: true });
        this.#output.set(name, text.slice(-200 * keptLines));
        vertex.output(bytes);
      },
    };
  }

  expect(count: number): void {
    this.#shown.expect(count);
  }

  warn(warning: LintWarning): void {
    this.#shown.warn(warning);
  }

  /** The last lines that a step wrote. */
  outputOf(name: string): string[] {
    const text = this.#output.get(name);
    return text ? text.trimEnd().split(/\r?\n/).slice(-keptLines) : [];
  }
}
