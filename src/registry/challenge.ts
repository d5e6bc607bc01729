/** One challenge of a `WWW-Authenticate` header (RFC 9110 section 11.6.1). Names are lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const quoted = /"((?:[^"\\]|\\.)*)"/y;
const token68 = /[0-9A-Za-z\-._~+/]+=*(?=\s*(?:,|$))/y;

/**
 * The challenges of a `WWW-Authenticate` value, in order; several header lines may have been joined by commas.
 * What does not follow the grammar ends the list: what was read before it counts.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let position = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const found = pattern.exec(header);
    if (found !== null) position += found[0].length;
    return found;
  };
  const separators = /[\s,]*/y;
  const spaces = /[ \t]*/y;
  const equals = /[ \t]*=[ \t]*/y;

  for (;;) {
    match(separators);
    const scheme = match(token);
    if (scheme === null) return challenges;
    const parameters: Record<string, string> = Object.create(null);
    challenges.push({ scheme: scheme[0].toLowerCase(), parameters });
    // A scheme's data is one token68 value (no scheme in use here has one) or a list of parameters.
    if (match(spaces)![0] !== "" && match(token68) !== null) continue;
    for (;;) {
      const start = position;
      match(separators);
      const name = match(token);
      if (name === null || match(equals) === null) {
        position = start;
        break;
      }
      const string = match(quoted);
      const value = string === null ? match(token)?.[0] : string[1]!.replace(/\\(.)/g, "$1");
      if (value === undefined) return challenges;
      parameters[name[0].toLowerCase()] ??= value;
    }
  }
}
