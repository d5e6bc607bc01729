import { BerthError } from "./errors.ts";

/**
 * The fields of one line of comma-separated values (RFC 4180, as Go's encoding/csv reads it): a field in double quotes
 * may hold commas, and a doubled quote stands for one.
 */
export function splitCommaFields(line: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    let field = "";
    if (line[at] === '"') {
      for (at++; ; at++) {
        if (at >= line.length) throw malformed(line, 'extraneous or missing " in quoted-field');
        if (line[at] !== '"') field += line[at];
        else if (line[at + 1] === '"') field += line[at++];
        else break;
      }
      at++;
      if (at < line.length && line[at] !== ",")
        throw malformed(line, 'extraneous or missing " in quoted-field');
    } else {
      const comma = line.indexOf(",", at);
      field = line.slice(at, comma === -1 ? undefined : comma);
      if (field.includes('"')) throw malformed(line, 'bare " in non-quoted-field');
      at = comma === -1 ? line.length : comma;
    }
    fields.push(field);
    if (at >= line.length) return fields;
    at++;
  }
}

function malformed(line: string, why: string): BerthError {
  return new BerthError("invalid-argument", `parse error in '${line}': ${why}`);
}
