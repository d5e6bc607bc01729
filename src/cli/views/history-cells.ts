import type { HistoryRow } from "../../engine/history.ts";
import { ellipsis } from "../output/ellipsis.ts";
import { humanDuration, humanSize } from "../output/units.ts";
import { goRfc3339 } from "./go-time.ts";
import { shortId } from "./short-id.ts";

export interface HistoryCellOptions {
  readonly truncate: boolean;
  /** Sizes and times for people; without it bytes and RFC 3339. */
  readonly human: boolean;
  readonly now: Date;
}

/** Builds that want to be reproducible set times before this; they tell nothing (docker/cli formatter_history.go). */
const meaningless = Date.parse("2000-01-01T00:00:00Z");
const createdByWidth = 45;

/** What `history` can show of one step, by the names that templates use. */
export function historyCells(row: HistoryRow, { truncate, human, now }: HistoryCellOptions) {
  const created = row.created === undefined ? undefined : new Date(row.created);
  return {
    Comment: () => row.comment,
    CreatedAt: () => (created === undefined ? "N/A" : goRfc3339(created)),
    CreatedBy: () => {
      const text = row.createdBy.replaceAll("\t", " ");
      return truncate ? ellipsis(text, createdByWidth) : text;
    },
    CreatedSince: () => {
      if (created === undefined || created.getTime() <= meaningless) return "N/A";
      return `${humanDuration(now.getTime() - created.getTime())} ago`;
    },
    ID: () => {
      if (row.id === undefined) return "<missing>";
      return truncate ? shortId(row.id) : row.id;
    },
    Size: () => (human ? humanSize(row.size) : String(row.size)),
  };
}
