/** An id as the lists show it: without its algorithm, 12 characters (moby client/pkg/stringid). */
export function shortId(id: string): string {
  const colon = id.indexOf(":");
  return id.slice(colon + 1, colon + 13);
}
