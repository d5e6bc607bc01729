import { expect, test } from "bun:test";
import { proxyFor } from "../../../src/registry/proxy.ts";

const proxy = (address: string, env: Record<string, string>) => proxyFor(new URL(address), env);
const secure = "http://proxy.example:3128";

test("each scheme has its variable, in upper or lower case", () => {
  for (const env of [
    { HTTPS_PROXY: secure, HTTP_PROXY: "http://plain.example" },
    { https_proxy: secure, http_proxy: "http://plain.example" },
    { HTTPS_PROXY: secure, https_proxy: "http://wrong.example", HTTP_PROXY: "plain.example" },
  ]) {
    expect(proxy("https://registry.example/v2/", env)).toBe(secure);
    expect(proxy("http://registry.example/v2/", env)).toBe("http://plain.example");
  }
  expect(proxy("https://registry.example/", { HTTP_PROXY: secure })).toBeUndefined();
});

test("this machine is always asked directly", () => {
  for (const host of ["localhost", "127.0.0.1", "[::1]"])
    expect(proxy(`http://${host}:5000/`, { HTTP_PROXY: secure })).toBeUndefined();
});

test.each([
  ["*", true],
  ["registry.example", true],
  ["example", true],
  [".example", true],
  ["*.example", true],
  ["a.registry.example", false],
  [".registry.example", false],
  ["gistry.example", false],
  ["REGISTRY.example ", true],
  ["other.example, registry.example", true],
  ["registry.example:5000", true],
  ["registry.example:443", false],
  ["", false],
])("NO_PROXY=%s", (list, direct) => {
  for (const name of ["NO_PROXY", "no_proxy"]) {
    const found = proxy("https://registry.example:5000/", { HTTPS_PROXY: secure, [name]: list });
    expect(found).toBe(direct ? undefined : secure);
  }
});

test.each([
  ["10.0.0.0/8", "10.200.3.4", true],
  ["10.0.0.0/8", "11.0.0.1", false],
  ["192.168.7.0/31", "192.168.7.1", true],
  ["192.168.7.0/31", "192.168.7.2", false],
  ["0.0.0.0/0", "8.8.8.8", true],
  ["10.1.2.3", "10.1.2.3", true],
  ["10.0.0.0/x", "10.1.2.3", false],
  ["2001:db8::7", "[2001:db8::7]", true],
  ["[2001:db8::7]", "[2001:db8::7]", true],
])("NO_PROXY=%s for %s", (list, host, direct) => {
  const found = proxy(`https://${host}/`, { HTTPS_PROXY: secure, NO_PROXY: list });
  expect(found).toBe(direct ? undefined : secure);
});

test("a proxy of another kind is refused without telling its password", () => {
  const refused = () => proxy("https://registry.example/", { HTTPS_PROXY: "socks5://me:secret@proxy" });
  expect(refused).toThrow("HTTPS_PROXY does not name a proxy of HTTP or HTTPS");
});
