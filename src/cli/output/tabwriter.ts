/** Elastic columns as Go's text/tabwriter makes them with Docker's parameters (10, 1, 3, ' '). */

const padding = 3;

/**
 * Aligns tab-separated text. A column is a run of consecutive lines that have a tab after that cell; it is as wide
 * as its longest cell plus 3, at least `minimumWidth`. The last cell of a line belongs to no column. Widths count characters.
 */
export function alignColumns(text: string, minimumWidth = 10): string {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const padded: string[] = lines.map(() => "");
  align(lines, padded, minimumWidth);
  return padded.join("\n");
}

function align(lines: readonly (readonly string[])[], padded: string[], minimumWidth: number): void {
  // Blocks that wait for their next column; a stack, so that many columns do not nest calls.
  const blocks = [{ from: 0, to: lines.length, column: 0 }];
  for (let block = blocks.pop(); block !== undefined; block = blocks.pop()) {
    const { column } = block;
    const hasColumn = (row: number) => column < lines[row]!.length - 1;
    for (let row = block.from; row < block.to; ) {
      if (!hasColumn(row)) {
        padded[row] += lines[row]![column] ?? "";
        row++;
        continue;
      }
      let end = row;
      let width = minimumWidth;
      while (end < block.to && hasColumn(end)) {
        width = Math.max(width, runes(lines[end]![column]!) + padding);
        end++;
      }
      for (let i = row; i < end; i++) {
        const cell = lines[i]![column]!;
        padded[i] += cell + " ".repeat(width - runes(cell));
      }
      blocks.push({ from: row, to: end, column: column + 1 });
      row = end;
    }
  }
}

function runes(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
