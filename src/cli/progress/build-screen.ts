import type { Vertex } from "../../engine/build/progress.ts";
import type { Output } from "../host.ts";
import type { LintWarning } from "../../build/lint/linter.ts";
import { warningSummary } from "../build/lint-text.ts";
import type { BuildDisplay } from "./build-display.ts";
import { type BuildJob, buildFrame } from "./build-frame.ts";
import { OutputTail } from "./output-tail.ts";

/** Lines of output under a step that runs. */
const tailLines = 6;
/** The screen is drawn no more often, and at least as often, for the seconds to go on. */
const shortest = 100;
const longest = 150;

export interface ScreenOptions {
  readonly color: boolean;
  readonly now?: () => number;
}

/**
 * A build on a terminal, drawn anew in place. Every frame is one write which ends below the last line with the cursor
 * visible, so whatever ends the program leaves a clean terminal.
 */
export class BuildScreen implements BuildDisplay {
  readonly #output: Output;
  readonly #color: boolean;
  readonly #now: () => number;
  readonly #begun: number;
  readonly #timer: Timer;
  readonly #jobs: BuildJob[] = [];
  readonly #warnings: LintWarning[] = [];
  #expected = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #height = 0;

  constructor(output: Output, { color, now = () => performance.now() }: ScreenOptions) {
    this.#output = output;
    this.#color = color;
    this.#now = now;
    this.#begun = now();
    this.#timer = setInterval(() => this.#draw(), longest);
  }

  expect(count: number): void {
    this.#expected = this.#jobs.length + count;
  }

  begin(name: string): Vertex {
    const tail = new OutputTail(tailLines);
    const job: BuildJob = { name, begun: this.#now(), state: "running", parts: new Map(), tail };
    this.#jobs.push(job);
    this.#changed();
    const end = (state: BuildJob["state"]) => () => {
      if (job.state !== "running") return;
      job.state = state;
      job.ended = this.#now();
      this.#changed();
    };
    return {
      output: (bytes) => {
        tail.write(bytes);
        this.#changed();
      },
      part: (part, state) => {
        const { begun } = job.parts.get(part) ?? { begun: this.#now() };
        job.parts.set(part, { begun, state, ...(state.isOver ? { ended: this.#now() } : {}) });
        this.#changed();
      },
      done: end("done"),
      cached: end("cached"),
      failed: end("failed"),
      canceled: end("canceled"),
    };
  }

  /** Draws everything once more, and nothing afterwards. */
  end(): void {
    clearInterval(this.#timer);
    this.#expected = this.#jobs.length;
    this.#draw(true);
    this.#output.write(warningSummary(this.#warnings, this.#color));
  }

  warn(warning: LintWarning): void {
    this.#warnings.push(warning);
  }

  #changed(): void {
    if (this.#now() - this.#drawnAt >= shortest) this.#draw();
  }

  #draw(isLast = false): void {
    const now = this.#now();
    this.#drawnAt = now;
    const total = Math.max(this.#expected, this.#jobs.length);
    const { columns = 80, rows = 10 } = this.#output;
    const view = { jobs: this.#jobs, total, begun: this.#begun, now, isLast };
    const lines = buildFrame(view, { columns, rows, color: this.#color });
    const up = this.#height > 0 ? `\u001b[${this.#height}A` : "";
    this.#height = lines.length;
    const text = lines.map((line) => `\u001b[2K${line}\n`).join("");
    this.#output.write(`\u001b[?25l${up}\r${text}\u001b[J\u001b[?25h`);
  }
}
