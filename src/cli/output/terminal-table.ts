/** The default table of a list for a person at a terminal; a pipe gets `formatRows`. */
import { type Cut, defaultTable, type Listing, tableCells } from "./listing.ts";

export interface Terminal {
  /** Width in columns; undefined where the terminal does not tell. */
  readonly columns: number | undefined;
  /** Whether headers are bold. */
  readonly bold: boolean;
}

interface TableColumn {
  readonly header: string;
  readonly cells: readonly string[];
  readonly cut: Cut | undefined;
  readonly width: number;
}

const assumedColumns = 80;
/** Docker's least width and distance of columns. */
const leastWidth = 7;
const wideGap = 3;
const narrowGap = 2;

/**
 * The table with its final line feed, control characters made visible. Docker's columns where they fit; in a narrower
 * terminal empty columns go and long cells are cut; in one too narrow for that, each row is a block of lines. What must
 * not be cut (`--no-trunc`) is left to the terminal's own line breaks.
 */
export function renderTerminalTable<Row>(
  listing: Listing<Row>,
  rows: readonly Row[],
  { columns: available = assumedColumns, bold }: Terminal,
): string {
  const columns = measure(listing, rows);
  const head = (text: string) => (bold ? `\u001b[1m${text}\u001b[22m` : text);
  if (totalWidth(columns, wideGap) <= available) return draw(columns, wideGap, head);
  if (columns.every(({ cut }) => cut === undefined)) return defaultTable(listing, rows);
  const fitted = fit(columns, available);
  return fitted === undefined ? drawBlocks(columns, head) : draw(fitted, narrowGap, head);
}

function measure<Row>(listing: Listing<Row>, rows: readonly Row[]): readonly TableColumn[] {
  const { headers, cells } = tableCells(listing, rows);
  return headers.map((header, i) => {
    const own = cells.map((row) => row[i] ?? "");
    const width = own.reduce((widest, cell) => Math.max(widest, Bun.stringWidth(cell)), header.length);
    return { header, cells: own, cut: listing.cuts?.[listing.table[i] ?? ""], width };
  });
}

const totalWidth = (columns: readonly TableColumn[], gap: number) =>
  columns.reduce(
    (sum, { width }, i) => sum + (i < columns.length - 1 ? Math.max(width, leastWidth) + gap : width),
    0,
  );

/** The columns in at most `available` columns: always from the widest that may still be cut. Undefined: impossible. */
function fit(columns: readonly TableColumn[], available: number): readonly TableColumn[] | undefined {
  const filled = columns.filter(({ cells }) => cells.length === 0 || cells.some((cell) => cell !== ""));
  const widths = filled.map(({ width }) => width);
  let excess = widths.reduce((sum, width) => sum + width, narrowGap * (widths.length - 1)) - available;
  while (excess > 0) {
    let widest: number | undefined;
    for (const [i, { cut, header }] of filled.entries()) {
      const least = Math.max(cut?.atLeast ?? Number.POSITIVE_INFINITY, header.length);
      if (widths[i]! > least && (widest === undefined || widths[i]! > widths[widest]!)) widest = i;
    }
    if (widest === undefined) return undefined;
    widths[widest]!--;
    excess--;
  }
  return filled.map((column, i) => ({
    ...column,
    width: widths[i]!,
    cells: column.cells.map((cell) => shorten(cell, widths[i]!, column.cut?.from ?? "end")),
  }));
}

function draw(columns: readonly TableColumn[], gap: number, head: (text: string) => string): string {
  const padded = columns.map(({ width }, i) =>
    i === columns.length - 1 ? 0 : (gap === wideGap ? Math.max(width, leastWidth) : width) + gap,
  );
  const line = (row: readonly string[], dress: (text: string) => string) =>
    row
      .map((cell, i) => dress(cell) + " ".repeat(Math.max(0, padded[i]! - Bun.stringWidth(cell))))
      .join("")
      .trimEnd();
  const lines = [
    line(
      columns.map(({ header }) => header),
      head,
    ),
  ];
  for (let row = 0; row < (columns[0]?.cells.length ?? 0); row++)
    lines.push(
      line(
        columns.map(({ cells }) => cells[row]!),
        (text) => text,
      ),
    );
  return `${lines.join("\n")}\n`;
}

/** One line for each cell that has something to say, one empty line between rows. */
function drawBlocks(columns: readonly TableColumn[], head: (text: string) => string): string {
  const indent = Math.max(...columns.map(({ header }) => header.length)) + narrowGap;
  const count = columns[0]?.cells.length ?? 0;
  if (count === 0) return `${columns.map(({ header }) => head(header)).join("  ")}\n`;
  return Array.from({ length: count }, (_, row) =>
    columns
      .filter(({ cells }) => cells[row] !== "")
      .map(({ header, cells }) => `${head(header)}${" ".repeat(indent - header.length)}${cells[row]}\n`)
      .join(""),
  ).join("\n");
}

/** At most `width` terminal columns of `text`, with `…` in the place of what went. */
export function shorten(text: string, width: number, from: Cut["from"]): string {
  if (Bun.stringWidth(text) <= width) return text;
  const characters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  if (from === "start") characters.reverse();
  let kept = 0;
  let used = 1;
  for (const character of characters) {
    used += Bun.stringWidth(character);
    if (used > width) break;
    kept++;
  }
  const rest = characters.slice(0, kept);
  return from === "start" ? `…${rest.reverse().join("")}` : `${rest.join("")}…`;
}
