import { describe, expect, test } from "bun:test";
import { type ErrorCode, isBerthError } from "../../../src/base/errors.ts";
import {
  checkLayers,
  isImageManifest,
  parseDescriptor,
  parseImageConfig,
  parseManifestOrIndex,
} from "../../../src/oci/validate.ts";
import { sharedCases } from "../../support/shared-cases.ts";

const digest = `sha256:${"0".repeat(64)}` as const;
const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";
const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest, size: 10 };
const layer = { mediaType: layerType, digest, size: 20 };
const manifest = { schemaVersion: 2, config, layers: [layer] };
const image = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [digest] } };
const ociManifest = "application/vnd.oci.image.manifest.v1+json";
const ociIndex = "application/vnd.oci.image.index.v1+json";

const encode = (value: unknown) =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

function refusal(action: () => unknown): { code: ErrorCode; message: string } | undefined {
  try {
    action();
  } catch (error) {
    if (isBerthError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  return undefined;
}

describe("manifests and indexes that are real pass", () => {
  test("a manifest with and without its media type", () => {
    expect(parseManifestOrIndex(encode(manifest))).toEqual({
      kind: "manifest",
      manifest: { schemaVersion: 2, config, layers: [layer] },
    });
    const named = { ...manifest, mediaType: ociManifest };
    expect(parseManifestOrIndex(encode(named), `${ociManifest}; charset=utf-8`).kind).toBe("manifest");
    expect(parseManifestOrIndex(encode(named), "application/json").kind).toBe("manifest");
  });

  test("null stands for absence", () => {
    const nulls = {
      ...manifest,
      annotations: null,
      subject: null,
      layers: [{ ...layer, urls: null, platform: null }],
    };
    expect(parseManifestOrIndex(encode(nulls))).toMatchObject({ manifest: { layers: [layer] } });
  });

  test("an index keeps platforms and drops empty ones", () => {
    const platform = { os: "linux", architecture: "arm", variant: "v7" };
    const index = {
      schemaVersion: 2,
      manifests: [
        { ...config, platform },
        { ...config, platform: { os: "", architecture: "" } },
      ],
    };
    const parsed = parseManifestOrIndex(encode(index));
    expect(parsed).toMatchObject({ kind: "index", index: { manifests: [{ platform }, {}] } });
    expect(parsed.kind === "index" && parsed.index.manifests[1]?.platform).toBeUndefined();
  });

  test("an empty index and an image without layers are not an error", () => {
    expect(parseManifestOrIndex(encode({ schemaVersion: 2, manifests: [] })).kind).toBe("index");
    expect(parseManifestOrIndex(encode({ ...manifest, layers: null })).kind).toBe("manifest");
  });

  test("an artifact is a manifest, but not of an image", () => {
    const artifact = { ...manifest, config: { ...config, mediaType: "application/vnd.oci.empty.v1+json" } };
    const parsed = parseManifestOrIndex(encode(artifact));
    expect(parsed.kind === "manifest" && isImageManifest(parsed.manifest)).toBe(false);
    const plain = parseManifestOrIndex(encode(manifest));
    expect(plain.kind === "manifest" && isImageManifest(plain.manifest)).toBe(true);
  });

  test("annotations named __proto__ stay data", () => {
    const text = JSON.stringify(manifest).replace(/}$/, ',"annotations":{"__proto__":"x","a":"b"}}');
    const parsed = parseManifestOrIndex(encode(text));
    const annotations = parsed.kind === "manifest" ? parsed.manifest.annotations : undefined;
    expect(Object.entries(annotations ?? {})).toEqual([
      ["__proto__", "x"],
      ["a", "b"],
    ]);
  });
});

describe("hostile or broken manifests are refused", () => {
  const cases: readonly (readonly [string, unknown, string | undefined, string])[] = [
    ["not JSON", "x", undefined, "not valid JSON"],
    ["not UTF-8", "\u0000", undefined, "not valid JSON"],
    ["a list", [], undefined, "not a JSON object"],
    ["null", null, undefined, "not a JSON object"],
    ["deep nesting", "[".repeat(200_000), undefined, "not valid JSON"],
    ["no schema version", { ...manifest, schemaVersion: undefined }, undefined, "schemaVersion"],
    ["another schema version", { ...manifest, schemaVersion: 3 }, undefined, "schemaVersion"],
    ["both layers and manifests", { ...manifest, manifests: [config] }, undefined, "ambiguous"],
    ["both, with a type", { ...manifest, mediaType: ociIndex, manifests: [config] }, undefined, "ambiguous"],
    ["fields of schema 1", { ...manifest, fsLayers: [] }, undefined, "ambiguous"],
    ["a key in other letters", { ...manifest, Layers: [] }, undefined, 'ambiguous field "Layers"'],
    [
      "a descriptor key twice",
      { ...manifest, config: { ...config, Digest: digest } },
      undefined,
      "ambiguous",
    ],
    [
      "a type that differs from what was sent",
      { ...manifest, mediaType: ociManifest },
      ociIndex,
      "was sent as",
    ],
    ["a manifest sent as an index", manifest, ociIndex, "not the"],
    ["an index sent as a manifest", { schemaVersion: 2, manifests: [] }, ociManifest, "not the"],
    ["an unknown own type", { ...manifest, mediaType: "application/x" }, undefined, "neither"],
    ["neither manifest nor index", { schemaVersion: 2 }, undefined, "config of the manifest"],
    ["a null layer", { ...manifest, layers: [null] }, undefined, "layers[0]"],
    ["a null manifest in an index", { schemaVersion: 2, manifests: [null] }, undefined, "manifests[0]"],
    ["layers as a map", { ...manifest, layers: {} }, undefined, "expected a list"],
    ["manifests as a map", { schemaVersion: 2, manifests: {} }, undefined, "not a list"],
    [
      "a digest that is a path",
      { ...manifest, layers: [{ ...layer, digest: "sha256:../../x" }] },
      undefined,
      "digest",
    ],
    ["no digest", { ...manifest, config: { ...config, digest: undefined } }, undefined, "digest of config"],
    ["a negative size", { ...manifest, layers: [{ ...layer, size: -1 }] }, undefined, "negative"],
    ["an unsafe size", { ...manifest, layers: [{ ...layer, size: 2 ** 53 }] }, undefined, "integer"],
    ["a fractional size", { ...manifest, layers: [{ ...layer, size: 1.5 }] }, undefined, "integer"],
    ["a size in words", { ...manifest, layers: [{ ...layer, size: "20" }] }, undefined, "integer"],
    [
      "a platform of numbers",
      { schemaVersion: 2, manifests: [{ ...config, platform: { os: 1 } }] },
      undefined,
      "os",
    ],
  ];
  test.each(cases)("%s", (_, document, contentType, message) => {
    const refused = refusal(() => parseManifestOrIndex(encode(document), contentType));
    expect(refused?.code).toBe("invalid-image");
    expect(refused?.message).toContain(message);
  });

  test("invalid UTF-8 and too many bytes", () => {
    expect(refusal(() => parseManifestOrIndex(new Uint8Array([0x7b, 0xff, 0x7d])))?.code).toBe(
      "invalid-image",
    );
    const large = new Uint8Array(4 * 1024 * 1024 + 1).fill(0x20);
    expect(refusal(() => parseManifestOrIndex(large))?.message).toContain("4194305 bytes");
  });

  test.each([
    [{ schemaVersion: 1, name: "a", tag: "b", fsLayers: [], history: [] }, undefined],
    [manifest, "application/vnd.docker.distribution.manifest.v1+prettyjws"],
  ])("schema 1 is unsupported, and says so (%#)", (document, contentType) => {
    const refused = refusal(() => parseManifestOrIndex(encode(document), contentType));
    expect(refused?.code).toBe("unsupported");
    expect(refused?.message).toContain("schema 1");
  });
});

describe("image configurations as they are found pass", () => {
  test("nulls everywhere, missing optional fields, unknown fields", () => {
    const wild = {
      ...image,
      created: "0001-01-01T00:00:00Z",
      container: "x",
      history: null,
      config: {
        Hostname: "h",
        Env: null,
        Cmd: null,
        Entrypoint: null,
        Volumes: null,
        ExposedPorts: { "80/tcp": {} },
        Labels: null,
        OnBuild: null,
        Healthcheck: null,
      },
    };
    expect(parseImageConfig(encode(wild))).toEqual({
      created: "0001-01-01T00:00:00Z",
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [digest] },
      config: { ExposedPorts: { "80/tcp": {} } },
    });
  });

  test("no diff ids at all, as of an image without layers", () => {
    expect(parseImageConfig(encode({ rootfs: { type: "layers", diff_ids: null } })).rootfs.diff_ids).toEqual(
      [],
    );
  });

  test("a command of one string is a list of one", () => {
    expect(parseImageConfig(encode({ ...image, config: { Cmd: "sh" } })).config?.Cmd).toEqual(["sh"]);
  });
});

