import type { PartState, Vertex } from "../../engine/build/progress.ts";
import type { LintWarning } from "../../build/lint/linter.ts";
import { ruleUrl } from "../../build/lint/rules.ts";
import { shortWarning } from "../build/lint-text.ts";
import type { BuildDisplay } from "./build-display.ts";

/**
 * A build as `--progress=rawjson` tells it to programs: one JSON object per event and line, with the fields of BuildKit's
 * SolveStatus (client/graph.go): `vertexes`, `statuses`, `logs`.
 */
export class BuildEvents implements BuildDisplay {
  readonly #write: (text: string) => void;
  readonly #now: () => Date;
  #count = 0;
  /** The vertex that has read the Dockerfile. */
  #first: string | undefined;

  constructor(write: (text: string) => void, now: () => Date = () => new Date()) {
    this.#write = write;
    this.#now = now;
  }

  expect(): void {}

  end(): void {}

  warn(warning: LintWarning): void {
    const { rule, lines } = warning;
    const short = Buffer.from(shortWarning(warning)).toString("base64");
    const range = [{ start: { line: lines.start }, end: { line: lines.end } }];
    this.#tell({ warnings: [{ vertex: this.#first, level: 1, short, url: ruleUrl(rule), range }] });
  }

  begin(name: string): Vertex {
    const hash = new Bun.CryptoHasher("sha256").update(`${++this.#count} ${name}`).digest("hex");
    const digest = `sha256:${hash}`;
    this.#first ??= digest;
    const started = this.#now();
    const begun = { digest, name, started };
    const parts = new Map<string, Date>();
    let isOver = false;
    const end = (fields: { readonly cached?: true; readonly error?: string }) => {
      if (isOver) return;
      isOver = true;
      this.#tell({ vertexes: [{ ...begun, completed: this.#now(), ...fields }] });
    };
    this.#tell({ vertexes: [begun] });
    return {
      output: (bytes) => {
        const data = Buffer.from(bytes).toString("base64");
        this.#tell({ logs: [{ vertex: digest, stream: 1, data, timestamp: this.#now() }] });
      },
      part: (id, state) => this.#tell({ statuses: [this.#status(digest, id, state, parts)] }),
      done: () => end({}),
      cached: () => end({ cached: true }),
      failed: (message) => end({ error: message }),
      canceled: () => end({ error: "context canceled" }),
    };
  }

  #status(vertex: string, id: string, state: PartState, parts: Map<string, Date>) {
    const timestamp = this.#now();
    const started = parts.get(id) ?? timestamp;
    parts.set(id, started);
    const { current = 0, total, isOver } = state;
    return { id, vertex, total, current, timestamp, started, ...(isOver ? { completed: timestamp } : {}) };
  }

  #tell(event: object): void {
    this.#write(`${JSON.stringify(event)}\n`);
  }
}
