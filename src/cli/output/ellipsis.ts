/** Columns that one character takes; wide and full-width East Asian ones take two, all others one (Docker's rule). */
function charWidth(character: string): number {
  return character >= "\u1100" && Bun.stringWidth(character) === 2 ? 2 : 1;
}

/** Columns that a text takes by the same rule. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += charWidth(character);
  return width;
}

/**
 * At most `maximum` columns of `text`; what was cut is shown by `…` (docker/cli formatter `Ellipsis`).
 * With a maximum of 1 the first character stands alone.
 */
export function ellipsis(text: string, maximum: number): string {
  if (maximum <= 0) return "";
  const characters = [...text];
  if (maximum === 1) return characters[0] ?? "";
  if (displayWidth(text) <= maximum) return text;
  let width = 0;
  let end = 0;
  for (const character of characters) {
    width += charWidth(character);
    if (width > maximum - 1) break;
    end += character.length;
  }
  return `${text.slice(0, end)}…`;
}
