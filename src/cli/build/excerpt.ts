import type { Lines } from "../../build/dockerfile-error.ts";
import type { DockerfileText } from "../../engine/build/build-failure.ts";

/** Lines of a Dockerfile with what is around them, as BuildKit shows a place: two more lines of one, one more of several. */
export function excerpt({ name, text }: DockerfileText, { start, end }: Lines): string[] {
  const all = text.split("\n").map((line) => line.replace(/\r$/, ""));
  if (start < 1 || start > all.length) return [];
  const around = start === end ? 2 : 1;
  const first = Math.max(1, start - around);
  const last = Math.min(all.length, end + around);
  const shown = [`${name}:${start}`, "--------------------"];
  for (let number = first; number <= last; number++) {
    const marked = number >= start && number <= end ? ">>>" : "   ";
    shown.push(`${String(number).padStart(4)} | ${marked} ${all[number - 1]}`);
  }
  return [...shown, "--------------------"];
}
