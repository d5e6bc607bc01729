import type { PartState, Vertex } from "../../engine/build/progress.ts";
import { escapeControl } from "../output/escape-control.ts";
import type { LintWarning } from "../../build/lint/linter.ts";
import { warningSummary } from "../build/lint-text.ts";
import type { BuildDisplay } from "./build-display.ts";
import { partSize } from "./part-text.ts";

/** What is told of one vertex, in order. */
interface Told {
  readonly number: number;
  readonly name: string;
  readonly begun: number;
  /** A line of output that has no end yet. */
  rest: string;
  /** Lines wait here while another vertex is being told of. */
  readonly waiting: string[];
  toldAt: number;
  over: boolean;
  /** When a part began, and was told of last. */
  readonly parts: Map<string, { readonly begun: number; toldAt: number }>;
}

/** After so many milliseconds without a word of one vertex, another one may speak. */
const patience = 2000;
/** A part that is not over is told of no more often. */
const partInterval = 5000;

/**
 * A build as BuildKit's plain progress: `#3 [2/2] RUN make`, its output with the seconds since its begin, its end. One
 * vertex is told of at a time; what others say meanwhile follows when it is over, or has said nothing for a while.
 */
export class BuildLines implements BuildDisplay {
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  readonly #open: Told[] = [];
  #current: Told | undefined;
  readonly #warnings: LintWarning[] = [];
  #count = 0;

  /** `now` in milliseconds. */
  constructor(write: (text: string) => void, now: () => number = () => performance.now()) {
    this.#write = write;
    this.#now = now;
  }

  expect(): void {}

  warn(warning: LintWarning): void {
    this.#warnings.push(warning);
  }

  end(): void {
    this.#write(warningSummary(this.#warnings, false));
  }

  begin(name: string): Vertex {
    const told: Told = {
      number: ++this.#count,
      name,
      begun: this.#now(),
      rest: "",
      waiting: [],
      toldAt: this.#now(),
      over: false,
      parts: new Map(),
    };
    this.#open.push(told);
    this.#tell(told, escapeControl(name));
    const decoder = new TextDecoder();
    const end = (text: string) => {
      if (told.over) return;
      if (told.rest !== "") this.#output(told, "\n");
      told.over = true;
      this.#tell(told, text);
    };
    return {
      output: (bytes) => this.#output(told, decoder.decode(bytes, { stream: true })),
      part: (name, state) => this.#part(told, name, state),
      done: () => end(`DONE ${this.#seconds(told)}s`),
      cached: () => end("CACHED"),
      failed: (message) => end(`ERROR: ${message}`),
      canceled: () => end("CANCELED"),
    };
  }

  #seconds({ begun }: Told, digits = 1): string {
    return ((this.#now() - begun) / 1000).toFixed(digits);
  }

  #output(told: Told, text: string): void {
    const lines = (told.rest + text).split(/\r?\n/);
    told.rest = lines.pop() ?? "";
    for (const line of lines) this.#tell(told, `${this.#seconds(told, 3)} ${line}`);
  }

  #part(told: Told, name: string, state: PartState): void {
    const now = this.#now();
    const known = told.parts.get(name);
    if (known !== undefined && !state.isOver && now - known.toldAt < partInterval) return;
    const part = known ?? { begun: now, toldAt: now };
    part.toldAt = now;
    told.parts.set(name, part);
    const seconds = (now - part.begun) / 1000;
    const fields = [
      escapeControl(name),
      partSize(state),
      seconds > 0.01 ? `${seconds.toFixed(1)}s` : "",
      state.isOver ? "done" : "",
    ];
    this.#tell(told, fields.filter((field) => field !== "").join(" "));
  }

  #tell(told: Told, line: string): void {
    told.waiting.push(`#${told.number} ${line}\n`);
    this.#flush();
  }

  #flush(): void {
    for (;;) {
      if (this.#current !== undefined) this.#interrupt(this.#current);
      this.#current ??= this.#open.find(({ waiting }) => waiting.length > 0);
      if (this.#current === undefined) return;
      const { waiting, over } = this.#current;
      if (waiting.length > 0) this.#current.toldAt = this.#now();
      this.#write(waiting.splice(0).join(""));
      if (!over) return;
      this.#write("\n");
      this.#open.splice(this.#open.indexOf(this.#current), 1);
      this.#current = undefined;
    }
  }

  /** Lets somebody else speak. */
  #interrupt(current: Told): void {
    const isSilent = current.waiting.length === 0 && this.#now() - current.toldAt > patience;
    if (!isSilent || !this.#open.some(({ waiting }) => waiting.length > 0)) return;
    this.#write(`#${current.number} ...\n\n`);
    this.#current = undefined;
  }
}
