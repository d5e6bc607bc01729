import { S } from "../../sys/kernel-numbers.ts";
import { readSync } from "node:fs";
import type { DirectoryStack, Found } from "../../snapshot/directory-stack.ts";
import { metadataOf, openToRead, plainMetadata } from "../../snapshot/file-metadata.ts";
import type { ByteString } from "../../sys/byte-string.ts";
import type { FileSyscalls } from "../../sys/file-syscalls.ts";
import type { ContentDigest, DigestRequest, TreeItem } from "./protocol.ts";
import { Selection } from "./selection.ts";
import { Tree } from "./tree-path.ts";

/**
 * One digest over everything that a COPY would take: names, types, modes, owners where they are kept, attributes, links
 * and content, but no times (BuildKit's contenthash leaves them out, too).
 */
export function contentDigest(
  calls: FileSyscalls,
  items: DigestRequest["items"],
  open: (roots: readonly string[]) => readonly number[],
): ContentDigest {
  const digest = new Digester(calls);
  for (const item of items) {
    const selection = new Selection(new Tree(calls, open(item.roots)), item);
    for (const { name, place } of selection.select()) {
      const { directory } = place.found!;
      const isTree = !place.stack.isEmpty;
      const inDirectory = isTree ? "." : place.path.at(-1)!;
      // The directory of a build context itself is nobody's choice (layer-copy.ts).
      if (item.keepOwners || place.path.length > 0)
        digest.entry(item, [name], inDirectory, { directory, status: place.found!.status });
      if (isTree) digest.inside(item, selection, place.stack, place.path, []);
    }
    digest.end();
  }
  return digest.result();
}

class Digester {
  readonly #calls: FileSyscalls;
  readonly #hash = new Bun.CryptoHasher("sha256");
  readonly #buffer = Buffer.allocUnsafeSlow(1024 * 1024);
  #size = 0;

  constructor(calls: FileSyscalls) {
    this.#calls = calls;
  }

  result(): ContentDigest {
    return { digest: this.#hash.digest("hex"), size: this.#size };
  }

  /** Between items. */
  end(): void {
    this.#hash.update("\0");
  }

  inside(
    item: TreeItem,
    selection: Selection,
    stack: DirectoryStack,
    path: readonly ByteString[],
    below: readonly ByteString[],
  ): void {
    for (const { name, found, stack: inner } of selection.inside(stack, path, below)) {
      this.entry(item, [...below, name], name, found);
      if (inner !== undefined) this.inside(item, selection, inner, [...path, name], [...below, name]);
    }
  }

  entry(item: TreeItem, path: readonly ByteString[], name: ByteString, { directory, status }: Found): void {
    const type = status.mode & S.IFMT;
    const fd =
      type === S.IFREG || type === S.IFDIR
        ? openToRead(this.#calls, directory, name, path.join("/"))
        : undefined;
    try {
      const metadata = fd === undefined ? plainMetadata(status) : metadataOf(this.#calls, fd, status);
      const facts = {
        path: path.join("/"),
        type,
        mode: metadata.mode,
        owner: item.keepOwners ? [metadata.uid, metadata.gid] : [],
        attributes: metadata.attributes.map((attribute) => [
          attribute.name,
          attribute.value.toString("latin1"),
        ]),
        size: type === S.IFREG ? status.size : 0,
        link: type === S.IFLNK ? this.#calls.readLink(directory, name) : "",
        device: [status.nodeMajor, status.nodeMinor],
      };
      this.#hash.update(`${JSON.stringify(facts)}\n`);
      if (type === S.IFREG) this.#content(fd!);
    } finally {
      if (fd !== undefined) this.#calls.close(fd);
    }
  }

  #content(fd: number): void {
    for (;;) {
      const count = readSync(fd, this.#buffer);
      if (count === 0) return;
      this.#hash.update(this.#buffer.subarray(0, count));
      this.#size += count;
    }
  }
}
