/** What a list command shows, and its default table, which needs no template. */
import { escapeControl } from "./escape-control.ts";
import { alignColumns } from "./tabwriter.ts";

export interface Column<Row> {
  /** Its name in templates and in JSON: `CreatedAt`. */
  readonly key: string;
  /** Its head in tables: `CREATED AT`. */
  readonly header: string;
  /** What is shown: usually a finished text, as Docker's rows are. Called only where the column is asked for. */
  value(row: Row): unknown;
}

/** A column that may lose text where the terminal is narrow: which end goes, and how much has to stay. */
export interface Cut {
  /** Of a name with a path the end tells more, of all else the beginning. */
  readonly from: "start" | "end";
  readonly atLeast: number;
}

export interface Listing<Row> {
  /** Go's type in the message about an unknown field, such as `*formatter.imageContext`. */
  readonly typeName: string;
  readonly columns: readonly Column<Row>[];
  /** Keys of the columns of the default table, in order. */
  readonly table: readonly string[];
  /** By key: what a terminal that is too narrow may cut; nothing where the person asked for everything. */
  readonly cuts?: Readonly<Record<string, Cut>>;
  /** What takes arguments in templates (`{{.Label "x"}}`); not part of JSON. */
  readonly methods?: Readonly<Record<string, (row: Row, argument: string) => unknown>>;
}

/** The default table as plain cells, for a terminal's own layout. */
export function tableCells<Row>(
  listing: Listing<Row>,
  rows: readonly Row[],
): { readonly headers: readonly string[]; readonly cells: readonly (readonly string[])[] } {
  const columns = listing.table.flatMap((key) => listing.columns.find((column) => column.key === key) ?? []);
  return {
    headers: columns.map((column) => column.header),
    cells: rows.map((row) => columns.map((column) => escapeControl(String(column.value(row))))),
  };
}

/** The default table as text, as it is in a pipe: headers first, every line with its line feed. */
export function defaultTable<Row>(listing: Listing<Row>, rows: readonly Row[]): string {
  const { headers, cells } = tableCells(listing, rows);
  let text = `${headers.join("\t")}\n`;
  for (const row of cells) text += `${row.join("\t")}\n`;
  return alignColumns(text);
}
