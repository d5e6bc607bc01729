import { editDistance } from "../base/edit-distance.ts";

/**
 * ` (did you mean X?)` for the known word nearest to `word`, as BuildKit adds it to its messages; empty when none is near,
 * or when it is known, because then something else is wrong.
 */
export function didYouMean(word: string, known: readonly string[]): string {
  if (known.includes(word)) return "";
  const lower = word.toLowerCase();
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance < (best?.distance ?? 3)) best = { word: candidate, distance };
  }
  return best === undefined ? "" : ` (did you mean ${best.word}?)`;
}
