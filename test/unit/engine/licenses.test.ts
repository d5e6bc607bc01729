import { expect, test } from "bun:test";
import { isBerthError } from "../../../src/base/errors.ts";
import { licenses } from "../../../src/engine/licenses.ts";

test("the embedded text is shown as it was collected", async () => {
  const text = "NAME  LICENSE\nip    GPL-2\n";
  expect(await licenses(() => ({ read: () => Bun.zstdCompressSync(Buffer.from(text)) }))).toBe(text);
});

test("without a build there is nothing to show, and the error says what to do", async () => {
  const error = await licenses(() => undefined).catch((reason: unknown) => reason);
  expect(isBerthError(error, "unsupported")).toBe(true);
  expect(String(error)).toContain("runs from source");
});
