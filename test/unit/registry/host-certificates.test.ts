import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { certificateDirectories, hostCertificates } from "../../../src/registry/host-certificates.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

function directoryWith(path: string, host: string, files: readonly string[]): string {
  mkdirSync(join(path, host), { recursive: true });
  for (const name of files) writeFileSync(join(path, host, name), `content of ${name}`);
  return path;
}

test("a person's directory comes before the system's and Docker's", () => {
  expect(certificateDirectories({ HOME: "/home/a" })).toEqual([
    "/home/a/.config/containers/certs.d",
    "/etc/containers/certs.d",
    "/etc/docker/certs.d",
  ]);
  expect(certificateDirectories({ HOME: "/home/a", XDG_CONFIG_HOME: "/conf" })[0]).toBe(
    "/conf/containers/certs.d",
  );
});

test("the first directory with the very host and port decides", () => {
  using directory = temporaryDirectory();
  const first = directoryWith(join(directory.path, "1"), "r.example", ["ca.crt"]);
  const second = directoryWith(join(directory.path, "2"), "r.example:5000", [
    "ca.crt",
    "x.cert",
    "x.key",
    "note",
  ]);
  expect(hostCertificates("r.example", [first, second])).toEqual({ authorities: ["content of ca.crt"] });
  expect(hostCertificates("r.example:5000", [first, second])).toEqual({
    authorities: ["content of ca.crt"],
    client: { certificate: "content of x.cert", key: "content of x.key" },
  });
  expect(hostCertificates("r.example:443", [first, second])).toBeUndefined();
});

test.each([
  [["x.cert"], "has no key"],
  [["x.key"], "has no certificate"],
])("%j is refused", (files, message) => {
  using directory = temporaryDirectory();
  directoryWith(directory.path, "r.example", files);
  expect(() => hostCertificates("r.example", [directory.path])).toThrow(message);
});

test("a host is never another path", () => {
  using directory = temporaryDirectory();
  directoryWith(directory.path, "x", ["ca.crt"]);
  mkdirSync(join(directory.path, "certs.d"));
  for (const host of ["..", "../x", ".", "x/../x"])
    expect(hostCertificates(host, [join(directory.path, "certs.d")])).toBeUndefined();
});
