import { expect, test } from "bun:test";
import { escapeControl } from "../../../../src/cli/output/escape-control.ts";

test.each([
  ["plain text", "plain text"],
  ["héllo 世界 🐳", "héllo 世界 🐳"],
  ["\u001b]0;title\u0007", "\\e]0;title\\x07"],
  ["a\tb\nc\rd", "a\\tb\\nc\\rd"],
  ["\u009b31m", "\\x9b31m"],
  ["\u007f\u0000", "\\x7f\\x00"],
  ["abc\u202etxt.exe", "abc\\u202etxt.exe"],
  ["a\u200bb\ufeff", "a\\u200bb\\ufeff"],
  ["\u{e0041}", "\\u{e0041}"],
  ["\ud800x", "\\ud800x"],
])("%j is shown as %s", (text, shown) => expect(escapeControl(text)).toBe(shown));

test("nothing that a terminal obeys is left, and a second pass changes nothing", () => {
  for (let code = 0; code < 0x3000; code++) {
    const once = escapeControl(String.fromCodePoint(code));
    expect(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(once)).toBe(false);
    expect(escapeControl(once)).toBe(once);
  }
});
