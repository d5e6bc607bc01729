import type { Column, Listing } from "../output/listing.ts";

/** The cells of one row by key, each made when it is asked for: some are expensive, and most are never shown. */
export type Cells<K extends string> = Readonly<Record<K, () => string>>;

/** Columns from headers and a function that gives the cells of a row. */
export function columnsOf<Row, K extends string>(
  headers: Readonly<Record<K, string>>,
  cellsOf: (row: Row) => Cells<K>,
): readonly Column<Row>[] {
  const columns: Column<Row>[] = [];
  for (const key in headers) columns.push({ key, header: headers[key], value: (row) => cellsOf(row)[key]() });
  return columns;
}

/** A listing, and Docker's `--format raw` of it as a template. */
export interface RawListing<Row> extends Listing<Row> {
  readonly raw?: string;
}
