import { extract } from "tar-stream";

/**
 * A digest of what a tar of a tree holds: names, kinds, owners, modes, times and content of everything, and of directories the
 * names alone, because a layer need not describe those that it has. The order does not count.
 */
export async function treeFingerprint(tar: AsyncIterable<Uint8Array>): Promise<string> {
  const parser = extract();
  const lines: string[] = [];
  const fed = (async () => {
    for await (const chunk of tar)
      if (!parser.write(chunk)) await new Promise<void>((resolve) => parser.once("drain", () => resolve()));
    parser.end(null);
  })();
  fed.catch((error) => parser.destroy(error instanceof Error ? error : new Error(String(error))));
  for await (const entry of parser) {
    const { name, type, mode, uid, gid, mtime, size, linkname, devmajor, devminor } = entry.header;
    const hasher = new Bun.CryptoHasher("sha256");
    for await (const chunk of entry) hasher.update(chunk as Uint8Array);
    const facts =
      type === "directory"
        ? []
        : [mode, uid, gid, mtime?.getTime(), size, linkname, devmajor, devminor, hasher.digest("hex")];
    lines.push(JSON.stringify([name, type, ...facts]));
  }
  await fed;
  return new Bun.CryptoHasher("sha256").update(lines.sort().join("\n")).digest("hex");
}
