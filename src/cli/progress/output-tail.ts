import { escapeControl } from "../output/escape-control.ts";

/** No line of a program is kept longer than any terminal shows it. */
const maximumLine = 4096;

/**
 * The last lines that a program wrote, as text for one line of a terminal each: without its colours, and of what it wrote
 * over itself by carriage returns only the last.
 */
export class OutputTail {
  readonly #decoder = new TextDecoder();
  readonly #size: number;
  #lines: string[] = [];
  #rest = "";

  constructor(size: number) {
    this.#size = size;
  }

  write(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop()!.slice(-maximumLine);
    const visible = lines.slice(-this.#size * 2).map(shown);
    this.#lines = [...this.#lines, ...visible].filter((line) => line !== "").slice(-this.#size);
  }

  get lines(): readonly string[] {
    const rest = shown(this.#rest);
    return rest === "" ? this.#lines : [...this.#lines, rest].slice(-this.#size);
  }
}

function shown(line: string): string {
  const last = line.split("\r").findLast((part) => part !== "") ?? "";
  return escapeControl(Bun.stripANSI(last).replaceAll("\t", "  ")).trimEnd();
}
