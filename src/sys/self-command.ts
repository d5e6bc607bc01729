/**
 * The argv prefix that starts this program again in another role: the executable itself, or Bun and the entry file
 * when it runs from source.
 */
export function selfCommand(): readonly string[] {
  const compiled = Bun.main.startsWith("/$bunfs/");
  return compiled ? [process.execPath] : [process.execPath, Bun.main];
}
