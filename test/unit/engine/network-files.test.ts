import { describe, expect, test } from "bun:test";
import {
  hosts,
  type NameFacts,
  networkFiles,
  reachableServers,
  resolvConf,
} from "../../../src/engine/network-files.ts";

const slirp: NameFacts = {
  hostname: "box",
  like: "private",
  addresses: ["10.0.2.100"],
  nameserver: "10.0.2.3",
};
const none: NameFacts = { hostname: "box", like: "none", addresses: [] };
const asked = { servers: [], search: [], options: [], hosts: [] };
const host =
  "# made by hand\nnameserver 127.0.0.53\nsearch corp.example lab.example\noptions edns0 trust-ad\n";

describe("resolv.conf", () => {
  test("a container with its own network asks the network's resolver and keeps search and options", () => {
    expect(resolvConf(slirp, host)).toBe(
      "search corp.example lab.example\noptions edns0 trust-ad\nnameserver 10.0.2.3\n",
    );
    expect(resolvConf(slirp, "")).toBe("nameserver 10.0.2.3\n");
  });

  test("resolvers of the host that are not on its loopback follow, three in all", () => {
    const text = "nameserver 192.0.2.1\nnameserver ::1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n";
    expect(resolvConf(slirp, text)).toBe("nameserver 10.0.2.3\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n");
  });

  test("a container on the host's network has the host's file, unless it asks for something", () => {
    const same: NameFacts = { hostname: "box", like: "host", addresses: [] };
    expect(resolvConf(same, host)).toBe(host);
    expect(resolvConf({ ...same, options: { ...asked, options: ["ndots:2"] } }, host)).toBe(
      "search corp.example lab.example\noptions ndots:2\nnameserver 127.0.0.53\n",
    );
  });

  test("what was asked for takes the place of the host's", () => {
    const options = { ...asked, servers: ["192.0.2.53"], search: ["a.example", "b.example"] };
    expect(resolvConf({ ...slirp, options }, host)).toBe(
      "search a.example b.example\noptions edns0 trust-ad\nnameserver 192.0.2.53\n",
    );
    expect(resolvConf({ ...slirp, options: { ...asked, search: ["."] } }, host)).not.toContain("search");
  });

  test("a resolver that knows neighbours is the only one, and hands on to those that can be reached", () => {
    const member: NameFacts = { ...slirp, nameserver: "127.0.0.11", answersNames: true };
    expect(resolvConf(member, "nameserver 192.0.2.1\n")).toBe("options ndots:0\nnameserver 127.0.0.11\n");
    expect(reachableServers(member, "nameserver 192.0.2.1\nnameserver 127.0.0.1\n")).toEqual(["192.0.2.1"]);
  });
});

describe("hosts", () => {
  test("names the container where it has an address", () => {
    expect(networkFiles(slirp).hosts).toContain("10.0.2.100\tbox\n");
    expect(networkFiles(none).hosts).not.toContain("box");
    expect(networkFiles(none).hosts).toStartWith("127.0.0.1\tlocalhost\n");
    expect(networkFiles(none).hostname).toBe("box\n");
  });

  test("has the full name first", () => {
    expect(hosts({ ...slirp, domainname: "example.org" }, "")).toContain("10.0.2.100\tbox.example.org box\n");
    expect(hosts({ ...slirp, hostname: "a.b" }, "")).toContain("10.0.2.100\ta.b a\n");
  });

  test("has what was added, and the host where its loopback is open", () => {
    const options = { ...asked, hosts: ["db:192.0.2.7", "six:2001:db8::1", "up:host-gateway"] };
    const text = hosts({ ...slirp, options, hostGateway: "10.0.2.2", hostLoopback: true }, "");
    expect(text).toContain("192.0.2.7\tdb\n2001:db8::1\tsix\n10.0.2.2\tup\n");
    expect(text).toContain("10.0.2.2\thost.docker.internal host.containers.internal\n");
    expect(hosts(slirp, "")).not.toContain("host.docker.internal");
  });
});
