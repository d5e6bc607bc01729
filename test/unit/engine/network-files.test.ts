import { expect, test } from "bun:test";
import { networkFiles, resolvConf } from "../../../src/engine/network-files.ts";

const slirp = { kind: "private", address: "10.0.2.100", nameserver: "10.0.2.3" } as const;
const host =
  "# made by hand\nnameserver 127.0.0.53\nsearch corp.example lab.example\noptions edns0 trust-ad\n";

test("a container with its own network asks the network's resolver and keeps search and options", () => {
  expect(resolvConf(slirp, host)).toBe(
    "search corp.example lab.example\noptions edns0 trust-ad\nnameserver 10.0.2.3\n",
  );
  expect(resolvConf(slirp, "")).toBe("nameserver 10.0.2.3\n");
});

test("a container on the host's network has the host's file", () => {
  expect(resolvConf({ kind: "host" }, host)).toBe(host);
});

test("hosts names the container where it has an address", () => {
  expect(networkFiles(slirp, "box").hosts).toContain("10.0.2.100\tbox\n");
  expect(networkFiles({ kind: "none" }, "box").hosts).not.toContain("box");
  expect(networkFiles({ kind: "none" }, "box").hosts).toStartWith("127.0.0.1\tlocalhost\n");
  expect(networkFiles({ kind: "none" }, "box").hostname).toBe("box\n");
});
