import type { LintWarning } from "../../build/lint/linter.ts";

/** What a build tells while it works, in BuildKit's terms: every piece of work is a vertex of a graph. */
export interface BuildProgress {
  /** Begins a piece of work. */
  begin(name: string): Vertex;
  /** So many pieces of work are still to come, as far as is known. */
  expect(count: number): void;
  /** The Dockerfile does what it hardly should. */
  warn(warning: LintWarning): void;
}

export interface Vertex {
  /** What a program of the step wrote. */
  output(bytes: Uint8Array): void;
  /** How far a part of the work is: `transferring context:`, `writing image sha256:…`, a layer that is pulled. */
  part(name: string, state: PartState): void;
  done(): void;
  cached(): void;
  failed(message: string): void;
  canceled(): void;
}

export interface PartState {
  /** Bytes; undefined where the part is not about bytes. */
  readonly current?: number;
  readonly total?: number;
  readonly isOver: boolean;
}

/** Does `work` as a vertex; a failure is told there and thrown again. */
export async function asVertex<T>(
  progress: BuildProgress,
  name: string,
  work: (vertex: Vertex) => Promise<T> | T,
): Promise<T> {
  const vertex = progress.begin(name);
  try {
    const result = await work(vertex);
    vertex.done();
    return result;
  } catch (error) {
    vertex.failed(error instanceof Error ? error.message : String(error));
    throw error;
  }
}
