import { describe, expect, spyOn, test } from "bun:test";
import { sha256Of } from "../../../src/oci/digest.ts";
import { manifestAccept } from "../../../src/oci/media-types.ts";
import { startFaultyRegistry } from "../../support/faulty-registry.ts";
import { download, failureOf, openTestRegistry, patternedBytes } from "../../support/registry-client.ts";

const layers = [patternedBytes(5000), patternedBytes(7000, 2)];

describe("resolving", () => {
  for (const mediaTypes of ["oci", "docker"] as const) {
    test(`answers a tag with the ${mediaTypes} manifest and its digest`, async () => {
      await using registry = startFaultyRegistry();
      const image = registry.addImage({ layers, mediaTypes });
      const { descriptor, bytes } = await openTestRegistry().resolve(image.reference);
      expect(descriptor).toEqual(image.manifest);
      expect(sha256Of(bytes)).toBe(image.manifestDigest);
      const request = registry.requests.at(-1)!;
      expect(request.path).toBe("/v2/library/app/manifests/latest");
      expect(request.headers.accept).toBe(manifestAccept.join(", "));
    });

    test(`answers with the ${mediaTypes} index, whose manifests can be fetched`, async () => {
      await using registry = startFaultyRegistry();
      const index = [{ os: "linux", architecture: "amd64" }];
      const image = registry.addImage({ layers, mediaTypes, index });
      const client = openTestRegistry();
      const { descriptor } = await client.resolve(image.reference);
      expect(descriptor).toEqual(image.index!);
      const manifest = await client.fetchManifest(image.reference, image.manifest);
      expect(sha256Of(manifest.bytes)).toBe(image.manifestDigest);
    });
  }

  test("asks by digest when the reference has one, whatever its tag", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    const reference = { ...image.reference, tag: "nonsense", digest: image.manifestDigest };
    expect((await openTestRegistry().resolve(reference)).descriptor).toEqual(image.manifest);
    expect(registry.requests.at(-1)!.path).toBe(`/v2/library/app/manifests/${image.manifestDigest}`);
  });

  test("asks for latest when the reference names nothing", async () => {
    await using registry = startFaultyRegistry();
    const { reference, manifest } = registry.addImage({ layers });
    const { domain, path } = reference;
    expect((await openTestRegistry().resolve({ domain, path })).descriptor).toEqual(manifest);
  });

  test("takes the media type from the document where the registry states none", async () => {
    await using registry = startFaultyRegistry();
    const { reference, manifest } = registry.addImage({ layers });
    for (const type of [null, "application/json", "text/plain; charset=utf-8"]) {
      registry.inject("/manifests/", { kind: "headers", headers: { "content-type": type } }, { times: 1 });
      expect((await openTestRegistry().resolve(reference)).descriptor).toEqual(manifest);
    }
  });

  test("does not check again what was checked when it came, and checks what was not", async () => {
    await using registry = startFaultyRegistry();
    const { reference, manifest } = registry.addImage({ layers });
    const wrong = { "content-type": "application/vnd.oci.image.index.v1+json" };
    registry.inject("/manifests/", { kind: "headers", headers: wrong }, { times: 2 });
    const known = await openTestRegistry().resolve(reference, undefined, (digest) =>
      digest === manifest.digest ? manifest.mediaType : undefined,
    );
    expect(known.descriptor).toEqual(manifest);
    const error = await failureOf(openTestRegistry().resolve(reference, undefined, () => undefined));
    expect(error.code).toBe("invalid-image");
  });

  test("takes one request, also from a registry that may speak HTTP or TLS", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    await openTestRegistry().resolve(reference);
    expect(registry.requests.map(({ path }) => path)).toEqual(["/v2/library/app/manifests/latest"]);
  });

  test("uses one connection for one thing after another", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    const client = openTestRegistry();
    await client.resolve(image.reference);
    for (const layer of image.layers) await download(client.fetchBlob(image.reference, layer));
    await download(client.fetchBlob(image.reference, image.config));
    expect(registry.connections).toBe(1);
  });
});

