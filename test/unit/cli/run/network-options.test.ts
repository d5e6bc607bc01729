import { describe, expect, test } from "bun:test";
import { parseNetworkOption } from "../../../../src/cli/run/network-options.ts";

describe("parseNetworkOption", () => {
  test.each(["bridge", "default", "slirp4netns", ""])("takes %p for the default network", (name) => {
    expect(parseNetworkOption(name)).toEqual({ kind: "slirp4netns" });
  });

  test("takes pasta, and what Podman lets one say to it", () => {
    expect(parseNetworkOption("pasta")).toEqual({ kind: "pasta" });
    expect(parseNetworkOption("pasta:--mtu,1500,--map-gw,-4")).toEqual({
      kind: "pasta",
      options: { mtu: 1500, allowHostLoopback: true, enableIPv6: false },
    });
    expect(() => parseNetworkOption("pasta:-t,80")).toThrow("unknown pasta option -t");
    expect(() => parseNetworkOption("pasta:--mtu")).toThrow("invalid pasta option --mtu");
  });
});
