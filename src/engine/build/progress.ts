/** What a build tells while it works, in BuildKit's terms: every piece of work is a vertex of a graph. */
export interface BuildProgress {
  /** Begins a piece of work. */
  begin(name: string): Vertex;
}

export interface Vertex {
  /** What a program of the step wrote. */
  output(bytes: Uint8Array): void;
  /** `writing image sha256:… done` */
  note(text: string): void;
  /** So many bytes of `what` (`context`, `dockerfile`) were read. */
  transferred(what: string, bytes: number): void;
  done(): void;
  cached(): void;
  failed(message: string): void;
  canceled(): void;
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
