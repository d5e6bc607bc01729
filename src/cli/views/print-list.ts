import type { Host } from "../host.ts";
import { defaultTable } from "../output/listing.ts";
import type { RawListing } from "./listing.ts";

export interface PrintOptions {
  /** As given, or as configured; empty for the default table. */
  readonly format: string;
  /** Ids only, one per line. */
  readonly quiet: boolean;
}

/**
 * Prints a list: Docker's bytes in a pipe and for every format that was asked for; the default table gets the terminal's
 * own layout when a person reads it.
 */
export async function printList<Row>(
  host: Host,
  listing: RawListing<Row>,
  rows: readonly Row[],
  { format, quiet }: PrintOptions,
): Promise<void> {
  if ((format === "" || format === "table") && !quiet && host.stdout.isTerminal) {
    const { renderTerminalTable } = await import("../output/terminal-table.ts");
    host.stdout.write(
      renderTerminalTable(listing, rows, { columns: host.stdout.columns, bold: isBold(host.env) }),
    );
    return;
  }
  const template = effectiveFormat(listing, format, quiet);
  if (template === "") {
    host.stdout.write(defaultTable(listing, rows));
    return;
  }
  const { formatRows } = await import("../output/format-rows.ts");
  host.stdout.write(formatRows(listing, rows, template));
}

/** no-color.org, and terminals that know no attributes. */
function isBold(env: Host["env"]): boolean {
  return !env.NO_COLOR && env.TERM !== undefined && env.TERM !== "dumb";
}

/** `table` and `raw` give way to `--quiet`, a format of one's own wins over it (docker/cli formatter/image.go). */
function effectiveFormat<Row>(listing: RawListing<Row>, format: string, quiet: boolean): string {
  if (format === "" || format === "table") return quiet ? "{{.ID}}" : "";
  if (format !== "raw" || listing.raw === undefined) return format;
  return quiet
    ? (listing.raw.split("\n").find((line) => line.endsWith("{{.ID}}")) ?? "{{.ID}}")
    : listing.raw;
}
