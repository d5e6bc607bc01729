import type { HistoryRow } from "../../engine/history.ts";
import { type HistoryCellOptions, historyCells } from "./history-cells.ts";
import type { Listing } from "../output/listing.ts";
import { columnsOf } from "./listing.ts";

const headers = {
  Comment: "COMMENT",
  CreatedAt: "CREATED AT",
  CreatedBy: "CREATED BY",
  CreatedSince: "CREATED",
  ID: "IMAGE",
  Size: "SIZE",
};

const cuts = {
  CreatedSince: { from: "end", atLeast: 11 },
  CreatedAt: { from: "end", atLeast: 11 },
  CreatedBy: { from: "end", atLeast: 15 },
  Comment: { from: "end", atLeast: 8 },
} as const;

/** `history`. */
export function historyListing(options: HistoryCellOptions): Listing<HistoryRow> {
  return {
    typeName: "*formatter.historyContext",
    columns: columnsOf(headers, (row: HistoryRow) => historyCells(row, options)),
    table: ["ID", options.human ? "CreatedSince" : "CreatedAt", "CreatedBy", "Size", "Comment"],
    ...(options.truncate ? { cuts } : {}),
  };
}