describe("broken image configurations are refused", () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ["an artifact's", {}, "not an image"],
    ["another rootfs type", { ...image, rootfs: { type: "x", diff_ids: [] } }, "rootfs.type"],
    ["a bad diff id", { ...image, rootfs: { type: "layers", diff_ids: ["sha256:../x"] } }, "diff_ids[0]"],
    ["a null history entry", { ...image, history: [null] }, "history[0]"],
    ["a bad time", { ...image, created: "yesterday" }, "created"],
    ["an environment of numbers", { ...image, config: { Env: [1] } }, "config.Env"],
    ["an environment without a value", { ...image, config: { Env: ["A"] } }, "NAME=value"],
    ["an environment with NUL", { ...image, config: { Env: ["A=b\0c"] } }, "NAME=value"],
    ["labels of numbers", { ...image, config: { Labels: { a: 1 } } }, "config.Labels"],
    ["a user of numbers", { ...image, config: { User: 0 } }, "config.User"],
    ["volumes as a list", { ...image, config: { Volumes: ["/a"] } }, "config.Volumes"],
    ["a negative interval", { ...image, config: { Healthcheck: { Interval: -1 } } }, "Interval"],
    ["a key in other letters", { ...image, Rootfs: {} }, "ambiguous"],
  ];
  test.each(cases)("%s", (_, document, message) => {
    const refused = refusal(() => parseImageConfig(encode(document)));
    expect(refused?.code).toBe("invalid-image");
    expect(refused?.message).toContain(message);
  });
});

