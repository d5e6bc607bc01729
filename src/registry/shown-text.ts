/** A URL as a message may show it: without user, password, query (signatures) and fragment. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

const longestText = 300;

/**
 * Text of a foreign server as a message may show it: one line, no control characters (terminal escapes), not long,
 * and without what looks like a secret (authorization values, query strings, users in URLs).
 */
export function shownText(text: string): string {
  const clean = text
    .slice(0, longestText * 4)
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ")
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, "$1 ***")
    .replace(/(https?:\/\/)[^\s/@"']*@/gi, "$1")
    .replace(/(https?:\/\/[^\s?"'<>]*)\?[^\s"'<>]*/gi, "$1")
    .trim();
  return clean.length > longestText ? `${clean.slice(0, longestText - 1)}…` : clean;
}
