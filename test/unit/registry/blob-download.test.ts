import { describe, expect, test } from "bun:test";
import { startFaultyRegistry } from "../../support/faulty-registry.ts";
import {
  download,
  failureOf,
  openTestRegistry,
  patternedBytes,
  ReadGate,
  readAll,
} from "../../support/registry-client.ts";

const layer = patternedBytes(600_000);
const blobRequests = (requests: readonly { path: string }[]) =>
  requests.filter(({ path }) => path.includes("/blobs/"));

function registryWithLayer() {
  const registry = startFaultyRegistry();
  const { reference, layers } = registry.addImage({ layers: [layer] });
  return { registry, reference, descriptor: layers[0]! };
}

describe("a blob", () => {
  test("arrives whole", async () => {
    const { registry, reference, descriptor } = registryWithLayer();
    await using _ = registry;
    const stream = await openTestRegistry().fetchBlob(reference, descriptor);
    expect(stream.offset).toBe(0);
    expect(await readAll(stream)).toEqual(Buffer.from(layer));
  });

  test("is asked for without content coding and with the user agent", async () => {
    const { registry, reference, descriptor } = registryWithLayer();
    await using _ = registry;
    await download(openTestRegistry().fetchBlob(reference, descriptor));
    const { headers } = blobRequests(registry.requests)[0]! as (typeof registry.requests)[number];
    expect(headers["accept-encoding"]).toBe("identity");
    expect(headers["user-agent"]).toBe("berth-test/1");
    expect(headers.authorization).toBeUndefined();
  });

  test("continues from an offset", async () => {
    const { registry, reference, descriptor } = registryWithLayer();
    await using _ = registry;
    const stream = await openTestRegistry().fetchBlob(reference, descriptor, { offset: 1000 });
    expect(stream.offset).toBe(1000);
    expect(await readAll(stream)).toEqual(Buffer.from(layer.subarray(1000)));
  });

  test("starts over where the registry has no ranges", async () => {
    const { registry, reference, descriptor } = registryWithLayer();
    await using _ = registry;
    registry.inject("/blobs/", { kind: "no-ranges" });
    const stream = await openTestRegistry().fetchBlob(reference, descriptor, { offset: 1000 });
    expect(stream.offset).toBe(0);
    expect(await readAll(stream)).toEqual(Buffer.from(layer));
  });

  test("starts over where the Content-Range is not what was asked for", async () => {
    const { registry, reference, descriptor } = registryWithLayer();
    await using _ = registry;
    registry.inject(
      "/blobs/",
      { kind: "headers", headers: { "content-range": `bytes 5-9/${layer.length}` } },
      { times: 1 },
    );
    const stream = await openTestRegistry().fetchBlob(reference, descriptor, { offset: 1000 });
    expect(stream.offset).toBe(0);
    expect(await readAll(stream)).toEqual(Buffer.from(layer));
  });

  test("starts over after 416 for what another transfer left", async () => {
    const { registry, reference, descriptor } = registryWithLayer();
    await using _ = registry;
    registry.inject("/blobs/", { kind: "answer", status: 416 }, { times: 1 });
    const stream = await openTestRegistry().fetchBlob(reference, descriptor, { offset: 1000 });
    expect(stream.offset).toBe(0);
    expect(await readAll(stream)).toEqual(Buffer.from(layer));
  });

  test("that is there already is not asked for", async () => {
    const { registry, reference, descriptor } = registryWithLayer();
    await using _ = registry;
    const stream = await openTestRegistry().fetchBlob(reference, descriptor, { offset: layer.length });
    expect(stream.offset).toBe(layer.length);
    expect(await readAll(stream)).toHaveLength(0);
    expect(blobRequests(registry.requests)).toHaveLength(0);
  });
});

describe("a blob whose transfer breaks", () => {
  for (const kind of ["reset", "short", "stall"] as const) {
    test(`goes on with a range after a ${kind}`, async () => {
      const { registry, reference, descriptor } = registryWithLayer();
      await using _ = registry;
      const gate = new ReadGate();
      const hold = () => gate.reached(200_000);
      registry.inject("/blobs/", { kind, afterBytes: 200_000, hold }, { times: 1 });
      const waits: number[] = [];
      const client = openTestRegistry({
        idleTimeoutMs: kind === "stall" ? 100 : 5000,
        onRetry: (_digest, seconds) => waits.push(seconds),
      });
      expect(await download(client.fetchBlob(reference, descriptor), gate)).toEqual(Buffer.from(layer));
      expect(waits).toEqual([1]);
      const [first, second] = registry.requests.filter(({ path }) => path.includes("/blobs/"));
      expect(first!.headers.range).toBeUndefined();
      expect(second!.headers.range).toBe("bytes=200000-");
    });
  }

  test("goes on without ranges by skipping what was read", async () => {
    const { registry, reference, descriptor } = registryWithLayer();
    await using _ = registry;
    const gate = new ReadGate();
    const hold = () => gate.reached(300_000);
    registry.inject("/blobs/", { kind: "no-ranges" });
    registry.inject("/blobs/", { kind: "reset", afterBytes: 300_000, hold }, { times: 1 });
    const bytes = await download(openTestRegistry().fetchBlob(reference, descriptor), gate);
    expect(bytes).toEqual(Buffer.from(layer));
  });

  test("goes on as often as there is progress", async () => {
    const { registry, reference, descriptor } = registryWithLayer();
    await using _ = registry;
    const gate = new ReadGate();
    let sent = 0;
    const hold = () => {
      sent += 70_000;
      return gate.reached(sent);
    };
    registry.inject("/blobs/", { kind: "reset", afterBytes: 70_000, hold }, { times: 8 });
    const bytes = await download(openTestRegistry().fetchBlob(reference, descriptor), gate);
    expect(bytes).toEqual(Buffer.from(layer));
    expect(blobRequests(registry.requests)).toHaveLength(9);
  });

  for (const step of [0, 100, 10_000]) {
    test(`fails after five tries that bring ${step} bytes each`, async () => {
      const { registry, reference, descriptor } = registryWithLayer();
      await using _ = registry;
      const gate = new ReadGate();
      let sent = 0;
      const hold = () => {
        sent += step;
        return gate.reached(sent);
      };
      registry.inject("/blobs/", { kind: "reset", afterBytes: step, hold });
      const reading = download(openTestRegistry().fetchBlob(reference, descriptor), gate);
      const error = await failureOf(reading);
      expect(error.code).toBe("network");
      expect(blobRequests(registry.requests)).toHaveLength(5);
    });
  }

  test("waits for a slow reader without calling it a stall", async () => {
    const { registry, reference, descriptor } = registryWithLayer();
    await using _ = registry;
    const stream = await openTestRegistry({ idleTimeoutMs: 40 }).fetchBlob(reference, descriptor);
    let length = 0;
    for await (const chunk of stream.body) {
      if (length === 0) await Bun.sleep(120);
      length += chunk.length;
    }
    expect(length).toBe(layer.length);
    expect(blobRequests(registry.requests)).toHaveLength(1);
  });
});
