import type { PartState } from "../../engine/build/progress.ts";
import { humanSize } from "../output/units.ts";

/** The bytes of a part: `1.2MB / 3.4MB`, `97B`; empty where it is not about bytes. */
export function partSize({ current = 0, total = 0 }: PartState): string {
  if (total > 0) return `${humanSize(current)} / ${humanSize(total)}`;
  return current > 0 ? humanSize(current) : "";
}
