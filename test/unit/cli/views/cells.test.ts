import { describe, expect, test } from "bun:test";
import { containerCells, commandLine } from "../../../../src/cli/views/container-cells.ts";
import { containerStatus } from "../../../../src/cli/views/container-status.ts";
import { historyCells } from "../../../../src/cli/views/history-cells.ts";
import { imageCells } from "../../../../src/cli/views/image-cells.ts";
import { shortId } from "../../../../src/cli/views/short-id.ts";
import type { ContainerSummary } from "../../../../src/engine/containers.ts";
import type { ContainerHealth, ContainerState } from "../../../../src/store/types.ts";

const now = new Date("2026-06-15T12:00:00Z");
const before = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();
const id = `sha256:${"0123456789abcdef".repeat(4)}` as const;

/** The text of every cell. */
function texts(cells: Readonly<Record<string, () => string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, cell()]));
}

test("ids are short without their algorithm", () => {
  expect(shortId(id)).toBe("0123456789ab");
  expect(shortId("abc")).toBe("abc");
});

describe("images", () => {
  const image = {
    id,
    repository: "alpine",
    tag: "latest",
    createdAt: before(3 * 7 * 86_400),
    size: 8_320_000,
    containers: 2,
    labels: {},
  };

  test("a named image", () => {
    expect(texts(imageCells(image, { truncate: true, now }))).toMatchObject({
      Containers: "2",
      CreatedSince: "3 weeks ago",
      Digest: "<none>",
      ID: "0123456789ab",
      Repository: "alpine",
      SharedSize: "N/A",
      Size: "8.32MB",
      Tag: "latest",
      UniqueSize: "N/A",
    });
  });

  test("an image without name, date and digest", () => {
    const { repository: _, tag: __, createdAt: ___, ...bare } = image;
    expect(texts(imageCells(bare, { truncate: false, now }))).toMatchObject({
      CreatedAt: "N/A",
      CreatedSince: "N/A",
      ID: id,
      Repository: "<none>",
      Tag: "<none>",
    });
  });

  test("an image whose maker had no time to tell", () => {
    const zero = imageCells({ ...image, createdAt: "0001-01-01T00:00:00Z" }, { truncate: true, now });
    expect(zero.CreatedSince()).toBe("N/A");
    const epoch = imageCells({ ...image, createdAt: "1970-01-01T00:00:00Z" }, { truncate: true, now });
    expect(epoch.CreatedSince()).toBe("56 years ago");
  });
});

describe("history", () => {
  const row = {
    id,
    created: before(7200),
    createdBy: "RUN\t/bin/sh -c x",
    size: 1500,
    comment: "",
    tags: [],
  };

  test("a step for people", () => {
    expect(texts(historyCells(row, { truncate: true, human: true, now }))).toMatchObject({
      ID: "0123456789ab",
      CreatedSince: "2 hours ago",
      CreatedBy: "RUN /bin/sh -c x",
      Size: "1.5kB",
      Comment: "",
    });
  });

  test("a step of a pulled image has no id; an old date tells nothing; bytes for programs", () => {
    const { id: _, ...bare } = row;
    const cells = texts(
      historyCells({ ...bare, created: "1970-01-01T00:00:00Z" }, { truncate: true, human: false, now }),
    );
    expect(cells).toMatchObject({ ID: "<missing>", CreatedSince: "N/A", Size: "1500" });
    expect(Date.parse(cells.CreatedAt!)).toBe(0);
  });

  test("a long command is cut to 45 columns, unless it is asked for in full", () => {
    const long = { ...row, createdBy: "x".repeat(60) };
    expect(historyCells(long, { truncate: true, human: true, now }).CreatedBy()).toBe(`${"x".repeat(44)}…`);
    expect(historyCells(long, { truncate: false, human: true, now }).CreatedBy()).toBe("x".repeat(60));
  });
});

