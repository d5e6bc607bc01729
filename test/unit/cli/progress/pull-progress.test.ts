import { describe, expect, test } from "bun:test";
import { createPullProgress } from "../../../../src/cli/progress/pull-progress.ts";
import { goSeconds, progressText } from "../../../../src/cli/progress/progress-text.ts";
import type { TransferProgress, TransferStatus } from "../../../../src/oci/transport.ts";
import { Screen } from "../../../support/screen.ts";

const ids = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"] as const;
const digestOf = (id: string) => `sha256:${id.padEnd(64, "0")}` as const;
const status = (id: string, text: TransferStatus): TransferProgress => ({
  kind: "status",
  id,
  digest: digestOf(id),
  status: text,
});
const bytes = (id: string, current: number, total?: number): TransferProgress => ({
  kind: "bytes",
  id,
  digest: digestOf(id),
  status: "Downloading",
  current,
  ...(total === undefined ? {} : { total }),
});

function onTerminal(columns: number) {
  const screen = new Screen(columns);
  let written = "";
  let time = 0;
  const progress = createPullProgress(
    {
      isTerminal: true,
      columns,
      rows: undefined,
      write(text) {
        written += text;
        screen.write(String(text));
      },
    },
    () => time,
  );
  return {
    screen,
    progress,
    written: () => written,
    wait: (ms: number) => {
      time += ms;
    },
  };
}

function inPipe() {
  let written = "";
  const progress = createPullProgress({
    isTerminal: false,
    columns: undefined,
    rows: undefined,
    write(text) {
      written += text;
    },
  });
  return { progress, written: () => written };
}

describe("on a terminal", () => {
  test("each object has one line, in the order of first sight", () => {
    const { screen, progress, wait } = onTerminal(120);
    progress.line("latest: Pulling from library/app");
    for (const id of ids) progress.report(status(id, "Pulling fs layer"));
    progress.report(status(ids[1], "Waiting"));
    progress.report(bytes(ids[0], 1_200_000, 3_400_000));
    wait(100);
    progress.report(status(ids[2], "Already exists"));
    expect(screen.lines).toEqual([
      "latest: Pulling from library/app",
      `${ids[0]}: Downloading [${"=".repeat(17)}>${" ".repeat(33)}]    1.2MB/3.4MB`,
      `${ids[1]}: Waiting`,
      `${ids[2]}: Already exists`,
    ]);
  });

  test("a shorter status leaves nothing of a longer one", () => {
    const { screen, progress } = onTerminal(80);
    progress.report(status(ids[0], "Verifying Checksum"));
    progress.report(status(ids[0], "Waiting"));
    expect(screen.lines).toEqual([`${ids[0]}: Waiting`]);
  });

  test("the cursor is below the block after every single write", () => {
    const { screen, progress, wait } = onTerminal(120);
    const events = [
      status(ids[0], "Pulling fs layer"),
      status(ids[1], "Pulling fs layer"),
      bytes(ids[0], 10, 100),
      bytes(ids[1], 20, 100),
      status(ids[0], "Download complete"),
    ];
    for (const event of events) {
      progress.report(event);
      wait(100);
      expect(screen.row).toBe(screen.lines.length);
      expect(screen.column).toBe(0);
    }
    screen.write("^C");
    expect(screen.lines.at(-1)).toBe("^C");
  });

  test("closing lines stand below the block and a new block below them", () => {
    const { screen, progress } = onTerminal(80);
    progress.report(status(ids[0], "Pull complete"));
    progress.line("Digest: sha256:0");
    progress.report(status(ids[0], "Waiting"));
    expect(screen.lines).toEqual([`${ids[0]}: Pull complete`, "Digest: sha256:0", `${ids[0]}: Waiting`]);
  });

  test("counts are not redrawn more often than every 80 ms, a new status at once", () => {
    const { screen, progress, written, wait } = onTerminal(80);
    progress.report(bytes(ids[0], 1000, 9000));
    const length = written().length;
    for (let index = 0; index < 7; index += 1) {
      wait(10);
      progress.report(bytes(ids[0], 2000, 9000));
    }
    expect(written()).toHaveLength(length);
    wait(10);
    progress.report(bytes(ids[0], 3000, 9000));
    expect(screen.lines[0]).toContain("3kB/9kB");
    progress.report(status(ids[0], "Download complete"));
    expect(screen.lines).toEqual([`${ids[0]}: Download complete`]);
  });

  test("the time left appears once there is something to estimate from", () => {
    const { screen, progress, wait } = onTerminal(80);
    progress.report(bytes(ids[0], 0, 10_000_000));
    wait(500);
    progress.report(bytes(ids[0], 1_000_000, 10_000_000));
    expect(screen.lines).toEqual([`${ids[0]}: Downloading      1MB/10MB`]);
    wait(1500);
    progress.report(bytes(ids[0], 2_000_000, 10_000_000));
    expect(screen.lines).toEqual([`${ids[0]}: Downloading      2MB/10MB 8s`]);
  });

  for (const columns of [10, 20, 40, 80, 111, 200]) {
    test(`nothing wraps at ${columns} columns`, () => {
      const { screen, progress, wait } = onTerminal(columns);
      for (const id of ids) progress.report(bytes(id, 0, 123_456_789_000));
      wait(2000);
      for (const id of ids) progress.report(bytes(id, 1_234_567, 123_456_789_000));
      for (const id of ids) progress.report(status(id, "Verifying Checksum"));
      expect(screen.lines).toHaveLength(3);
    });
  }
});

