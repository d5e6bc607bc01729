/** An image with one large layer, which exists only while it is sent. */
import { createHash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";

const block = randomBytes(1 << 20);

/** An archive with one file: what comes before its content, and what after. */
async function envelope(size: number): Promise<{ head: Uint8Array; tail: Uint8Array }> {
  const archive = pack();
  archive.entry({ name: "large", size });
  const { value } = await archive[Symbol.asyncIterator]().next();
  archive.destroy();
  return { head: value as Uint8Array, tail: new Uint8Array(1024) };
}

export interface LargeLayer extends Disposable {
  /** A reference to pull. */
  readonly image: string;
}

/** A registry on loopback that has `library/large`, whose only layer has `megabytes` MiB, compressed or not. */
export async function serveLargeLayer(megabytes: number): Promise<LargeLayer> {
  const { head, tail } = await envelope(megabytes * block.length);
  // Members of a gzip file follow each other (RFC 1952 section 2.2), and random bytes do not become fewer.
  const [first, middle, last] = [gzipSync(head), gzipSync(block, { level: 0 }), gzipSync(tail)];
  const [layer, tar] = [createHash("sha256"), createHash("sha256")];
  const parts = [[first, head], ...Array.from({ length: megabytes }, () => [middle, block]), [last, tail]];
  for (const [compressed, plain] of parts) {
    layer.update(compressed!);
    tar.update(plain!);
  }
  const size = first.length + megabytes * middle.length + last.length;
  const documents = new Map<string, string>();
  const add = (mediaType: string, content: object) => {
    const text = JSON.stringify(content);
    const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    documents.set(digest, text);
    return { mediaType, digest, size: text.length };
  };
  const config = add("application/vnd.oci.image.config.v1+json", {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    rootfs: { type: "layers", diff_ids: [`sha256:${tar.digest("hex")}`] },
  });
  const layerDigest = `sha256:${layer.digest("hex")}`;
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = add(mediaType, {
    schemaVersion: 2,
    mediaType,
    config,
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: layerDigest, size }],
  });
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const name = new URL(request.url).pathname.split("/").at(-1) ?? "";
      if (name === layerDigest) {
        const sent = parts[Symbol.iterator]();
        const body = new ReadableStream<Uint8Array>({
          pull(controller) {
            const { value, done } = sent.next();
            if (done) controller.close();
            else controller.enqueue(value[0]!);
          },
        });
        return new Response(body, { headers: { "content-length": String(size) } });
      }
      const text = documents.get(name === "latest" ? manifest.digest : name);
      if (text === undefined) return new Response(null, { status: 404 });
      return new Response(text, { headers: { "content-type": mediaType } });
    },
  });
  return {
    image: `127.0.0.1:${server.port}/library/large`,
    [Symbol.dispose]: () => void server.stop(true),
  };
}
