/** The default table of a list for a person at a terminal; a pipe gets `formatRows`. */
import { displayWidth } from "./ellipsis.ts";
import { formatRows, type Listing, tableCells } from "./format-rows.ts";

export interface Terminal {
  /** Width in columns; undefined where the terminal does not tell. */
  readonly columns: number | undefined;
}

const assumedColumns = 80;
/** @oclif/table needs 2 ms for each row on top of 50 ms for the first: above this the same look is drawn here. */
const mostRowsForLibrary = 8;
const widthVariable = "OCLIF_TABLE_COLUMN_OVERRIDE";

/**
 * The table with its final line feed, at most as wide as the terminal, control characters made visible. The table
 * library is loaded only here; it leaves timers behind, so that the process must be ended, not left to end.
 */
export async function renderTerminalTable<Row>(
  listing: Listing<Row>,
  rows: readonly Row[],
  terminal: Terminal,
): Promise<string> {
  const { headers, cells } = tableCells(listing, rows);
  const columns = terminal.columns ?? assumedColumns;
  if (cells.length <= mostRowsForLibrary && cells.length > 0) return drawByLibrary(headers, cells, columns);
  return drawPlainly(headers, cells, columns) ?? formatRows(listing, rows);
}

async function drawByLibrary(
  headers: readonly string[],
  cells: readonly (readonly string[])[],
  columns: number,
): Promise<string> {
  const { makeTable } = await import("@oclif/table");
  // Without a width the library asks `tput`, twice, for tens of milliseconds each.
  const before = process.env[widthVariable];
  process.env[widthVariable] = String(columns);
  try {
    const text = makeTable({
      data: cells.map((row) => Object.fromEntries(row.map((cell, i) => [String(i), cell]))),
      columns: headers.map((name, i) => ({ key: String(i), name })),
      borderStyle: "headers-only-with-underline",
      headerOptions: { bold: true, formatter: (header) => header },
      overflow: "truncate",
    });
    return `${withoutTrailingSpace(text)}\n`;
  } finally {
    if (before === undefined) delete process.env[widthVariable];
    else process.env[widthVariable] = before;
  }
}

/** The look of the library for what needs no cutting; undefined where the terminal is too narrow for that. */
export function drawPlainly(
  headers: readonly string[],
  cells: readonly (readonly string[])[],
  columns: number,
): string | undefined {
  const widths = headers.map((header, i) => {
    let width = displayWidth(header);
    for (const row of cells) width = Math.max(width, displayWidth(row[i] ?? ""));
    return width + 2;
  });
  const total = widths.reduce((sum, width) => sum + width + 1, 1);
  if (total > columns) return undefined;
  const line = (row: readonly string[]) =>
    widths
      .map((width, i) => ` ${row[i] ?? ""}${" ".repeat(width - 1 - displayWidth(row[i] ?? ""))}`)
      .join(" ");
  const lines = [line(headers), widths.map((width) => "─".repeat(width)).join("─"), ...cells.map(line)];
  return `${withoutTrailingSpace(lines.map((text) => ` ${text}`).join("\n"))}\n`;
}

function withoutTrailingSpace(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .trimEnd();
}
