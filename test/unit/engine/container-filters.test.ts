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
    mounts: [
      { kind: "volume", name: "data", target: "/data" },
      { kind: "bind", source: "/srv", target: "/bound" },
    ],
  },
  state: { status: "exited", exitCode: 3 },
  ...more,
});
const older = record({ name: "older", createdAt: "2026-01-01T00:00:00.000Z" });
const surroundings = {
  descendants: (reference: string) => (id: string) => reference === "debian" && id === "sha256:1",
  container: () => older,
  networks: () => ["bridge"],
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
    [["name=/brave"], true],
    [["name=/curie"], false],
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
    [["volume=/srv"], true],
    [["volume=/sr"], false],
    [["network=bridge"], true],
    [["network=host"], false],
    [["health=none"], true],
    [["health=healthy"], false],
    [["is-task=true"], false],
    [["is-task=false"], true],
    [["expose=80"], false],
  ] as const)("%j is %p", (filters, expected) => {
    expect(holds(...filters)).toBe(expected);
  });

  const published = (...filters: string[]) =>
    containerFilter(
      filters,
      surroundings,
    )(
      record({
        options: {
          run: { network: { kind: "slirp4netns" } },
          mounts: [],
          exposed: [{ port: 53, protocol: "udp" }],
        },
        state: {
          status: "running",
          health: { status: "healthy", failingStreak: 0, log: [] },
          ports: [{ containerPort: 80, protocol: "tcp", address: "0.0.0.0", hostPort: 8080 }],
        },
      }),
    );

  test.each([
    [["publish=8080"], true],
    [["publish=8080/tcp"], true],
    [["publish=8000-8100"], true],
    [["publish=8080/udp"], false],
    [["publish=80"], false],
    [["expose=80"], true],
    [["expose=53/udp"], true],
    [["expose=53"], false],
    [["publish=1", "expose=80"], true],
    [["health=healthy"], true],
    [["health=unhealthy", "health=healthy"], true],
  ] as const)("%j of a running container with ports is %p", (filters, expected) => {
    expect(published(...filters)).toBe(expected);
  });

  test("unknown keys and values are refused", () => {
    expect(() => holds("colour=red")).toThrow("invalid filter 'colour'");
    expect(() => holds("health=fine")).toThrow("invalid filter 'health=fine'");
    expect(() => holds("is-task=perhaps")).toThrow("invalid filter 'is-task=perhaps'");
    expect(() => holds("publish=1:2")).toThrow("filter for 'publish' should not contain ':': 1:2");
    expect(() => holds("expose=http")).toThrow("error while looking up for expose http: ");
    expect(() => holds("status=sleeping")).toThrow("invalid filter 'status=sleeping'");
    expect(() => holds("exited=x")).toThrow("invalid filter");
    expect(() => holds("name=[")).toThrow("invalid filter");
    expect(() => holds("name")).toThrow("bad format of filter");
  });
});
