import { afterEach, describe, expect, test } from "bun:test";
import { BuildScreen } from "../../../../src/cli/progress/build-screen.ts";
import { OutputTail } from "../../../../src/cli/progress/output-tail.ts";
import { Screen } from "../../../support/screen.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("a build on a terminal", () => {
  let shown: BuildScreen | undefined;
  afterEach(() => shown?.end());

  function onTerminal(columns: number, rows: number, color = false) {
    const screen = new Screen(columns);
    let written = "";
    let time = 0;
    shown = new BuildScreen(
      {
        isTerminal: true,
        columns,
        rows,
        write(text) {
          written += text;
          if (!color) screen.write(String(text));
        },
      },
      { color, now: () => time },
    );
    const wait = (ms: number) => {
      time += ms;
    };
    return { screen, build: shown, written: () => written, wait };
  }

  test("shows every piece of work with its parts, its seconds, and the end of its output", () => {
    const { screen, build, wait } = onTerminal(50, 24);
    const load = build.begin("[internal] load");
    load.part("transferring dockerfile:", { current: 97, isOver: true });
    load.done();
    build.expect(3);
    const run = build.begin("[2/3] RUN make all the things that there are");
    wait(1234);
    run.output(bytes("one\ntwo\rthree\n\u001b[31mfour\u001b[0m"));
    expect(screen.lines).toEqual([
      "[+] Building 1.2s (1/4)",
      " => [internal] load                          0.0s",
      " => => transferring dockerfile: 97B          0.0s",
      " => [2/3] RUN make all the things that there 1.2s",
      " => => # one",
      " => => # three",
      " => => # four",
    ]);
    run.done();
    build.begin("[3/3] COPY a b").cached();
    build.end();
    expect(screen.lines).toEqual([
      "[+] Building 1.2s (3/3) FINISHED",
      " => [internal] load                          0.0s",
      " => => transferring dockerfile: 97B          0.0s",
      " => [2/3] RUN make all the things that there 1.2s",
      " => CACHED [3/3] COPY a b                    0.0s",
    ]);
    expect(screen.row).toBe(5);
    expect(screen.cursorIsVisible).toBe(true);
  });

  test("never is higher than the terminal, and keeps what runs in sight", () => {
    const { screen, build, wait } = onTerminal(40, 6);
    const first = build.begin("first");
    for (const name of ["a", "b", "c", "d", "e"]) build.begin(name).done();
    wait(200);
    first.output(bytes("x\n"));
    expect(screen.lines).toEqual([
      "[+] Building 0.2s (5/6)",
      " => first                          0.2s",
      " => => # x",
      " => d                              0.0s",
      " => e                              0.0s",
    ]);
    build.end();
    expect(screen.lines.length).toBe(7);
  });

  test("tells what failed and what was given up; bytes stand beside the name where there is room", () => {
    const { screen, build, wait } = onTerminal(60, 24);
    const pull = build.begin("[internal] load metadata");
    pull.part("sha256:abc", { current: 1_500_000, total: 3_000_000, isOver: false });
    build.begin("one").failed("no");
    const two = build.begin("\u001b[2Jtwo 漢字");
    two.canceled();
    two.done();
    wait(200);
    build.begin("last");
    expect(screen.lines.slice(1)).toEqual([
      " => [internal] load metadata                           0.2s",
      " => => sha256:abc 1.5MB / 3MB                          0.2s",
      " => ERROR one                                          0.0s",
      " => CANCELED \\e[2Jtwo 漢字                             0.0s",
      " => last                                               0.0s",
    ]);
  });

  test("colours what is over, unless NO_COLOR says otherwise", () => {
    const { build, written } = onTerminal(40, 24, true);
    build.begin("done").done();
    build.begin("bad").failed("x");
    build.end();
    expect(written()).toContain("\u001b[34m => done");
    expect(written()).toContain("\u001b[31m => ERROR bad");
  });
});

test("the tail of an output is its last lines that have text, whatever is written in pieces", () => {
  const tail = new OutputTail(2);
  for (const piece of ["a\nb\n\n", "c", "d\r\n", "\u001b[1m\n", "50%\r100", "%\t\u0007"])
    tail.write(bytes(piece));
  expect(tail.lines).toEqual(["cd", "100%  \\x07"]);
  tail.write(bytes(`${"x".repeat(100_000)}`));
  expect(tail.lines[1]!.length).toBe(4096);
});
