/** What COPY makes of directories: those it makes itself, those that come from the source, and which of them. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type BuildLab, buildLab } from "../support/build-lab.ts";
import { builtinImage } from "../support/container-lab.ts";

setDefaultTimeout(60_000);

const source = `FROM ${builtinImage} AS source
RUN mkdir -p /s/a/b/c /s/a/b2/c/d && echo 1 >/s/a/b/c/f && echo 2 >/s/a/b2/c/d/g && echo 3 >/s/a/skip && \\
    chown -R 7:8 /s && chmod 2710 /s && chmod 701 /s/a && chmod 750 /s/a/b
`;

describe("COPY", () => {
  let lab: BuildLab;
  beforeAll(async () => {
    lab = await buildLab();
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  /** `path mode uid:gid` of everything that a Dockerfile has put below `/o`. */
  async function made(instructions: string): Promise<string[]> {
    const image = await lab.image({
      Dockerfile: `${source}FROM ${builtinImage}\nRUN mkdir -m 711 /o\n${instructions}`,
    });
    const list = await lab.sh(image, "cd /o && find . -mindepth 1 -exec stat -c '%n %a %u:%g' {} + | sort");
    return list.replaceAll("./", "").split("\n").filter(Boolean);
  }

  test("makes the directory that it copies to; what is in the source keeps owners and modes", async () => {
    expect(await made("COPY --from=source /s/a/b /o/new\nCOPY --from=source /s/a/b/c/ /o/deep/er\n")).toEqual(
      [
        "deep 755 0:0",
        "deep/er 755 0:0",
        "deep/er/f 644 7:8",
        "new 755 0:0",
        "new/c 755 7:8",
        "new/c/f 644 7:8",
      ],
    );
  });

  test("gives new directories the owner of --chown and the mode of an octal --chmod", async () => {
    const files = "COPY --from=source --chown=3:4 --chmod=750 /s/a/b/c /o/new/octal\n";
    const symbolic = "COPY --from=source --chown=5 --chmod=go= /s/a/b/c/f /o/symbolic/\n";
    expect(await made(files + symbolic)).toEqual([
      "new 750 3:4",
      "new/octal 750 3:4",
      "new/octal/f 750 3:4",
      "symbolic 755 5:5",
      "symbolic/f 600 5:5",
    ]);
  });

  test("makes nothing where a pattern finds nothing", async () => {
    expect(await made("COPY --from=source /s/nothing* /o/new/\n")).toEqual([]);
  });

  test("--parents brings the directories above as they are", async () => {
    expect(await made("COPY --from=source --parents /s/a/b/c/f /o/\n")).toEqual([
      "s 2710 7:8",
      "s/a 701 7:8",
      "s/a/b 750 7:8",
      "s/a/b/c 755 7:8",
      "s/a/b/c/f 644 7:8",
    ]);
  });

  test("--parents takes patterns, ** as well, before and after the pivot", async () => {
    const names = async (words: string) =>
      (await made(`COPY --from=source --parents ${words} /o/\n`)).map((line) => line.split(" ")[0]!);
    expect(await names("/s/a/b*/./c/**")).toEqual(["c", "c/d", "c/d/g", "c/f"]);
    expect(await names("/s/./**/d")).toEqual(["a", "a/b2", "a/b2/c", "a/b2/c/d", "a/b2/c/d/g"]);
    expect(await names("--exclude=b2 --exclude=skip /s/a/./")).toEqual(["b", "b/c", "b/c/f"]);
    expect(await names("/s/nothing*/x /s/a/./nothing*")).toEqual([]);
  });

  test("--parents of what is not there is refused", async () => {
    const Dockerfile = `${source}FROM scratch\nCOPY --from=source --parents /s/a/./nothing /o/\n`;
    const { code, stderr } = await lab.build(lab.context({ Dockerfile }));
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('failed to calculate checksum of ref: "/s/a/nothing": not found'),
    });
  });
});