describe("an unhelpful registry", () => {
  test("without the manifest", async () => {
    await using registry = startFaultyRegistry();
    registry.addImage({ layers });
    const reference = { domain: registry.host, path: "library/app", tag: "other" };
    const error = await failureOf(openTestRegistry().resolve(reference));
    expect(error.code).toBe("not-found");
    expect(error.message).toBe(`manifest for ${registry.host}/library/app:other not found: manifest unknown`);
  });

  test("without the repository", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    const body = JSON.stringify({
      errors: [{ code: "NAME_UNKNOWN", message: "repository name not known to registry" }],
    });
    registry.inject("/manifests/", { kind: "answer", status: 404, body });
    const error = await failureOf(openTestRegistry().resolve(reference));
    expect(error.code).toBe("not-found");
    expect(error.message).toBe(
      `repository ${registry.host}/library/app not found: name unknown: repository name not known to registry`,
    );
  });

  test("without the blob", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    registry.removeBlob(image.layers[0]!.digest);
    const error = await failureOf(openTestRegistry().fetchBlob(image.reference, image.layers[0]!));
    expect(error.code).toBe("not-found");
    expect(error.message).toContain(image.layers[0]!.digest);
  });

  test("that forbids", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: "requested access is denied" }] });
    registry.inject("/manifests/", { kind: "answer", status: 403, body });
    const error = await failureOf(openTestRegistry().resolve(reference));
    expect(error.code).toBe("denied");
    expect(error.message).toBe(
      `pull access denied for ${registry.host}/library/app, repository does not exist or may require 'docker login': denied: requested access is denied`,
    );
    expect(error.hint).toContain(`berth login ${registry.host}`);
  });

  test("that is not there", async () => {
    const gone = startFaultyRegistry();
    const { reference } = gone.addImage({ layers });
    await gone[Symbol.asyncDispose]();
    const error = await failureOf(openTestRegistry().resolve(reference));
    expect(error.code).toBe("network");
    expect(error.message).toContain("connect: connection refused");
  });

  test("whose name nobody knows", async () => {
    const reference = { domain: "registry.invalid", path: "library/app", tag: "latest" };
    const error = await failureOf(openTestRegistry().resolve(reference));
    expect(error.code).toBe("network");
    expect(error.message).toContain("lookup registry.invalid: no such host");
  });

  test("that answers no web page but HTML gives no HTML in the message", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    registry.inject("/manifests/", { kind: "answer", status: 418, body: "<html>\u001b[31m</html>" });
    const error = await failureOf(openTestRegistry().resolve(reference));
    expect(error.code).toBe("registry");
    expect(error.message).toContain("unexpected HTTP status 418");
    expect(error.message).not.toContain("<html>");
  });
});

describe("something else than a registry", () => {
  for (const status of [200, 404]) {
    test(`that answers ${status} with a web page`, async () => {
      await using registry = startFaultyRegistry();
      const { reference } = registry.addImage({ layers });
      const headers = { "content-type": "text/html; charset=utf-8" };
      registry.inject("/manifests/", { kind: "answer", status, headers, body: "<html>log in</html>" });
      const error = await failureOf(openTestRegistry().resolve(reference));
      expect(error.code).toBe("registry");
      expect(error.message).toBe(
        `${registry.host} answers with a web page (HTTP status ${status}) and is not a registry`,
      );
    });
  }
});

describe("a registry that is busy", () => {
  for (const status of [429, 500, 502, 503]) {
    test(`with ${status} is asked again`, async () => {
      await using registry = startFaultyRegistry();
      const { reference, manifest } = registry.addImage({ layers });
      registry.inject("/manifests/", { kind: "answer", status }, { times: 2 });
      expect((await openTestRegistry().resolve(reference)).descriptor).toEqual(manifest);
    });
  }

  test("is given the time that it asks for, and the person is told", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    registry.inject(
      "/blobs/",
      { kind: "answer", status: 429, headers: { "retry-after": "1" } },
      { times: 1 },
    );
    const told: unknown[] = [];
    const client = openTestRegistry({ onRetry: (...what) => told.push(what) });
    const begin = performance.now();
    await download(client.fetchBlob(image.reference, image.layers[0]!));
    expect(performance.now() - begin).toBeGreaterThanOrEqual(990);
    expect(told).toEqual([[image.layers[0]!.digest, 1]]);
  });

  test("for an hour is not waited for", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    const body = JSON.stringify({ errors: [{ code: "TOOMANYREQUESTS", message: "pull rate limit" }] });
    registry.inject("/manifests/", { kind: "answer", status: 429, headers: { "retry-after": "3600" }, body });
    const error = await failureOf(openTestRegistry().resolve(reference));
    expect(error.message).toBe("toomanyrequests: pull rate limit");
    expect(registry.requests.filter(({ path }) => path.includes("/manifests/"))).toHaveLength(1);
  });

  test("for good is an error after five tries", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    registry.inject("/manifests/", { kind: "answer", status: 503 });
    const error = await failureOf(openTestRegistry().resolve(reference));
    expect(error.code).toBe("registry");
    expect(error.message).toContain("unexpected HTTP status 503");
    expect(registry.requests.filter(({ path }) => path.includes("/manifests/"))).toHaveLength(5);
  });

  test("before any answer, by hanging up, is asked again", async () => {
    await using registry = startFaultyRegistry();
    const { reference, manifest } = registry.addImage({ layers });
    registry.inject("/manifests/", { kind: "reset" }, { times: 2 });
    expect((await openTestRegistry().resolve(reference)).descriptor).toEqual(manifest);
  });

  test("before any answer to this, by silence, is asked again", async () => {
    await using registry = startFaultyRegistry();
    const { reference, manifest } = registry.addImage({ layers });
    const client = openTestRegistry({ idleTimeoutMs: 50 });
    await client.resolve(reference); // whoever never spoke is not there
    registry.inject("/manifests/", { kind: "stall" }, { times: 1 });
    expect((await client.resolve(reference)).descriptor).toEqual(manifest);
  });

  test("from the first connection on is an error after the connect timeout", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    registry.inject("/", { kind: "stall" });
    const error = await failureOf(openTestRegistry({ connectTimeoutMs: 50 }).resolve(reference));
    expect(error.code).toBe("network");
    expect(error.message).toContain("no answer within");
  });
});

