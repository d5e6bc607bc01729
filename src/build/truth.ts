/** A boolean as it is written in Dockerfiles and in what goes with them; undefined where it is none. */
export function truthOf(text: string): boolean | undefined {
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  return undefined;
}
