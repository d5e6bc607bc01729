import { describe, expect, test } from "bun:test";
import {
  formatPlatform,
  hostPlatform,
  normalizePlatform,
  parsePlatform,
  platformMatches,
  selectPlatform,
} from "../../../src/oci/platform.ts";
import { sha256Of } from "../../../src/oci/digest.ts";
import type { Descriptor } from "../../../src/oci/types.ts";

const host = hostPlatform().architecture;

describe("a specifier becomes a platform as containerd reads it", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["linux/amd64", "linux/amd64"],
    ["linux/arm64/v8", "linux/arm64/v8"],
    ["linux/arm64", "linux/arm64"],
    ["linux/aarch64", "linux/arm64"],
    ["Linux/x86_64", "linux/amd64"],
    ["linux/amd64/v1", "linux/amd64"],
    ["linux/amd64/v3", "linux/amd64/v3"],
    ["x86-64", "linux/amd64"],
    ["arm64", "linux/arm64"],
    ["armhf", "linux/arm"],
    ["armel", "linux/arm/v6"],
    ["arm", "linux/arm"],
    ["linux/arm/v7", "linux/arm/v7"],
    ["linux/arm/7", "linux/arm/v7"],
    ["linux/arm/6", "linux/arm/v6"],
    ["linux/armhf/v7", "linux/arm/v7"],
    ["i386", "linux/386"],
    ["linux", `linux/${host}`],
    ["macOS", `darwin/${host}`],
    ["freebsd/riscv64", "freebsd/riscv64"],
    ["windows(10.0.17763)/amd64", "windows/amd64"],
    ["linux/newarch", "linux/newarch"],
  ];
  test.each(cases)("%s is %s", (specifier, formatted) => {
    const platform = parsePlatform(specifier);
    expect(formatPlatform(platform)).toBe(formatted);
    expect(normalizePlatform(parsePlatform(formatted))).toEqual(
      normalizePlatform({
        os: platform.os,
        architecture: platform.architecture,
        ...(platform.variant ? { variant: platform.variant } : {}),
      }),
    );
  });
});

test.each(["", "linux/*", "a/b/c/d", "linux/", "/amd64", "linux/am d64", "nonsense", "linux/amd64/"])(
  "%j is refused as a platform",
  (specifier) => expect(() => parsePlatform(specifier)).toThrow(`"${specifier}": `),
);

function offer(...platforms: readonly (string | undefined)[]): Descriptor[] {
  return platforms.map((text, i) => {
    const [os = "", architecture = "", variant] = text?.split("/") ?? [];
    return {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: sha256Of(String(i)),
      size: i,
      ...(text === undefined ? {} : { platform: { os, architecture, ...(variant ? { variant } : {}) } }),
    };
  });
}

describe("the best manifest of an index is chosen", () => {
  const cases: readonly (readonly [string, readonly (string | undefined)[], number | undefined])[] = [
    ["linux/amd64", ["linux/arm64", "linux/amd64"], 1],
    ["linux/amd64", ["linux/386", "linux/amd64"], 1],
    ["linux/amd64", ["linux/386"], 0],
    ["linux/amd64", ["unknown/unknown", "linux/amd64", "linux/amd64"], 1],
    ["linux/amd64", ["unknown/unknown"], undefined],
    ["linux/amd64", ["linux/amd64/v2", "linux/amd64"], 1],
    ["linux/amd64", ["linux/amd64/v2"], undefined],
    ["linux/amd64/v3", ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"], 1],
    ["linux/arm64", ["linux/arm/v7", "linux/arm64/v8"], 1],
    ["linux/arm64/v8", ["linux/arm64"], 0],
    ["linux/arm64", ["linux/arm/v6", "linux/arm/v7"], 1],
    ["linux/arm64/v8.2", ["linux/arm64/v8.3", "linux/arm64/v8.1", "linux/arm64"], 1],
    ["linux/arm64/v9", ["linux/arm64/v8.5", "linux/arm64"], 0],
    ["linux/arm/v7", ["linux/arm/v5", "linux/arm/v6"], 1],
    ["linux/arm/v6", ["linux/arm/v7", "linux/arm64"], undefined],
    ["linux/arm", ["linux/arm/v8", "linux/arm/v7"], 1],
    ["linux/s390x", ["linux/amd64", "linux/s390x"], 1],
    ["linux/s390x", ["linux/amd64"], undefined],
    ["windows/amd64", ["linux/amd64"], undefined],
    ["linux/amd64", [undefined, "linux/amd64"], 1],
    ["linux/amd64", ["linux/arm64", undefined], 1],
    ["linux/x86_64", ["LINUX/AMD64"], 0],
  ];
  test.each(cases)("%s from %j", (wanted, offered, index) => {
    expect(selectPlatform(offer(...offered), parsePlatform(wanted))?.size).toBe(index);
  });
});

test("an attestation without a platform is never chosen", () => {
  const [attestation] = offer(undefined);
  const marked = { ...attestation!, annotations: { "vnd.docker.reference.type": "attestation-manifest" } };
  expect(selectPlatform([marked], hostPlatform())).toBeUndefined();
});

test("a machine runs lesser variants and not greater ones", () => {
  expect(platformMatches(parsePlatform("linux/arm/v6"), parsePlatform("linux/arm/v7"))).toBe(true);
  expect(platformMatches(parsePlatform("linux/arm/v7"), parsePlatform("linux/arm/v6"))).toBe(false);
  expect(platformMatches(parsePlatform("linux/amd64"), parsePlatform("linux/386"))).toBe(false);
});

test("absurd variants do not make long lists", () => {
  expect(
    selectPlatform(offer("linux/arm/v5"), { os: "linux", architecture: "arm", variant: "v999999999" }),
  ).toBeUndefined();
});
