import type { FlagSet, FlagSpec } from "./spec.ts";

/**
 * The `Options:` table of a command as pflag prints it: two columns, sorted by long name, with value types and defaults,
 * descriptions wrapped to `width` columns; where there is no room for the second, descriptions go below.
 */
export function renderFlags(specs: FlagSet, width: number): string {
  const rows = Object.entries(specs)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, spec]) => [label(name, spec), spec.description + suffix(spec)] as const);
  const side = Math.max(...rows.map(([left]) => left.length)) + 3;
  const isNarrow = width - side < 24;
  const indent = isNarrow ? 8 : side;
  return rows
    .map(([left, right]) => {
      const lines = wrap(right, width - indent).join(`\n${" ".repeat(indent)}`);
      return isNarrow ? `${left}\n${" ".repeat(indent)}${lines}` : left.padEnd(indent) + lines;
    })
    .join("\n");
}

function label(name: string, spec: FlagSpec): string {
  const short = spec.short === undefined ? "    " : `-${spec.short}, `;
  return `  ${short}--${name}${typeName(spec)}`;
}

function typeName(spec: FlagSpec): string {
  switch (spec.kind) {
    case "boolean":
      return "";
    case "integer":
      return " int";
    case "text":
    case "list":
      return ` ${spec.type}`;
  }
}

function suffix(spec: FlagSpec): string {
  if (spec.kind === "list" || spec.default === undefined || spec.default === false || spec.default === "")
    return "";
  return spec.kind === "text" ? ` (default ${JSON.stringify(spec.default)})` : ` (default ${spec.default})`;
}

/** Lines of at most `width` characters, broken at blanks; line breaks and blanks before a line stay. */
export function wrap(text: string, width: number): string[] {
  if (width < 24) return text.split("\n");
  return text.split("\n").flatMap((paragraph) => {
    const indent = /^ */.exec(paragraph)![0];
    const lines: string[] = [];
    let line = indent;
    for (const word of paragraph.slice(indent.length).split(" ")) {
      const extended = line === indent ? indent + word : `${line} ${word}`;
      if (extended.length > width && line !== indent) {
        lines.push(line);
        line = word;
      } else line = extended;
    }
    return [...lines, line];
  });
}