describe("in a pipe", () => {
  test("there is one line per status, no counts and no escapes", () => {
    const { progress, written } = inPipe();
    progress.report(status(ids[0], "Pulling fs layer"));
    progress.report(bytes(ids[0], 1, 10));
    progress.report(bytes(ids[0], 10, 10));
    progress.report(status(ids[0], "Verifying Checksum"));
    progress.report(status(ids[0], "Verifying Checksum"));
    progress.report(status(ids[0], "Download complete"));
    progress.report(status(ids[0], "Pull complete"));
    expect(written()).toBe(
      ["Pulling fs layer", "Verifying Checksum", "Download complete", "Pull complete"]
        .map((text) => `${ids[0]}: ${text}\n`)
        .join(""),
    );
  });

  test("a countdown is one line, and a second countdown another", () => {
    const { progress, written } = inPipe();
    for (const text of [
      "Retrying in 2 seconds",
      "Retrying in 1 second",
      "Waiting",
      "Retrying in 1 second",
    ] as const)
      progress.report(status(ids[0], text));
    expect(written().trimEnd().split("\n")).toEqual([
      `${ids[0]}: Retrying in 2 seconds`,
      `${ids[0]}: Waiting`,
      `${ids[0]}: Retrying in 1 second`,
    ]);
  });
});

describe("progress text", () => {
  const cases: [string, Parameters<typeof progressText>[0], number, string][] = [
    ["nothing known is empty", { current: 0 }, 200, ""],
    ["an unknown total shows the count alone", { current: 1500 }, 200, "   1.5kB"],
    ["110 columns are too few for a bar", { current: 1, total: 4 }, 110, "      1B/4B"],
    [
      "the bar has 50 cells",
      { current: 1, total: 2 },
      111,
      `[${"=".repeat(25)}>${" ".repeat(25)}]       1B/2B`,
    ],
    ["a full bar", { current: 2, total: 2, elapsedMs: 5000 }, 111, `[${"=".repeat(50)}>]       2B/2B`],
    ["more than the total hides the total", { current: 3, total: 2 }, 80, "      3B"],
    ["four digits", { current: 55_340_000, total: 132_700_000 }, 80, " 55.34MB/132.7MB"],
    ["time left", { current: 1, total: 4, elapsedMs: 20_000 }, 51, "      1B/4B 1m0s"],
    ["no time left at 50 columns", { current: 1, total: 4, elapsedMs: 20_000 }, 50, "      1B/4B"],
  ];
  for (const [name, progress, columns, want] of cases) {
    test(name, () => {
      expect(progressText(progress, columns)).toBe(want);
    });
  }

  test("durations read as in Go", () => {
    expect([0, 59, 60, 3600, 3725].map(goSeconds)).toEqual(["0s", "59s", "1m0s", "1h0m0s", "1h2m5s"]);
  });
});
