/**
 * A process of its own that imports an image, for tests that run several at once or kill them.
 * argv: data directory, log file, number of layers, bytes per layer. Appends `<digest> <offset>` to the log for every blob
 * that it fetches and `unpack <diff id>` for every layer that it unpacks; prints a dot for every step, then `done`.
 */
import { appendFileSync } from "node:fs";
import { importImage } from "../../src/image/import-image.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { Store } from "../../src/store/store.ts";
import { FakeUnpacker } from "./fake-unpacker.ts";
import { memoryImage } from "./memory-image.ts";
import { MemorySource } from "./memory-source.ts";
import { removeTree } from "./temporary-store.ts";

export function exampleImage(layers: number, size: number) {
  const contents = Array.from({ length: layers }, (_, index) => new Uint8Array(size).fill(index + 1));
  return memoryImage({ layers: contents, compression: "none" });
}

if (import.meta.main) {
  const [directory = "", log = "", layers = "1", size = "1"] = process.argv.slice(2);
  const source = new MemorySource().add(
    "docker.io/library/x:latest",
    exampleImage(Number(layers), Number(size)),
  );
  source.chunkSize = 4096;
  source.beforeChunk = (digest, offset) => {
    if (offset === 0 || offset % 4096 !== 0) appendFileSync(log, `${digest} ${offset}\n`);
    process.stdout.write(".");
  };
  const unpacker = new FakeUnpacker();
  unpacker.during = ({ diffId }) => {
    appendFileSync(log, `unpack ${diffId}\n`);
    process.stdout.write(".");
  };
  const store = Store.open(directory, { mode: "read-write" });
  await store.temporary.sweep(removeTree);
  const reference = parseReference("x:latest");
  const { image } = await importImage({
    origin: { kind: "reference", reference, resolver: source },
    names: ["docker.io/library/x:latest"],
    rememberDigest: true,
    platform: { os: "linux", architecture: "amd64" },
    store,
    source,
    unpacker,
    removeTree,
  });
  process.stdout.write(`done ${image.id}\n`);
}
