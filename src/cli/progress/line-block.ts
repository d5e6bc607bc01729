/**
 * A block of terminal lines, one for each id in the order of first sight, that are rewritten in place. It gives the text
 * to write and writes nothing. Between two updates the cursor is at the start of the line below the block, so
 * whatever ends the program leaves a clean screen.
 */
export class LineBlock {
  readonly #lines = new Map<string, number>();

  /** What to write so that the line of `id` reads `text`, cut so that it does not wrap at `columns`. */
  update(id: string, text: string, columns: number): string {
    let line = this.#lines.get(id);
    let begin = "";
    if (line === undefined) {
      line = this.#lines.size;
      this.#lines.set(id, line);
      begin = "\n";
    }
    const up = this.#lines.size - line;
    const shown = text.length < columns ? text : text.slice(0, Math.max(0, columns - 1));
    return `${begin}\u001b[${up}A\u001b[2K\r${shown}\r\u001b[${up}B`;
  }

  /** Something else is about to be written below: the lines so far stay as they are. */
  close(): void {
    this.#lines.clear();
  }
}
