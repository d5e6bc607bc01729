import { escapeControl } from "../output/escape-control.ts";

/** One line of an outline: a label, its value, and what belongs below it. */
export interface OutlineEntry {
  readonly label: string;
  /** Undefined leaves the label alone, as a heading. */
  readonly value?: unknown;
  readonly below?: readonly OutlineEntry[];
}

/** Lines as `docker info` indents them: one blank more for every level. Entries with an empty value are left out. */
export function renderOutline(entries: readonly OutlineEntry[], depth = 0): string {
  return entries
    .map(({ label, value, below = [] }) => {
      if (value === "" || value === null) return "";
      const begin = `${" ".repeat(depth)}${escapeControl(label)}:`;
      const shown = value === undefined ? "" : ` ${escapeControl(String(value))}`;
      return `${begin}${shown}\n${renderOutline(below, depth + 1)}`;
    })
    .join("");
}
