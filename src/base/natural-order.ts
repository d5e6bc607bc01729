/** Compares as people do: runs of digits by their value, everything else by its code units. */
export function naturalOrder(a: string, b: string): number {
  const [left, right] = [a.match(/\d+|\D+/g) ?? [], b.match(/\d+|\D+/g) ?? []];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [mine = "", theirs = ""] = [left[at], right[at]];
    const digits = /^\d/.test(mine) && /^\d/.test(theirs);
    const difference = digits ? Number(mine) - Number(theirs) : 0;
    if (difference !== 0) return difference;
    if (mine !== theirs) return mine < theirs ? -1 : 1;
  }
  return 0;
}
