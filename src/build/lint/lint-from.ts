import { parsePlatform } from "../../oci/platform.ts";
import { parseReference } from "../../oci/reference.ts";
import type { Lines } from "../dockerfile-error.ts";
import type { FromInstruction, Located } from "../instructions/types.ts";
import { type Expansion, expand } from "../shell/expand.ts";
import { didYouMean } from "../suggest.ts";
import type { Linter } from "./linter.ts";

/** ARGs in a FROM that nobody has declared; `known` are those that are there. */
export function lintFromArgs(
  { unmatched }: Expansion,
  known: readonly string[],
  lines: Lines,
  linter: Linter,
): void {
  for (const name of unmatched)
    if (!known.includes(name)) linter.warn("UndefinedArgInFrom", lines, name, didYouMean(name, known));
}

/** A `--platform` that says what holds anyway, or what the person who builds should say. */
export function lintPlatform(
  { name = "", platform = "", lines }: FromInstruction & Located,
  { text, matched, unmatched }: Expansion,
  target: string | undefined,
  linter: Linter,
): void {
  if (matched.size === 1 && unmatched.size === 0 && matched.has("TARGETPLATFORM") && text === target)
    linter.warn("RedundantTargetPlatform", lines, platform);
  if (matched.size > 0 || unmatched.size > 0) return;
  const { os, architecture } = parsePlatform(text);
  if (!name.includes(os) && !name.includes(architecture))
    linter.warn("FromPlatformFlagConstDisallowed", lines, text);
}

/** Base images have to be names also with nothing but the defaults of ARGs. */
export function lintDefaultBases(
  froms: readonly (FromInstruction & Located)[],
  defaults: ReadonlyMap<string, string>,
  escapeToken: string,
  linter: Linter,
): void {
  for (const { image, lines } of froms) {
    try {
      parseReference(expand(image, (name) => defaults.get(name), { escapeToken }).text);
    } catch {
      linter.warn("InvalidDefaultArgInFrom", lines, image);
    }
  }
}
