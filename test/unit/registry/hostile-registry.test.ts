/** Security cases B1 to B10, as far as they concern the registry client. */
import { describe, expect, test } from "bun:test";
import { sha256Of } from "../../../src/oci/digest.ts";
import { mediaTypes } from "../../../src/oci/media-types.ts";
import type { Digest } from "../../../src/oci/types.ts";
import { type Fault, startFaultyRegistry } from "../../support/faulty-registry.ts";
import { download, failureOf, openTestRegistry, patternedBytes } from "../../support/registry-client.ts";

const layers = [patternedBytes(200_000)];
const encode = (document: unknown) => Buffer.from(JSON.stringify(document));

describe("B1: content that is not what its digest or size says", () => {
  test("a manifest asked for by digest that has another one", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    registry.inject("/manifests/", { kind: "corrupt" });
    const client = openTestRegistry();
    const byDigest = { ...image.reference, digest: image.manifestDigest };
    expect((await failureOf(client.resolve(byDigest))).code).toBe("digest-mismatch");
    expect((await failureOf(client.fetchManifest(image.reference, image.manifest))).code).toBe(
      "digest-mismatch",
    );
  });

  test("another valid manifest than the one asked for by digest", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    const other = registry.addImage({ layers: [patternedBytes(10)], tag: "other" });
    const { bytes } = await openTestRegistry().resolve(other.reference);
    const headers = { "content-type": other.manifest.mediaType };
    registry.inject("/manifests/sha256", { kind: "answer", status: 200, headers, body: bytes });
    const byDigest = { ...image.reference, digest: image.manifestDigest };
    expect((await failureOf(openTestRegistry().resolve(byDigest))).code).toBe("digest-mismatch");
  });

  test("a manifest whose size is not the descriptor's", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    const descriptor = { ...image.manifest, size: image.manifest.size + 1 };
    const error = await failureOf(openTestRegistry().fetchManifest(image.reference, descriptor));
    expect(error.code).toBe("digest-mismatch");
  });

  test("a Docker-Content-Digest that lies", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    registry.inject("/manifests/", {
      kind: "headers",
      headers: { "docker-content-digest": sha256Of("something else") },
    });
    const client = openTestRegistry();
    for (const reference of [image.reference, { ...image.reference, digest: image.manifestDigest }])
      expect((await failureOf(client.resolve(reference))).code).toBe("digest-mismatch");
  });

  test("a Docker-Content-Digest of another algorithm is checked too", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    const { bytes } = await openTestRegistry().resolve(image.reference);
    const right = `sha512:${new Bun.CryptoHasher("sha512").update(bytes).digest("hex")}`;
    const answerWith = (digest: string) =>
      registry.inject("/manifests/", { kind: "headers", headers: { "docker-content-digest": digest } });
    answerWith(right);
    expect((await openTestRegistry().resolve(image.reference)).descriptor).toEqual(image.manifest);
    answerWith(`sha512:${"0".repeat(128)}`);
    expect((await failureOf(openTestRegistry().resolve(image.reference))).code).toBe("digest-mismatch");
  });

  const sizes: [string, Fault][] = [
    ["shorter", { kind: "truncate", bytes: 1000 }],
    ["longer", { kind: "append", bytes: 10 }],
    ["longer, of unknown length", { kind: "append", bytes: 100_000, chunked: true }],
    ["endless", { kind: "endless" }],
  ];
  for (const [name, fault] of sizes) {
    test(`a blob that is ${name}`, async () => {
      await using registry = startFaultyRegistry();
      const image = registry.addImage({ layers });
      registry.inject("/blobs/", fault);
      let received = 0;
      const reading = (async () => {
        const { body } = await openTestRegistry().fetchBlob(image.reference, image.layers[0]!);
        for await (const chunk of body) received += chunk.length;
      })();
      expect((await failureOf(reading)).code).toBe("digest-mismatch");
      expect(received).toBeLessThanOrEqual(layers[0]!.length);
    });
  }

  test("a blob that is shorter and does not say so", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    registry.addBlob(layers[0]!.subarray(0, 1000), image.layers[0]!.digest);
    registry.inject("/blobs/", { kind: "chunked" });
    const error = await failureOf(download(openTestRegistry().fetchBlob(image.reference, image.layers[0]!)));
    expect(error.code).toBe("digest-mismatch");
  });

  test("a blob of unknown length that is right", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    registry.inject("/blobs/", { kind: "chunked" });
    const bytes = await download(openTestRegistry().fetchBlob(image.reference, image.layers[0]!));
    expect(bytes).toEqual(Buffer.from(layers[0]!));
  });
});

