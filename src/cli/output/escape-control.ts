/**
 * Makes visible what a terminal would obey or hide (security case C17): C0 and C1 controls, DEL, line and
 * paragraph separators, bidirectional overrides and other invisible format characters, unpaired surrogates.
 * Everything else is unchanged.
 */
export function escapeControl(text: string): string {
  return text.replace(dangerous, escapeOne);
}

const dangerous =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

const short: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r", "\u001b": "\\e" };

function escapeOne(character: string): string {
  const named = short[character];
  if (named !== undefined) return named;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
}