describe("ps", () => {
  const container: ContainerSummary = {
    id: "fedcba9876543210".repeat(4),
    name: "angry_turing",
    image: "alpine",
    imageId: id,
    command: ["sh", "-c", "echo hello"],
    createdAt: before(90),
    status: "exited",
    state: { status: "exited", exitCode: 3, finishedAt: before(60 * 60) },
    ports: [],
    labels: { b: "2", a: "1" },
    mounts: ["a-volume-with-a-long-name", "/srv"],
    localVolumes: 1,
    networks: ["slirp4netns"],
    sizeRw: 2,
    sizeRootFs: 21_500_000,
  };

  test("a container", () => {
    const { CreatedAt, ...cells } = texts(containerCells(container, { truncate: true, now }));
    expect(cells).toEqual({
      Command: "\"sh -c 'echo hello'\"",
      HealthStatus: "none",
      ID: "fedcba987654",
      Image: "alpine",
      Labels: "a=1,b=2",
      LocalVolumes: "1",
      Mounts: "a-volume-with-…,/srv",
      Names: "angry_turing",
      Networks: "slirp4netns",
      Platform: "",
      Ports: "",
      RunningFor: "About a minute ago",
      Size: "2B (virtual 21.5MB)",
      State: "exited",
      Status: "Exited (3) About an hour ago",
    });
    expect(CreatedAt).toMatch(/^2026-06-15 \d\d:58:30 [+-]\d{4} [A-Z+-][A-Z0-9]+$/);
  });

  test.each([
    ["docker.io/library/alpine:3", "alpine:3"],
    [`alpine@sha256:${"a".repeat(64)}`, "alpine"],
    [`alpine:3@sha256:${"a".repeat(64)}`, "alpine:3"],
    ["quay.io/a/b", "quay.io/a/b"],
    ["0123456789ab", "0123456789ab"],
    [id, "0123456789ab"],
    ["Not A Reference", "Not A Reference"],
    ["", "<no image>"],
  ])("the image %s is shown as %s", (image, shown) => {
    expect(containerCells({ ...container, image }, { truncate: true, now }).Image()).toBe(shown);
  });

  test("a long command is cut before it is quoted", () => {
    const long = { ...container, command: ["sh", "-c", "x".repeat(40)] };
    expect(containerCells(long, { truncate: true, now }).Command()).toBe(`"sh -c ${"x".repeat(13)}…"`);
    expect(containerCells(long, { truncate: false, now }).Command()).toBe(`"sh -c ${"x".repeat(40)}"`);
  });

  test("a command line is joined as moby joins it", () => {
    expect(commandLine(["sh"])).toBe("sh");
    expect(commandLine([])).toBe("");
  });

  const health = (status: ContainerHealth["status"]): ContainerHealth => ({
    status,
    failingStreak: 0,
    log: [],
  });
  const states: Array<[ContainerState, string]> = [
    [{ status: "created" }, "Created"],
    [{ status: "running", startedAt: before(300) }, "Up 5 minutes"],
    [{ status: "paused", startedAt: before(300) }, "Up 5 minutes (Paused)"],
    [
      { status: "running", startedAt: before(300), health: health("starting") },
      "Up 5 minutes (health: starting)",
    ],
    [{ status: "running", startedAt: before(300), health: health("healthy") }, "Up 5 minutes (healthy)"],
    [{ status: "running", startedAt: before(300), health: health("unhealthy") }, "Up 5 minutes (unhealthy)"],
    [{ status: "restarting", exitCode: 1, finishedAt: before(3) }, "Restarting (1) 3 seconds ago"],
    [{ status: "exited", exitCode: 137, finishedAt: before(7200) }, "Exited (137) 2 hours ago"],
    [{ status: "removing" }, "Removal In Progress"],
    [{ status: "dead" }, "Dead"],
  ];
  test.each(states)("%j reads %s", (state, text) => {
    expect(containerStatus(state, now)).toBe(text);
  });
});