describe("B2: ambiguous documents", () => {
  const descriptor = { mediaType: mediaTypes.ociConfig, digest: sha256Of("c"), size: 1 };
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: descriptor, layers: [] };
  const documents: [string, object, string][] = [
    ["layers and manifests", { ...manifest, manifests: [] }, mediaTypes.ociManifest],
    ["another media type than its Content-Type", manifest, mediaTypes.ociIndex],
    ["the Content-Type of an index, but layers", { ...manifest, mediaType: undefined }, mediaTypes.ociIndex],
    [
      "Docker's media type, sent as OCI",
      { ...manifest, mediaType: mediaTypes.dockerManifest },
      mediaTypes.ociManifest,
    ],
  ];
  for (const [name, document, contentType] of documents) {
    test(`a document with ${name}`, async () => {
      await using registry = startFaultyRegistry();
      const { reference } = registry.addManifest("a", encode(document), contentType, "latest");
      expect((await failureOf(openTestRegistry().resolve(reference))).code).toBe("invalid-image");
    });
  }

  test("a descriptor that calls an index a manifest", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers, index: [{ os: "linux", architecture: "amd64" }] });
    const wrong = { ...image.index!, mediaType: mediaTypes.ociManifest };
    const error = await failureOf(openTestRegistry().fetchManifest(image.reference, wrong));
    expect(error.code).toBe("invalid-image");
  });

  test("a schema 1 manifest is named as what it is", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addManifest(
      "a",
      encode({ schemaVersion: 1, fsLayers: [] }),
      mediaTypes.dockerSchema1Signed,
      "latest",
    );
    expect((await failureOf(openTestRegistry().resolve(reference))).code).toBe("unsupported");
  });

  test("what is no JSON at all", async () => {
    await using registry = startFaultyRegistry();
    for (const body of ["", "[]", "null", "{", "\u0000"]) {
      const { reference } = registry.addManifest("a", Buffer.from(body), mediaTypes.ociManifest, "latest");
      expect((await failureOf(openTestRegistry().resolve(reference))).code).toBe("invalid-image");
    }
  });
});

describe("B3: digests that are paths", () => {
  for (const text of [
    "sha256:../../x",
    "../../x:00",
    `sha256:${"A".repeat(64)}`,
    `sha256:${"a".repeat(63)}/`,
    "",
  ]) {
    test(`${JSON.stringify(text)} never gets into an address`, async () => {
      await using registry = startFaultyRegistry();
      const image = registry.addImage({ layers });
      const client = openTestRegistry();
      const descriptor = { ...image.layers[0]!, digest: text as Digest };
      expect((await failureOf(client.fetchBlob(image.reference, descriptor))).code).toBe("invalid-argument");
      expect((await failureOf(client.fetchManifest(image.reference, descriptor))).code).toBe(
        "invalid-argument",
      );
      registry.inject("/manifests/", { kind: "headers", headers: { "docker-content-digest": text || "x" } });
      expect((await failureOf(client.resolve(image.reference))).code).toBe("registry");
      expect(registry.requests.filter(({ path }) => path.includes("/blobs/"))).toHaveLength(0);
    });
  }
});

describe("B5: foreign layers", () => {
  test("are never fetched from their addresses, and the error says so", async () => {
    await using elsewhere = startFaultyRegistry({ auth: { kind: "basic", username: "u", password: "p" } });
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    for (const url of [`${elsewhere.origin}/layer`, "file:///etc/passwd"]) {
      const foreign = { ...image.layers[0]!, digest: sha256Of("foreign"), urls: [url] };
      const error = await failureOf(openTestRegistry().fetchBlob(image.reference, foreign));
      expect(error.code).toBe("unsupported");
      expect(error.hint).toContain("foreign layers");
    }
    expect(elsewhere.requests).toHaveLength(0);
  });

  test("that the registry has come from the registry", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    const foreign = { ...image.layers[0]!, urls: ["http://127.0.0.1:1/"] };
    const bytes = await download(openTestRegistry().fetchBlob(image.reference, foreign));
    expect(bytes).toEqual(Buffer.from(layers[0]!));
  });
});

