/**
 * A terminal of a few escapes: printable text, LF (with CR, as a terminal in cooked mode does), CR, `ESC[nA`, `ESC[nB`,
 * `ESC[2K`, `ESC[J`; hiding and showing the cursor. Anything else throws, so that a test notices what a real terminal would have to understand. Lines
 * that are too long wrap.
 */
export class Screen {
  readonly #columns: number;
  readonly #rows: string[] = [""];
  row = 0;
  column = 0;
  cursorIsVisible = true;

  constructor(columns: number) {
    this.#columns = columns;
  }

  write(text: string): void {
    const tokens = text.match(/\u001b\[\??\d*[A-Za-z]|[\s\S]/gu) ?? [];
    for (const token of tokens) {
      if (token === "\n") this.#to(this.row + 1, 0);
      else if (token === "\r") this.column = 0;
      else if (token.length > 1 && token.startsWith("\u001b")) this.#control(token);
      else if (token < " ") throw new Error(`unexpected control character ${JSON.stringify(token)}`);
      else this.#put(token);
    }
  }

  /** What is to be seen, without blanks at the ends of lines and empty lines at the end. */
  get lines(): string[] {
    const lines = this.#rows.map((row) => row.trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  #control(token: string): void {
    const count = Number(token.slice(2, -1) || "1");
    switch (token.at(-1)) {
      case "A":
        this.#to(Math.max(0, this.row - count), this.column);
        return;
      case "B":
        // Unlike a line feed this never makes a new line.
        this.#to(Math.min(this.#rows.length - 1, this.row + count), this.column);
        return;
      case "K":
        if (token !== "\u001b[2K") break;
        this.#rows[this.row] = "";
        return;
      case "J":
        this.#rows[this.row] = this.#rows[this.row]!.slice(0, this.column);
        this.#rows.length = this.row + 1;
        return;
      case "h":
      case "l":
        if (!token.startsWith("\u001b[?25")) break;
        this.cursorIsVisible = token.endsWith("h");
        return;
    }
    throw new Error(`unexpected escape ${JSON.stringify(token)}`);
  }

  #put(character: string): void {
    if (this.column === this.#columns) this.#to(this.row + 1, 0);
    const row = this.#rows[this.row]!.padEnd(this.column);
    this.#rows[this.row] = row.slice(0, this.column) + character + row.slice(this.column + 1);
    this.column += 1;
  }

  #to(row: number, column: number): void {
    while (this.#rows.length <= row) this.#rows.push("");
    this.row = row;
    this.column = column;
  }
}
