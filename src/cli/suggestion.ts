import { editDistance } from "../base/edit-distance.ts";

/** The known word nearest to `word`, if it is near enough to be what was meant: at most 2 edits, and less than half of it. */
export function closest(word: string, known: readonly string[]): string | undefined {
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate);
    if (
      distance <= 2 &&
      distance * 2 < word.length &&
      distance < (best?.distance ?? Number.POSITIVE_INFINITY)
    )
      best = { word: candidate, distance };
  }
  return best?.word;
}
