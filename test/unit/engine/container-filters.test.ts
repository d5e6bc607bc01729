import { describe, expect, test } from "bun:test";
import { containerFilter } from "../../../src/engine/container-filters.ts";
import type { ContainerRecord } from "../../../src/store/types.ts";

const record = (more: object): ContainerRecord => ({
  id: "abc123",
  name: "brave_curie",
  imageId: "sha256:1",
  image: "debian",
  createdAt: "2026-01-02T00:00:00.000Z",
  command: [],
  labels: { tier: "web", empty: "" },
  options: {
    run: { network: { kind: "slirp4netns" } },
    mounts: [{ kind: "volume", name: "data", target: "/data" }],
  },
  state: { status: "exited", exitCode: 3 },
  ...more,
});
const older = record({ name: "older", createdAt: "2026-01-01T00:00:00.000Z" });
const surroundings = {
  imageId: (reference: string) => (reference === "debian" ? "sha256:1" : undefined),
  container: () => older,
};
const holds = (...filters: string[]) => containerFilter(filters, surroundings)(record({}));

describe("filters of ps", () => {
  test.each([
    [["id=abc"], true],
    [["id=bc"], false],
    [["name=curie"], true],
    [["name=^brave"], true],
    [["name=^/brave_curie$"], true],
    [["name=^curie"], false],
    [["label=tier"], true],
    [["label=tier=web"], true],
    [["label=tier=db"], false],
    [["label=empty="], true],
    [["label=tier=web", "label=empty"], true],
    [["label=tier=web", "label=none"], false],
    [["status=exited"], true],
    [["status=running"], false],
    [["status=running", "status=exited"], true],
    [["status=exited", "name=none"], false],
    [["exited=3"], true],
    [["exited=0"], false],
    [["ancestor=debian"], true],
    [["ancestor=other"], false],
    [["since=older"], true],
    [["before=older"], false],
    [["volume=data"], true],
    [["volume=/data"], true],
    [["network=bridge"], true],
    [["network=host"], false],
  ] as const)("%j is %p", (filters, expected) => {
    expect(holds(...filters)).toBe(expected);
  });

  test("unknown keys and values are refused", () => {
    expect(() => holds("colour=red")).toThrow("invalid filter 'colour'");
    expect(() => holds("status=sleeping")).toThrow("invalid filter 'status=sleeping'");
    expect(() => holds("exited=x")).toThrow("invalid filter");
    expect(() => holds("name=[")).toThrow("invalid filter");
    expect(() => holds("name")).toThrow("bad format of filter");
  });
});
