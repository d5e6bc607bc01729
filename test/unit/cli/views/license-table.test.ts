import { expect, test } from "bun:test";
import { drawLicenses, splitLicenses } from "../../../../src/cli/views/license-table.ts";

const text = [
  "berth is free.",
  "",
  "NAME       VERSION   COVERS            LICENSE",
  "busybox    1.35      busybox           GPL-2",
  "util-linux 2.38      nsenter unshare   GPL-2+ and others",
  "",
  "The texts:",
  "",
].join("\n");

test("the list is cut where its header says", () => {
  expect(splitLicenses(text)).toEqual({
    before: "berth is free.\n",
    headers: ["NAME", "VERSION", "COVERS", "LICENSE"],
    rows: [
      ["busybox", "1.35", "busybox", "GPL-2"],
      ["util-linux", "2.38", "nsenter unshare", "GPL-2+ and others"],
    ],
    after: "\nThe texts:\n",
  });
});

test("a text without a list stays as it is", async () => {
  expect(splitLicenses("nothing\n")).toBeUndefined();
  expect(await drawLicenses("nothing\n")).toBe("nothing\n");
});

test("the table has every word, fits the terminal, and keeps what is around it", async () => {
  const drawn = await drawLicenses(text, 60);
  expect(drawn).toStartWith("berth is free.\n");
  expect(drawn).toEndWith("\nThe texts:\n");
  for (const word of ["busybox", "util-linux", "2.38", "unshare", "others"]) expect(drawn).toContain(word);
  const visible = Bun.stripANSI(drawn);
  expect(Math.max(...visible.split("\n").map((line) => line.length))).toBeLessThanOrEqual(60);
});