test("diff ids are counted against layers", () => {
  const parsed = parseManifestOrIndex(encode(manifest));
  if (parsed.kind !== "manifest") throw new Error("not a manifest");
  const one = parseImageConfig(encode({ ...image, history: [{ empty_layer: true }, { created_by: "x" }] }));
  checkLayers(parsed.manifest, one);
  const none = parseImageConfig(encode({ ...image, rootfs: { type: "layers", diff_ids: [] } }));
  expect(() => checkLayers(parsed.manifest, none)).toThrow("1 layers, but the configuration has 0 diff ids");
  const more = parseImageConfig(encode({ ...image, history: [{}, {}] }));
  expect(() => checkLayers(parsed.manifest, more)).toThrow("too many non-empty layers in History section");
});

interface SharedCase {
  readonly id: string;
  readonly kind: string;
  readonly valid: boolean;
  readonly document: string;
}

/** The schema allows digests of any algorithm, berth knows sha256; a manifest SHOULD have layers, `FROM scratch` has none. */
function berthAccepts({ document, valid }: SharedCase): boolean {
  if (/"(sha256[+.]|multihash)/.test(document)) return false;
  return valid || /"layers": \[\s*\]/.test(document);
}

const readers: Readonly<Record<string, (document: string) => unknown>> = {
  config: (text) => parseImageConfig(encode(text)),
  "docker-config": (text) => parseImageConfig(encode(text)),
  descriptor: (text) => parseDescriptor(JSON.parse(text)),
  index: (text) => parseManifestOrIndex(encode(text), ociIndex),
  imageIndex: (text) => parseManifestOrIndex(encode(text), ociIndex),
  "docker-imageIndex": (text) => parseManifestOrIndex(encode(text)),
  manifest: (text) => parseManifestOrIndex(encode(text), ociManifest),
  "docker-manifest": (text) => parseManifestOrIndex(encode(text)),
};

const cases = (JSON.parse(sharedCases("image-spec.json") ?? "[]") as SharedCase[]).filter(
  (item) => item.kind in readers,
);

describe.if(cases.length > 0)("the image specification's own cases", () => {
  test.each(cases.map((item) => [item.id, item] as const))("%s", (_, item) => {
    const refused = refusal(() => readers[item.kind]!(item.document));
    expect(refused === undefined).toBe(berthAccepts(item));
  });
});
