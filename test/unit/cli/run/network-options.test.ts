import { describe, expect, test } from "bun:test";
import { parseNetworkOption } from "../../../../src/cli/run/network-options.ts";

describe("parseNetworkOption", () => {
  test.each(["bridge", "default", "slirp4netns", ""])("takes %p for the default network", (name) => {
    expect(parseNetworkOption(name)).toEqual({ kind: "slirp4netns" });
  });

  test.each(["pasta", "pasta:--mtu,1500"])(
    "refuses %p instead of looking for a network of that name",
    (name) => {
      expect(() => parseNetworkOption(name)).toThrow("--network pasta is not supported yet");
    },
  );
});
