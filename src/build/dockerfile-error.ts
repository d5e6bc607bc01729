import { BerthError } from "../base/errors.ts";

/** Lines of a Dockerfile, counted from 1, both included. */
export interface Lines {
  readonly start: number;
  readonly end: number;
}

/** Something is wrong with a Dockerfile, at `lines` of it; whoever knows its name and text shows the excerpt. */
export class DockerfileError extends BerthError {
  readonly lines: Lines | undefined;

  constructor(message: string, lines?: Lines, options: { hint?: string; cause?: unknown } = {}) {
    super("invalid-argument", message, options);
    this.lines = lines;
  }
}

/** Runs `work`; a DockerfileError that does not know its lines gets these. */
export function atLines<T>(lines: Lines, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DockerfileError) || error.lines !== undefined) throw error;
    const { hint } = error;
    throw new DockerfileError(error.message, lines, {
      cause: error.cause,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