describe("B6: redirects", () => {
  const auth = { kind: "basic", username: "user", password: "dTpw" } as const;
  const credentials = async () => ({ username: "user", password: "dTpw" });

  test("to another port are followed without the authorization", async () => {
    await using storage = startFaultyRegistry();
    await using registry = startFaultyRegistry({ auth });
    const image = registry.addImage({ layers });
    storage.addImage({ layers });
    const digest = image.layers[0]!.digest;
    registry.inject(({ path, headers }) => path.includes("/blobs/") && headers.authorization !== undefined, {
      kind: "redirect",
      to: `${storage.origin}/v2/x/blobs/${digest}?signature=secret`,
    });
    const bytes = await download(
      openTestRegistry({ credentials }).fetchBlob(image.reference, image.layers[0]!),
    );
    expect(bytes).toEqual(Buffer.from(layers[0]!));
    expect(storage.requests).toHaveLength(1);
    expect(storage.requests[0]!.headers.authorization).toBeUndefined();
  });

  test("on the same origin keep the authorization", async () => {
    await using registry = startFaultyRegistry({ auth });
    const image = registry.addImage({ layers });
    const digest = image.layers[0]!.digest;
    registry.inject(({ path }) => path.startsWith("/v2/library/app/blobs/"), {
      kind: "redirect",
      to: `/v2/moved/blobs/${digest}`,
    });
    const client = openTestRegistry({ credentials });
    await client.resolve(image.reference);
    expect(await download(client.fetchBlob(image.reference, image.layers[0]!))).toEqual(
      Buffer.from(layers[0]!),
    );
    expect(registry.requests.at(-1)!.headers.authorization).toStartWith("Basic ");
  });

  test("to another origin and back do not bring the authorization back", async () => {
    await using storage = startFaultyRegistry();
    await using registry = startFaultyRegistry({ auth });
    const image = registry.addImage({ layers });
    const client = openTestRegistry({ credentials });
    await client.resolve(image.reference);
    const digest = image.layers[0]!.digest;
    registry.inject("/v2/library/app/blobs/", { kind: "redirect", to: `${storage.origin}/away` });
    storage.inject("/away", { kind: "redirect", to: `${registry.origin}/v2/back/blobs/${digest}` });
    const error = await failureOf(client.fetchBlob(image.reference, image.layers[0]!));
    expect(error.code).toBe("unauthorized");
    expect(registry.requests.at(-1)!.path).toStartWith("/v2/back/");
    expect(registry.requests.at(-1)!.headers.authorization).toBeUndefined();
  });

  test("whose target asks for credentials get none", async () => {
    await using storage = startFaultyRegistry({ auth });
    await using registry = startFaultyRegistry({ auth });
    const image = registry.addImage({ layers });
    const client = openTestRegistry({ credentials });
    await client.resolve(image.reference);
    registry.inject("/blobs/", { kind: "redirect", to: `${storage.origin}/v2/x/blobs/y` });
    expect((await failureOf(client.fetchBlob(image.reference, image.layers[0]!))).code).toBe("registry");
    expect(storage.requests.length).toBeGreaterThan(0);
    for (const request of storage.requests) expect(request.headers.authorization).toBeUndefined();
  });

  test("with an expired signature are asked for again", async () => {
    await using storage = startFaultyRegistry();
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    storage.addImage({ layers });
    registry.inject("/blobs/", {
      kind: "redirect",
      to: `${storage.origin}/v2/x/blobs/${image.layers[0]!.digest}`,
    });
    storage.inject("/blobs/", { kind: "answer", status: 403 }, { times: 1 });
    const bytes = await download(openTestRegistry().fetchBlob(image.reference, image.layers[0]!));
    expect(bytes).toEqual(Buffer.from(layers[0]!));
  });

  test("carry the range along", async () => {
    await using storage = startFaultyRegistry();
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    storage.addImage({ layers });
    registry.inject("/blobs/", {
      kind: "redirect",
      to: `${storage.origin}/v2/x/blobs/${image.layers[0]!.digest}`,
    });
    const stream = await openTestRegistry().fetchBlob(image.reference, image.layers[0]!, { offset: 500 });
    expect(stream.offset).toBe(500);
    expect(await download(Promise.resolve(stream))).toEqual(Buffer.from(layers[0]!.subarray(500)));
  });

  const refused: [string, (origin: string) => string][] = [
    ["to a file", () => "file:///etc/passwd"],
    ["to another scheme", () => "ftp://127.0.0.1/x"],
    ["to data", () => "data:,x"],
    ["with a user", (origin) => origin.replace("http://", "http://user:pw@")],
    ["to nonsense", () => "http://[::1"],
  ];
  for (const [name, to] of refused) {
    test(`${name} are refused`, async () => {
      await using registry = startFaultyRegistry();
      const image = registry.addImage({ layers });
      registry.inject("/blobs/", { kind: "redirect", to: to(registry.origin) });
      const error = await failureOf(openTestRegistry().fetchBlob(image.reference, image.layers[0]!));
      expect(error.code).toBe("registry");
      expect(error.message).not.toContain("pw");
    });
  }

  test("in a circle end after ten", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    registry.inject("/blobs/", { kind: "redirect", to: "?again" });
    const error = await failureOf(openTestRegistry().fetchBlob(image.reference, image.layers[0]!));
    expect(error.message).toContain("more than 10 times");
    expect(registry.requests.filter(({ path }) => path.includes("/blobs/"))).toHaveLength(11);
  });
});

