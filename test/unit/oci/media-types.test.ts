import { expect, test } from "bun:test";
import {
  compressionOf,
  isForeignLayer,
  isImageConfig,
  isIndex,
  isLayer,
  isManifest,
  isSchema1,
  manifestAccept,
} from "../../../src/oci/media-types.ts";

test("each layer type states its compression", () => {
  expect(compressionOf("application/vnd.oci.image.layer.v1.tar")).toBe("none");
  expect(compressionOf("application/vnd.oci.image.layer.v1.tar+gzip")).toBe("gzip");
  expect(compressionOf("application/vnd.oci.image.layer.v1.tar+zstd")).toBe("zstd");
  expect(compressionOf("application/vnd.docker.image.rootfs.diff.tar.gzip")).toBe("gzip");
  expect(compressionOf("application/vnd.docker.image.rootfs.diff.tar")).toBe("none");
  expect(compressionOf("application/vnd.cncf.helm.chart.content.v1.tar+gzip")).toBeUndefined();
});

test("foreign layers are layers and known as foreign", () => {
  for (const type of [
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
  ]) {
    expect(isLayer(type)).toBe(true);
    expect(isForeignLayer(type)).toBe(true);
  }
  expect(isForeignLayer("application/vnd.oci.image.layer.v1.tar")).toBe(false);
  expect(isForeignLayer("application/vnd.example.foreign.thing")).toBe(false);
});

test("indexes, manifests and configurations are told apart", () => {
  expect(manifestAccept.map((type) => [isIndex(type), isManifest(type)])).toEqual([
    [true, false],
    [true, false],
    [false, true],
    [false, true],
  ]);
  expect(isImageConfig("application/vnd.docker.container.image.v1+json")).toBe(true);
  expect(isImageConfig("application/vnd.oci.empty.v1+json")).toBe(false);
  expect(isSchema1("application/vnd.docker.distribution.manifest.v1+prettyjws")).toBe(true);
});
