import { describe, expect, test } from "bun:test";
import { BerthError } from "../../../src/base/errors.ts";
import { mediaTypes } from "../../../src/oci/media-types.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import type { BlobBytes } from "../../../src/oci/transport.ts";
import { startFaultyRegistry } from "../../support/faulty-registry.ts";
import { failureOf, openTestRegistry, patternedBytes } from "../../support/registry-client.ts";
import { sha256 } from "../../support/registry-image.ts";
import { startUploadRegistry } from "../../support/upload-registry.ts";

const small = patternedBytes(1000);
const large = patternedBytes(3_000_000);
const describeBlob = (bytes: Uint8Array) => ({
  mediaType: mediaTypes.ociLayerGzip,
  digest: sha256(bytes),
  size: bytes.length,
});
const bytesOf = (bytes: Uint8Array): BlobBytes =>
  async function* (offset) {
    for (let at = offset; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
  };
const push = (host: string, bytes: Uint8Array, client = openTestRegistry(), options = {}) =>
  client.pushBlob(parseReference(`${host}/team/app`), describeBlob(bytes), bytesOf(bytes), options);

describe("a blob", () => {
  test("goes in one request when it is small, and in one chunk when it is large", async () => {
    await using registry = startUploadRegistry();
    expect(await push(registry.host, small)).toEqual({ kind: "pushed" });
    expect(registry.talk).toEqual(["HEAD blobs/DIGEST", "POST blobs/uploads/", "PUT blobs/uploads/ID"]);
    const counts: number[] = [];
    const onBytes = (sent: number) => counts.push(sent);
    expect(await push(registry.host, large, undefined, { onBytes })).toEqual({ kind: "pushed" });
    expect(registry.talk.slice(4)).toEqual([
      "POST blobs/uploads/",
      "PATCH blobs/uploads/ID",
      "PUT blobs/uploads/ID",
    ]);
    for (const bytes of [small, large])
      expect(sha256(registry.blobs.get(`team/app/${sha256(bytes)}`)!)).toBe(sha256(bytes));
    expect(counts.at(-1)).toBe(large.length);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    const patch = registry.requests.find(({ method }) => method === "PATCH")!;
    expect(patch.headers["content-length"]).toBe(String(large.length));
    expect(patch.headers["content-range"]).toBeUndefined();
  });

  test("of no bytes is pushed too", async () => {
    await using registry = startUploadRegistry();
    expect(await push(registry.host, new Uint8Array())).toEqual({ kind: "pushed" });
    expect(registry.blobs.size).toBe(1);
  });

  test("that is there already is not sent", async () => {
    await using registry = startUploadRegistry();
    await push(registry.host, large);
    const before = registry.requests.length;
    expect(await push(registry.host, large)).toEqual({ kind: "present" });
    expect(registry.requests.slice(before).map(({ method }) => method)).toEqual(["GET", "HEAD"]);
  });

  test("is mounted where the registry can, and sent in the upload that it opens where not", async () => {
    await using registry = startUploadRegistry({ mountable: ["team/base"] });
    const from = (mountFrom: string) => push(registry.host, large, undefined, { mountFrom });
    expect(await from("team/base")).toEqual({ kind: "mounted", from: "team/base" });
    await using other = startUploadRegistry();
    expect(await push(other.host, large, undefined, { mountFrom: "team/base" })).toEqual({ kind: "pushed" });
    expect(other.talk).toEqual([
      "HEAD blobs/DIGEST",
      "POST blobs/uploads/",
      "PATCH blobs/uploads/ID",
      "PUT blobs/uploads/ID",
    ]);
  });

  test("goes on where an interrupted upload stopped", async () => {
    await using registry = startUploadRegistry({ breakAfter: [1_000_000, 500_000] });
    expect(await push(registry.host, large)).toEqual({ kind: "pushed" });
    const patches = registry.requests.filter(({ method }) => method === "PATCH");
    expect(patches).toHaveLength(3);
    const [first, second, third] = patches;
    expect(second!.headers["content-range"]).toBe(`${first!.length}-${large.length - 1}`);
    expect(third!.headers["content-range"]).toBe(`${first!.length + second!.length}-${large.length - 1}`);
    expect(third!.length).toBe(large.length - first!.length - second!.length);
  });

  test("starts over where the registry forgot the upload", async () => {
    await using registry = startUploadRegistry({ breakAfter: [1_000_000], forgets: true });
    expect(await push(registry.host, large)).toEqual({ kind: "pushed" });
    expect(registry.talk.filter((line) => line.startsWith("POST"))).toHaveLength(2);
  });

  test("that does not arrive in as many tries as there are, is an error", async () => {
    await using registry = startUploadRegistry({ breakAfter: [1, 1, 1, 1, 1, 1, 1, 1], forgets: true });
    const error = await failureOf(push(registry.host, large, openTestRegistry({ retry: { attempts: 3 } })));
    expect(error.code).toBe("registry");
    expect(error.message).toContain("received unexpected HTTP status 503");
  });

  test("with another digest than its content is refused by the registry, once", async () => {
    await using registry = startUploadRegistry();
    const reference = parseReference(`${registry.host}/team/app`);
    const lie = { ...describeBlob(large), digest: sha256(small) };
    const error = await failureOf(openTestRegistry().pushBlob(reference, lie, bytesOf(large)));
    expect(error.message).toContain("digest invalid: digest is wrong");
    expect(registry.talk.filter((line) => line.startsWith("PATCH"))).toHaveLength(1);
  });

  test("that cannot be read here is an error, and nothing is tried again", async () => {
    await using registry = startUploadRegistry();
    const reference = parseReference(`${registry.host}/team/app`);
    const broken: BlobBytes = async function* () {
      yield large.subarray(0, 100_000);
      throw new BerthError("internal", "the disk is gone");
    };
    const error = await failureOf(openTestRegistry().pushBlob(reference, describeBlob(large), broken));
    expect(error.message).toBe("the disk is gone");
    expect(registry.blobs.size).toBe(0);
  });

  test("stops when it is called off", async () => {
    await using registry = startUploadRegistry();
    const controller = new AbortController();
    const onBytes = () => controller.abort();
    const error = await failureOf(
      push(registry.host, large, undefined, { signal: controller.signal, onBytes }),
    );
    expect(error.code).toBe("interrupted");
    expect(registry.blobs.size).toBe(0);
  });
});

describe("credentials", () => {
  const basic = btoa("user:dTpw");
  const credentials = async () => ({ username: "user", password: "dTpw" });

  test("are sent with uploads to the registry itself", async () => {
    await using registry = startUploadRegistry({ basic });
    expect(await push(registry.host, large, openTestRegistry({ credentials }))).toEqual({ kind: "pushed" });
  });

  test("without them pushing is refused with what would help", async () => {
    await using registry = startUploadRegistry({ basic });
    const error = await failureOf(push(registry.host, large));
    expect(error.code).toBe("unauthorized");
    expect(error.message).toBe(
      `push access denied for ${registry.host}/team/app, repository does not exist or may require authorization: no basic auth credentials`,
    );
    expect(error.hint).toContain(`berth login ${registry.host}`);
  });

  test("do not go to an upload address of another host", async () => {
    await using elsewhere = startUploadRegistry();
    await using registry = startUploadRegistry({ basic, uploadsAt: `http://${elsewhere.host}` });
    await failureOf(push(registry.host, large, openTestRegistry({ credentials })));
    const uploads = elsewhere.requests.filter(({ method }) => method !== "GET");
    expect(uploads.length).toBeGreaterThan(0);
    for (const { headers } of elsewhere.requests) expect(headers.authorization).toBeUndefined();
  });

  for (const uses of [1, 2, 3, 4]) {
    test(`a token that ends after ${uses} of four requests is renewed, also in the middle of an upload`, async () => {
      await using registry = startUploadRegistry({ usesOfToken: uses });
      expect(await push(registry.host, large)).toEqual({ kind: "pushed" });
      expect(registry.blobs.get(`team/app/${sha256(large)}`)).toEqual(Buffer.from(large));
      const tokens = registry.requests.filter(({ path }) => path.startsWith("/token"));
      expect(tokens).toHaveLength(Math.ceil(4 / uses));
    });
  }

  test("a token is asked for with the right to push, and to read what is mounted", async () => {
    await using registry = startFaultyRegistry({ auth: { kind: "bearer" } });
    await failureOf(push(registry.host, large, openTestRegistry(), { mountFrom: "team/base" }));
    const asked = registry.requests
      .filter(({ path }) => path.startsWith("/token"))
      .map(({ path }) => new URL(path, registry.origin).searchParams.getAll("scope"));
    expect(asked).toContainEqual(["repository:team/app:pull,push"]);
    expect(asked).toContainEqual(["repository:team/app:pull,push", "repository:team/base:pull"]);
  });
});

describe("a manifest", () => {
  const bytes = Buffer.from('{ "schemaVersion": 2,\n "any": "spelling" }');
  const descriptor = { mediaType: mediaTypes.dockerManifest, digest: sha256(bytes), size: bytes.length };

  test("arrives byte for byte under its tag and with its type", async () => {
    await using registry = startUploadRegistry();
    await openTestRegistry().pushManifest(parseReference(`${registry.host}/team/app:1`), {
      descriptor,
      bytes,
    });
    const stored = registry.manifests.get("team/app/1")!;
    expect(Buffer.from(stored.bytes)).toEqual(bytes);
    expect(stored.type).toBe(mediaTypes.dockerManifest);
  });

  test("that the registry changed is an error", async () => {
    await using registry = startUploadRegistry({ saysDigest: sha256(small) });
    const reference = parseReference(`${registry.host}/team/app:1`);
    const error = await failureOf(openTestRegistry().pushManifest(reference, { descriptor, bytes }));
    expect(error.code).toBe("digest-mismatch");
  });
});
