import { displayWidth } from "../output/ellipsis.ts";

const widthVariable = "OCLIF_TABLE_COLUMN_OVERRIDE";
const assumedColumns = 80;

/** The lines of the list in the text of `licenses`, and what stands before and after it. */
export interface SplitLicenses {
  readonly before: string;
  readonly headers: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly after: string;
}

/** Finds the list, whose columns begin where the words of its header line do; undefined when there is none. */
export function splitLicenses(text: string): SplitLicenses | undefined {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => /^NAME +VERSION +/.test(line));
  if (first === -1) return undefined;
  const header = lines[first]!;
  const starts = [...header.matchAll(/\S+/g)].map((match) => match.index);
  const cut = (line: string) => starts.map((start, i) => line.slice(start, starts[i + 1]).trim());
  const end = lines.indexOf("", first);
  const last = end === -1 ? lines.length : end;
  return {
    before: lines.slice(0, first).join("\n"),
    headers: cut(header),
    rows: lines.slice(first + 1, last).map(cut),
    after: lines.slice(last).join("\n"),
  };
}

/**
 * The text for a person at a terminal: the list as a table that wraps long cells instead of running over the edge.
 * The table library takes a tenth of a second for it, which this command has and lists of images have not.
 */
export async function drawLicenses(text: string, columns = assumedColumns): Promise<string> {
  const split = splitLicenses(text);
  if (split === undefined) return text;
  const { makeTable } = await import("@oclif/table");
  // Without a width the library asks `tput`, twice, for tens of milliseconds each.
  process.env[widthVariable] = String(columns);
  const widest = Math.max(...split.rows.map(([name = ""]) => displayWidth(name)));
  const table = makeTable({
    data: split.rows.map((row) => Object.fromEntries(row.map((cell, i) => [String(i), cell]))),
    columns: split.headers.map((name, i) => ({
      key: String(i),
      name,
      ...(i === 0 ? { width: Math.min(widest + 2, 28) } : {}),
    })),
    borderStyle: "headers-only-with-underline",
    headerOptions: { bold: true, formatter: (header) => header },
    overflow: "wrap",
  });
  return `${split.before}\n${table.trimEnd()}\n${split.after}`;
}
