import { expect, test } from "bun:test";
import { unlinkSync } from "node:fs";
import { BerthError } from "../../../src/base/errors.ts";
import { importImage } from "../../../src/image/import-image.ts";
import { pushImage } from "../../../src/image/push-image.ts";
import { shortDigest } from "../../../src/oci/digest.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import type { PushedBlob, Pusher, TransferProgress } from "../../../src/oci/transport.ts";
import type { Digest } from "../../../src/oci/types.ts";
import { FakeUnpacker } from "../../support/fake-unpacker.ts";
import { memoryImage } from "../../support/memory-image.ts";
import { MemorySource } from "../../support/memory-source.ts";
import { failureOf } from "../../support/registry-client.ts";
import { removeTree, type TemporaryStore, temporaryStore } from "../../support/temporary-store.ts";

const reference = parseReference("host:1/team/app:1");
const name = "docker.io/library/x:latest";

/** Takes everything, in memory. */
class MemoryTarget implements Pusher {
  readonly blobs = new Map<Digest, Uint8Array>();
  readonly manifests: Uint8Array[] = [];
  readonly mounts: (string | undefined)[] = [];
  outcome: (digest: Digest) => PushedBlob = () => ({ kind: "pushed" });

  async pushBlob(...[, { digest }, open, options = {}]: Parameters<Pusher["pushBlob"]>): Promise<PushedBlob> {
    this.mounts.push(options.mountFrom);
    const outcome = this.outcome(digest);
    const parts: Uint8Array[] = [];
    for await (const part of open(0)) parts.push(part);
    this.blobs.set(digest, Buffer.concat(parts));
    return outcome;
  }

  async pushManifest(...[, document]: Parameters<Pusher["pushManifest"]>): Promise<void> {
    this.manifests.push(document.bytes);
  }
}

async function stored({ store }: TemporaryStore, layers = ["one", "two", "one"]) {
  const image = memoryImage({ layers });
  const source = new MemorySource().add(name, image);
  const { image: record } = await importImage({
    origin: { kind: "reference", reference: parseReference(name), resolver: source },
    names: [name],
    rememberDigest: true,
    store,
    source,
    unpacker: new FakeUnpacker(),
    removeTree,
  });
  return { image, record };
}

test("everything arrives byte for byte, a layer that is there twice once, the manifest last", async () => {
  using temporary = temporaryStore();
  const { image, record } = await stored(temporary);
  const target = new MemoryTarget();
  const [one, two] = [image.layers[0]!.digest, image.layers[1]!.digest];
  target.outcome = (digest) => (digest === two ? { kind: "mounted", from: "base" } : { kind: "present" });
  const progress: TransferProgress[] = [];
  const descriptor = await pushImage({
    store: temporary.store,
    image: record,
    reference,
    target,
    mountSource: (digest) => (digest === two ? "base" : undefined),
    onProgress: (event) => progress.push(event),
  });
  expect(descriptor.digest).toBe(image.root.digest);
  const { [image.root.digest]: manifest, ...rest } = Object.fromEntries(image.blobs);
  expect(Object.fromEntries(target.blobs)).toEqual(
    Object.fromEntries(Object.entries(rest).map(([digest, bytes]) => [digest, Buffer.from(bytes)])),
  );
  expect(target.manifests.map((bytes) => Buffer.from(bytes))).toEqual([Buffer.from(manifest!)]);
  expect(target.mounts.filter((from) => from !== undefined)).toEqual(["base"]);
  const lines = progress.flatMap((event) =>
    event.kind === "status" ? [`${event.id}: ${event.status}`] : [],
  );
  expect(lines.slice(0, 2)).toEqual([`${shortDigest(one)}: Preparing`, `${shortDigest(two)}: Preparing`]);
  expect(lines.slice(2).toSorted()).toEqual(
    [`${shortDigest(one)}: Layer already exists`, `${shortDigest(two)}: Mounted from base`].toSorted(),
  );
});

test("layers beyond five wait", async () => {
  using temporary = temporaryStore();
  const { image, record } = await stored(temporary, ["1", "2", "3", "4", "5", "6", "7"]);
  const waiting: Digest[] = [];
  await pushImage({
    store: temporary.store,
    image: record,
    reference,
    target: new MemoryTarget(),
    mountSource: () => undefined,
    onProgress: (event) => event.status === "Waiting" && waiting.push(event.digest),
  });
  expect(waiting).toEqual(image.layers.slice(5).map(({ digest }) => digest));
});

test("one layer that fails is the error, and no manifest is pushed", async () => {
  using temporary = temporaryStore();
  const { image, record } = await stored(temporary);
  const target = new MemoryTarget();
  target.outcome = (digest) => {
    if (digest === image.layers[1]!.digest) throw new BerthError("denied", "no");
    return { kind: "pushed" };
  };
  const pushing = pushImage({
    store: temporary.store,
    image: record,
    reference,
    target,
    mountSource: () => undefined,
  });
  expect((await failureOf(pushing)).message).toBe("no");
  expect(target.manifests).toEqual([]);
});

test("a blob that is gone is named before anything is sent", async () => {
  using temporary = temporaryStore();
  const { image, record } = await stored(temporary);
  const { digest } = image.layers[1]!;
  unlinkSync(temporary.store.blobs.path(digest));
  const target = new MemoryTarget();
  const pushing = pushImage({
    store: temporary.store,
    image: record,
    reference,
    target,
    mountSource: () => undefined,
  });
  const error = await failureOf(pushing);
  expect(error.code).toBe("not-found");
  expect(error.message).toContain(digest);
  expect(target.blobs.size).toBe(0);
});
