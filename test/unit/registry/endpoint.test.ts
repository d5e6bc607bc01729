import { describe, expect, test } from "bun:test";
import { isLoopback, registryHost, transportsFor } from "../../../src/registry/endpoint.ts";
import { isSameSite, judgeRealm } from "../../../src/registry/token-realm.ts";

const shown = (host: string, insecure: string[] = []) =>
  transportsFor(host, insecure).map(({ scheme, verify }) => `${scheme}${verify ? "" : ", unverified"}`);

test("Docker Hub is served by another host than its name", () => {
  expect(registryHost("docker.io")).toBe("registry-1.docker.io");
  expect(registryHost("quay.io")).toBe("quay.io");
});

test("loopback hosts", () => {
  for (const host of [
    "localhost",
    "LOCALHOST:5000",
    "a.localhost:1",
    "127.0.0.1",
    "127.9.9.9:80",
    "[::1]:5000",
    "[::1]",
  ])
    expect(isLoopback(host)).toBe(true);
  for (const host of [
    "localhost.example.com",
    "127.0.0.1.example.com",
    "128.0.0.1",
    "[::2]",
    "notlocalhost:1",
    "10.0.0.1",
  ])
    expect(isLoopback(host)).toBe(false);
});

describe("transports", () => {
  test("verified HTTPS is all there is for a public host", () => {
    expect(shown("example.com")).toEqual(["https"]);
    expect(shown("example.com:5000", ["example.com", "other:5000"])).toEqual(["https"]);
  });
  test("loopback tries plain HTTP first, but not on the ports of TLS", () => {
    expect(shown("localhost:5000")).toEqual(["http", "https"]);
    expect(shown("[::1]:5000")).toEqual(["http", "https"]);
    expect(shown("localhost")).toEqual(["https", "http"]);
    expect(shown("localhost:443")).toEqual(["https", "http"]);
  });
  test("what is listed as insecure needs no right certificate, then no TLS", () => {
    expect(shown("example.com:5000", ["Example.com:5000"])).toEqual([
      "https, unverified",
      "http, unverified",
    ]);
    expect(shown("localhost:5000", ["localhost:5000"])).toEqual(["http, unverified", "https, unverified"]);
  });
});

describe("token realms", () => {
  test("hosts that belong together", () => {
    expect(isSameSite("registry-1.docker.io", "auth.docker.io")).toBe(true);
    expect(isSameSite("registry.gitlab.com", "gitlab.com")).toBe(true);
    expect(isSameSite("ghcr.io", "ghcr.io")).toBe(true);
    expect(isSameSite("example.com", "auth.example.com")).toBe(true);
  });
  test("hosts that do not", () => {
    expect(isSameSite("registry-1.docker.io", "auth.docker.io.evil.com")).toBe(false);
    expect(isSameSite("example.com", "other.com")).toBe(false);
    expect(isSameSite("registry.example.com", "notexample.com")).toBe(false);
    expect(isSameSite("127.0.0.1", "127.0.0.2")).toBe(false);
    expect(isSameSite("10.1.0.1", "9.1.0.1")).toBe(false);
    expect(isSameSite("localhost", "evil.localhost")).toBe(false);
    expect(isSameSite("[::1]", "[::2]")).toBe(false);
  });
  test("anywhere, where a certificate has proved who names them", () => {
    const realm = "https://auth.example.net/token";
    const registry = new URL("https://registry.example.com/");
    expect(judgeRealm(registry, realm, []).trusted).toBe(true);
    expect(judgeRealm(registry, realm, ["registry.example.com"]).trusted).toBe(false);
    expect(judgeRealm(new URL("http://registry.example.com/"), realm, []).trusted).toBe(false);
    expect(judgeRealm(registry, "https://auth.example.com/token", ["registry.example.com"]).trusted).toBe(
      true,
    );
  });
  test("plain HTTP only beside a registry that is plain itself", () => {
    const secure = new URL("https://registry.example.com/");
    expect(() => judgeRealm(secure, "http://registry.example.com/token", [])).toThrow("plain HTTP");
    const plain = new URL("http://registry.example.com/");
    expect(judgeRealm(plain, "http://registry.example.com:99/token", []).trusted).toBe(true);
    expect(() => judgeRealm(plain, "http://auth.example.com/token", [])).toThrow("plain HTTP");
    expect(judgeRealm(plain, "http://auth.example.com/token", ["auth.example.com"]).trusted).toBe(true);
  });
});
