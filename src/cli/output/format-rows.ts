/** The `--format` of list commands (docker/cli `formatter`): default table, `table …`, `json`, or a template per row. */
import { escapeControl } from "./escape-control.ts";
import { goJson } from "./go-json.ts";
import { defaultTable, type Listing } from "./listing.ts";
import { alignColumns } from "./tabwriter.ts";
import { headerFunctions } from "./template/functions.ts";
import { parseTemplate, type Template } from "./template/template.ts";
import { isTemplateError } from "./template/template-error.ts";
import { GoStruct, RowStruct } from "./template/values.ts";

/**
 * The text of a list, with its final line feed; empty for no rows where no header is asked for. `format` is what
 * the person gave. Control characters are made visible in tables, and left alone in templates and JSON.
 * Throws a template error.
 */
export function formatRows<Row>(listing: Listing<Row>, rows: readonly Row[], format = ""): string {
  if (format === "json") {
    return rows
      .map((row) => `${goJson(rowStruct(listing, row), { escapeHtml: true, sortKeys: true })}\n`)
      .join("");
  }
  const isTable = format === "" || format.startsWith("table");
  const wanted = unescapeSeparators(
    (isTable ? format.slice("table".length) : format).replace(/^ +| +$/g, ""),
  );
  if (isTable && wanted === "") return defaultTable(listing, rows);
  const template = parseTemplate(wanted);
  const shown = isTable ? visible : (value: unknown) => value;
  const lines = rows.map((row) => `${template.execute(rowStruct(listing, row, shown))}\n`);
  if (!isTable) return lines.join("");
  const header = headerLine(template, listing);
  return alignColumns([`${header}\n`, ...lines].join(""));
}

/** Docker prints what it has of a header that cannot be made (`{{index .ID 50}}` of a short header): nothing here. */
function headerLine<Row>(template: Template, listing: Listing<Row>): string {
  try {
    return template.execute(headerRow(listing), { functions: headerFunctions });
  } catch (error) {
    if (isTemplateError(error)) return "";
    throw error;
  }
}

/** A shell passes `\t` and `\n` on as two characters. */
function unescapeSeparators(format: string): string {
  return format.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
}

function visible(value: unknown): unknown {
  return typeof value === "string" ? escapeControl(value) : value;
}

function rowStruct<Row>(
  listing: Listing<Row>,
  row: Row,
  shown: (value: unknown) => unknown = (value) => value,
): RowStruct {
  const fields: Record<string, unknown> = {};
  for (const column of listing.columns) {
    Object.defineProperty(fields, column.key, { enumerable: true, get: () => shown(column.value(row)) });
  }
  for (const [name, method] of Object.entries(listing.methods ?? {})) {
    fields[name] = (argument: unknown) => shown(method(row, String(argument)));
  }
  return new RowStruct(listing.typeName, fields);
}

/** What stands above: the headers, and for a label the last part of its name. */
function headerRow<Row>(listing: Listing<Row>): GoStruct | Readonly<Record<string, unknown>> {
  const headers = Object.fromEntries(listing.columns.map((column) => [column.key, column.header]));
  const methods = Object.keys(listing.methods ?? {});
  if (methods.length === 0) return headers;
  const label = (name: unknown) => (String(name).split(".").at(-1) ?? "").replace(/[-_]/g, " ");
  return new GoStruct("formatter.SubHeaderContext", {
    ...headers,
    ...Object.fromEntries(methods.map((name) => [name, label])),
  });
}
