import type { BuildFailure } from "../../engine/build/build-failure.ts";
import { excerpt } from "./excerpt.ts";

/** What BuildKit shows of a failed step: the end of its output, and where it stands in the Dockerfile. */
export function failureText({ dockerfile, lines, step }: BuildFailure, output: readonly string[]): string {
  const parts: string[] = [];
  if (step !== undefined && output.length > 0) parts.push("------", ` > ${step}:`, ...output, "------");
  if (lines !== undefined) parts.push(...excerpt(dockerfile, lines));
  return parts.length === 0 ? "" : `${parts.join("\n")}\n`;
}
