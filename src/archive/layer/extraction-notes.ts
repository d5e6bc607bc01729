import { type ByteString, displayName } from "../../sys/byte-string.ts";

/** Collects what could not be kept: one line a kind, with the first name and a count. */
export class ExtractionNotes {
  readonly #kinds = new Map<string, { readonly first: string; count: number }>();

  /** `kind` reads on behind the name: "device node skipped". */
  add(kind: string, name: ByteString): void {
    const known = this.#kinds.get(kind);
    if (known !== undefined) known.count++;
    else this.#kinds.set(kind, { first: displayName(name), count: 1 });
  }

  /** At most eight lines; a last one counts the rest. */
  lines(): string[] {
    const lines = [...this.#kinds].map(([kind, { first, count }]) =>
      count === 1 ? `${kind}: ${first}` : `${kind}: ${first} and ${count - 1} more`,
    );
    return lines.length <= 8 ? lines : [...lines.slice(0, 7), `and ${lines.length - 7} more kinds of notes`];
  }
}