test("a registry that goes away in the middle of a pull is waited for", async () => {
  const registry = startFaultyRegistry();
  const image = registry.addImage({ layers });
  let waits = 0;
  const client = openTestRegistry({ onRetry: () => waits++ });
  await client.resolve(image.reference);
  await registry[Symbol.asyncDispose]();
  const error = await failureOf(client.fetchBlob(image.reference, image.layers[0]!));
  expect(error.message).toContain("connection refused");
  expect(waits).toBe(4);
});

test("a reader that stops early closes the connection", async () => {
  await using registry = startFaultyRegistry();
  const image = registry.addImage({ layers: [patternedBytes(300_000)] });
  registry.inject("/blobs/", { kind: "stall", afterBytes: 1000 });
  const { body } = await openTestRegistry().fetchBlob(image.reference, image.layers[0]!);
  for await (const _ of body) break;
  await registry.closed();
});

describe("an interruption", () => {
  test("ends a request that waits for its answer", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    const controller = new AbortController();
    registry.inject(
      (request) => {
        if (!request.path.includes("/manifests/")) return false;
        controller.abort();
        return true;
      },
      { kind: "stall" },
    );
    const error = await failureOf(openTestRegistry().resolve(reference, controller.signal));
    expect(error.code).toBe("interrupted");
  });

  test("ends the first answer of a registry in the middle", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    registry.inject("/manifests/", { kind: "stall", afterBytes: 10 });
    const controller = new AbortController();
    const { bytes } = Response.prototype;
    using _ = spyOn(Response.prototype, "bytes").mockImplementation(function (this: Response) {
      queueMicrotask(() => controller.abort());
      return bytes.call(this);
    });
    const client = openTestRegistry({ idleTimeoutMs: 60_000 });
    expect((await failureOf(client.resolve(reference, controller.signal))).code).toBe("interrupted");
    await registry.closed();
  });

  test("closes the connection of a first answer that comes after it", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    const controller = new AbortController();
    const isFirst = ({ path }: { path: string }) => {
      if (path.includes("/manifests/")) controller.abort();
      return path.includes("/manifests/");
    };
    registry.inject(isFirst, { kind: "stall", afterBytes: 10 });
    const client = openTestRegistry({ idleTimeoutMs: 60_000 });
    expect((await failureOf(client.resolve(reference, controller.signal))).code).toBe("interrupted");
    await registry.closed();
  });

  test("ends a blob in the middle and closes its connection", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers: [patternedBytes(300_000)] });
    registry.inject("/blobs/", { kind: "stall", afterBytes: 1000 });
    const controller = new AbortController();
    const { body } = await openTestRegistry().fetchBlob(image.reference, image.layers[0]!, {
      signal: controller.signal,
    });
    const reading = (async () => {
      for await (const _ of body) controller.abort();
    })();
    expect((await failureOf(reading)).code).toBe("interrupted");
  });

  test("ends the wait between two tries", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    registry.inject("/manifests/", { kind: "answer", status: 503, headers: { "retry-after": "60" } });
    const controller = new AbortController();
    const client = openTestRegistry({ onRetry: () => controller.abort() });
    const image = { ...reference, digest: sha256Of("x") };
    expect((await failureOf(client.resolve(image, controller.signal))).code).toBe("interrupted");
  });

  test("that came before is not even a request", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    const error = await failureOf(openTestRegistry().resolve(reference, AbortSignal.abort()));
    expect(error.code).toBe("interrupted");
    expect(registry.requests.filter(({ path }) => path.includes("/manifests/"))).toHaveLength(0);
  });
});
