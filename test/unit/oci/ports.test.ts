import { describe, expect, test } from "bun:test";
import { isAddress, parseContainerPorts, parsePublish } from "../../../src/oci/ports.ts";

const tcp = { protocol: "tcp" } as const;
const at = (first: number, last = first) => ({ hostPorts: { first, last } });

describe("--publish", () => {
  test.each([
    ["80", [{ address: "", containerPort: 80, ...tcp }]],
    ["8080:80", [{ address: "", ...at(8080), containerPort: 80, ...tcp }]],
    ["53:53/udp", [{ address: "", ...at(53), containerPort: 53, protocol: "udp" }]],
    ["0:80/TCP", [{ address: "", containerPort: 80, ...tcp }]],
    ["127.0.0.1:8080:80", [{ address: "127.0.0.1", ...at(8080), containerPort: 80, ...tcp }]],
    ["127.0.0.1::80", [{ address: "127.0.0.1", containerPort: 80, ...tcp }]],
    ["127.0.0.1:80", [{ address: "127.0.0.1", containerPort: 80, ...tcp }]],
    ["[::1]:8080:80", [{ address: "::1", ...at(8080), containerPort: 80, ...tcp }]],
    ["[::1]::80", [{ address: "::1", containerPort: 80, ...tcp }]],
    ["2001:db8::1:8080:80", [{ address: "2001:db8::1", ...at(8080), containerPort: 80, ...tcp }]],
    ["8000-8010:80", [{ address: "", ...at(8000, 8010), containerPort: 80, ...tcp }]],
    [
      "8000-8001:80-81",
      [
        { address: "", ...at(8000), containerPort: 80, ...tcp },
        { address: "", ...at(8001), containerPort: 81, ...tcp },
      ],
    ],
    [
      "80-81",
      [
        { address: "", containerPort: 80, ...tcp },
        { address: "", containerPort: 81, ...tcp },
      ],
    ],
    ["published=8080,target=80", [{ address: "", ...at(8080), containerPort: 80, ...tcp }]],
    ["target=53,protocol=udp", [{ address: "", containerPort: 53, protocol: "udp" }]],
  ])("%s", (text, mappings) => {
    expect(parsePublish(text)).toEqual(mappings as never);
  });

  test.each([
    ["", "no port specified: <empty>"],
    ["8080:", "no port specified: 8080:<empty>"],
    ["80/icmp", "invalid proto: icmp"],
    ["80/sctp", "cannot publish 80/sctp: only tcp and udp can be"],
    ["x:80", "invalid hostPort: x"],
    ["8080:x", "invalid containerPort: x"],
    ["8080:0", "invalid containerPort: 0"],
    ["65536:80", "invalid hostPort: 65536"],
    ["81-80", "invalid containerPort: 81-80"],
    ["localhost:8080:80", "invalid IP address: localhost"],
    ["1.2.3.256:8080:80", "invalid IP address: 1.2.3.256"],
    ["[::1:8080:80", "invalid IP address: [::1:8080"],
    ["8000-8003:80-82", "invalid ranges specified for container and host Ports: 80-82 and 8000-8003"],
    ["target=80,colour=red", "invalid publish opts format (should be name=value but got 'colour=red')"],
  ])("%p is refused", (text, message) => {
    expect(() => parsePublish(text)).toThrow(message);
  });
});

test("exposed ports are single ones or ranges", () => {
  expect(parseContainerPorts("80")).toEqual([{ port: 80, protocol: "tcp" }]);
  expect(parseContainerPorts("53-54/udp")).toEqual([
    { port: 53, protocol: "udp" },
    { port: 54, protocol: "udp" },
  ]);
  expect(() => parseContainerPorts("8080:80")).toThrow("invalid containerPort: 8080:80");
});

test("addresses are told from other words", () => {
  expect(
    ["127.0.0.1", "::", "::1", "2001:db8::1", "::ffff:10.0.0.1"].filter((text) => !isAddress(text)),
  ).toEqual([]);
  expect(["127.0.0", "01.2.3.4", "::g", "1:2", "fe80::1%eth0", "a"].filter(isAddress)).toEqual([]);
});