describe("B8: bodies without an end", () => {
  test("a manifest", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    registry.inject("/manifests/", { kind: "endless" });
    const error = await failureOf(openTestRegistry().resolve(reference));
    expect(error.code).toBe("registry");
    expect(error.message).toContain("4194304 bytes");
  });

  test("a manifest that is declared to be short", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    registry.inject("/manifests/", { kind: "endless", declared: 10 });
    expect((await failureOf(openTestRegistry().resolve(reference))).message).toContain(
      "answers with more than",
    );
  });

  test("a manifest that is declared too long is not read", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    registry.inject("/manifests/", { kind: "headers", headers: { "content-length": "2147483648" } });
    expect((await failureOf(openTestRegistry().resolve(reference))).message).toContain("4194304 bytes");
  });

  test("a descriptor of a manifest that is too long is not asked for", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    const huge = { ...image.manifest, size: 4 * 1024 * 1024 + 1 };
    expect((await failureOf(openTestRegistry().fetchManifest(image.reference, huge))).code).toBe(
      "invalid-image",
    );
    expect(registry.requests).toHaveLength(0);
  });

  test("headers", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    const many = Array.from({ length: 100_000 }, (_, index) => [`x-${index}`, "x"]);
    for (const headers of [{ "x-long": "x".repeat(10_000_000) }, Object.fromEntries(many)]) {
      registry.inject("/manifests/", { kind: "headers", headers });
      expect((await failureOf(openTestRegistry().resolve(reference))).code).toBe("network");
    }
  });

  for (const status of [400, 403, 404]) {
    test(`an error body with status ${status}`, async () => {
      await using registry = startFaultyRegistry();
      const { reference } = registry.addImage({ layers });
      registry.inject("/manifests/", { kind: "endless", status });
      await failureOf(openTestRegistry().resolve(reference));
    });
  }

  test("the body of a redirect", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    registry.inject("/manifests/", { kind: "endless", status: 302 });
    expect((await failureOf(openTestRegistry().resolve(reference))).message).toContain("without saying");
  });

  test("the body of a challenge", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    registry.inject("/manifests/", { kind: "endless", status: 401 });
    expect((await failureOf(openTestRegistry().resolve(reference))).code).toBe("unauthorized");
  });
});

describe("B9: content coding that nobody asked for", () => {
  test("a blob labelled as gzip keeps its bytes", async () => {
    await using registry = startFaultyRegistry();
    const zipped = Bun.gzipSync(new Uint8Array(layers[0]!));
    const image = registry.addImage({ layers: [zipped] });
    registry.inject("/blobs/", { kind: "headers", headers: { "content-encoding": "gzip" } });
    const bytes = await download(openTestRegistry().fetchBlob(image.reference, image.layers[0]!));
    expect(sha256Of(bytes)).toBe(image.layers[0]!.digest);
  });

  test("a manifest labelled as gzip keeps its bytes", async () => {
    await using registry = startFaultyRegistry();
    const image = registry.addImage({ layers });
    registry.inject("/manifests/", { kind: "headers", headers: { "content-encoding": "gzip" } });
    expect((await openTestRegistry().resolve(image.reference)).descriptor).toEqual(image.manifest);
  });
});

test("C17: what a registry says is one line without control characters", async () => {
  await using registry = startFaultyRegistry();
  const { reference } = registry.addImage({ layers });
  const secrets = "Bearer abc.def Basic dTpw https://u:p@h/x?sig=secret";
  const message = `a\u001b]0;title\u0007\nb ${secrets} ${"x".repeat(1000)}`;
  registry.inject("/manifests/", {
    kind: "answer",
    status: 404,
    body: JSON.stringify({ errors: [{ code: "MANIFEST_UNKNOWN", message }] }),
  });
  const error = await failureOf(openTestRegistry().resolve(reference));
  expect(error.message).not.toMatch(/[\u0000-\u001f\u007f]|secret|abc\.def|dTpw|u:p@/);
  expect(error.message.length).toBeLessThan(500);
});
