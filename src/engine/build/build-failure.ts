import { BerthError, isBerthError, messageOf } from "../../base/errors.ts";
import { DockerfileError, type Lines } from "../../build/dockerfile-error.ts";
import type { Digest } from "../../oci/types.ts";

/** A Dockerfile for messages. */
export interface DockerfileText {
  readonly name: string;
  readonly text: string;
}

/** A build that failed at a place of its Dockerfile. */
export class BuildFailure extends BerthError {
  readonly dockerfile: DockerfileText;
  readonly lines: Lines | undefined;
  /** The step that failed. */
  readonly step: string | undefined;
  /** The image of everything that was good before it. */
  readonly lastImage: Digest | undefined;

  constructor(
    cause: unknown,
    place: {
      readonly dockerfile: DockerfileText;
      readonly lines?: Lines;
      readonly step?: string;
      readonly lastImage?: Digest;
    },
  ) {
    const { code, hint } =
      cause instanceof BerthError ? cause : { code: "internal" as const, hint: undefined };
    super(code, `failed to build: failed to solve: ${messageOf(cause)}`, {
      cause,
      ...(hint === undefined ? {} : { hint }),
    });
    this.dockerfile = place.dockerfile;
    this.lines = place.lines ?? (cause instanceof DockerfileError ? cause.lines : undefined);
    this.step = place.step;
    this.lastImage = place.lastImage;
  }
}

/** Runs `work`; what goes wrong is told with the place where it did. An interruption stays what it is. */
export async function atPlace<T>(
  place: ConstructorParameters<typeof BuildFailure>[1],
  work: () => Promise<T> | T,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BuildFailure || isBerthError(error, "interrupted") || !(error instanceof BerthError))
      throw error;
    throw new BuildFailure(error, place);
  }
}
