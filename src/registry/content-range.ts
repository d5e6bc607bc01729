/** A `Content-Range` of a 206 answer: `bytes first-last/size` (RFC 9110 section 14.4); the size may be unknown (`*`). */
export interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly size?: number;
}

/** Undefined for anything that is not one valid range of bytes. */
export function parseContentRange(header: string | null): ContentRange | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(header?.trim() ?? "");
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2]);
  if (match[3] === "*") return last < first ? undefined : { first, last };
  const size = Number(match[3]);
  return last < first || last >= size ? undefined : { first, last, size };
}
