import { describe, expect, test } from "bun:test";
import { DetachSearch, parseDetachKeys } from "../../../src/engine/detach-keys.ts";

describe("detach keys", () => {
  test("are letters and control characters", () => {
    expect([...parseDetachKeys("ctrl-p,ctrl-q")]).toEqual([16, 17]);
    expect([...parseDetachKeys("a,ctrl-[,ctrl-@")]).toEqual([97, 27, 0]);
    expect(parseDetachKeys("")).toHaveLength(0);
  });

  test.each(["ctrl-1", "ab", "ctrl-P", ","])("cannot be %s", (text) => {
    expect(() => parseDetachKeys(text)).toThrow("invalid detach keys");
  });
});

describe("the search for them", () => {
  const typed = (...pieces: string[]) => {
    const search = new DetachSearch(parseDetachKeys("ctrl-p,ctrl-q"));
    let passed = "";
    for (const piece of pieces) {
      const found = search.push(Buffer.from(piece));
      passed += Buffer.from(found.passed).toString();
      if (found.detached) return { passed, detached: true };
    }
    return { passed, detached: false };
  };

  test("finds them in one piece and in two", () => {
    expect(typed("ls\r\x10\x11rest")).toEqual({ passed: "ls\r", detached: true });
    expect(typed("a\x10", "\x11")).toEqual({ passed: "a", detached: true });
  });

  test("passes on what only began like them", () => {
    expect(typed("\x10", "x")).toEqual({ passed: "\x10x", detached: false });
    expect(typed("\x10\x10\x11")).toEqual({ passed: "\x10", detached: true });
    expect(typed("\x11")).toEqual({ passed: "\x11", detached: false });
  });
});
