import type { BuildFailure } from "../../engine/build/build-failure.ts";

/** Lines of the Dockerfile that are shown around those that failed. */
const around = 2;

/** What BuildKit shows of a failed step: the end of its output, and where it stands in the Dockerfile. */
export function failureText({ dockerfile, lines, step }: BuildFailure, output: readonly string[]): string {
  const parts: string[] = [];
  if (step !== undefined && output.length > 0) parts.push("------", ` > ${step}:`, ...output, "------");
  if (lines !== undefined && lines.start > 0) {
    const all = dockerfile.text.split("\n").map((line) => line.replace(/\r$/, ""));
    const first = Math.max(1, lines.start - around);
    const last = Math.min(all.length, lines.end + around);
    parts.push(`${dockerfile.name}:${lines.start}`, "--------------------");
    for (let number = first; number <= last; number++) {
      const marked = number >= lines.start && number <= lines.end ? ">>>" : "   ";
      parts.push(`${String(number).padStart(4)} | ${marked} ${all[number - 1]}`);
    }
    parts.push("--------------------");
  }
  return parts.length === 0 ? "" : `${parts.join("\n")}\n`;
}
