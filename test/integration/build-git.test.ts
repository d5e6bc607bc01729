/** What a git URL may say, for a context and for ADD; the server only hands out files, so that nothing comes without history. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildLab, buildLab } from "../support/build-lab.ts";

setDefaultTimeout(60_000);

const noGit = Bun.which("git") === null;

describe.skipIf(noGit)("a git URL", () => {
  let lab: BuildLab;
  let server: Bun.Server<undefined>;
  let root: string;
  const commits: Record<string, string> = {};

  const git = (directory: string, ...words: string[]): string => {
    const settings = [
      "user.name=a",
      "user.email=a@b",
      "protocol.file.allow=always",
      "init.defaultBranch=main",
    ];
    const all = [...settings.flatMap((setting) => ["-c", setting]), "-C", join(root, directory), ...words];
    const { exitCode, stdout, stderr } = Bun.spawnSync(["git", ...all]);
    if (exitCode !== 0) throw new Error(stderr.toString());
    return stdout.toString().trim();
  };

  beforeAll(async () => {
    lab = await buildLab();
    root = lab.context({
      "library/f": "of the library\n",
      "main/Dockerfile": "FROM scratch\nCOPY f /\nFROM scratch AS all\nCOPY . /\n",
      "main/f": "first\n",
      "main/sub/Dockerfile": "FROM scratch\nCOPY f /from-sub\n",
      "main/sub/f": "of sub\n",
    });
    server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => {
        const path = join(root, new URL(request.url).pathname);
        return existsSync(path) ? new Response(Bun.file(path)) : new Response("", { status: 404 });
      },
    });
    git("library", "init", "-q");
    git("library", "add", ".");
    git("library", "commit", "-qm", "x");
    git("library", "update-server-info");
    git("main", "init", "-q");
    // As forges write it: where the library is, is said from here.
    git("main", "submodule", "-q", "add", join(root, "library"), "library");
    git("main", "config", "-f", ".gitmodules", "submodule.library.url", "../../library/.git");
    for (const text of ["first", "second", "third"]) {
      writeFileSync(join(root, "main/f"), `${text}\n`);
      git("main", "add", ".");
      git("main", "commit", "-qm", text);
      commits[text] = git("main", "rev-parse", "HEAD");
      if (text === "second") git("main", "tag", "-a", "-m", "x", "v2");
      if (text === "second") git("main", "branch", "stable");
    }
    git("main", "update-server-info");
  });
  afterAll(async () => {
    await server.stop(true);
    await lab[Symbol.asyncDispose]();
  });

  const url = (rest = "") => `http://127.0.0.1:${server.port}/main/.git${rest}`;

  /** Files that a build made, or what it complained of. */
  async function made(source: string, flags: readonly string[] = [], stdin = ""): Promise<string> {
    const output = lab.context({});
    const words = ["build", "-q", "--network", "none", "-o", output, ...flags, source];
    const { code, stderr } = await lab.lab.berth(words, { stdin });
    return code === 0 ? output : stderr;
  }
  const fileOf = (directory: string, path = "f") => readFileSync(join(directory, path), "utf8");

  test.each([
    ["", "third"],
    ["#stable", "second"],
    ["#v2", "second"],
    ["?tag=v2", "second"],
    ["?branch=stable", "second"],
    ["?ref=refs/heads/stable", "second"],
    ["?tag=v2#refs/tags/v2", "second"],
  ])("means a commit: '%s'", async (rest, text) => {
    expect(fileOf(await made(url(rest)))).toBe(`${text}\n`);
  });

  test("names a commit by its id, and makes sure of it", async () => {
    const { first, third } = commits as { first: string; third: string };
    expect(fileOf(await made(url(`#${first}`)))).toBe("first\n");
    expect(fileOf(await made(url(`?commit=${third.slice(0, 9)}`)))).toBe("third\n");
    expect(await made(url(`?branch=stable&commit=${first}`))).toContain(
      `expected checksum to match ${first}, got ${commits.second}`,
    );
  });

  test("names a directory, and comes with submodules unless it says otherwise", async () => {
    expect(fileOf(await made(url("#stable:sub")), "from-sub")).toBe("of sub\n");
    expect(fileOf(await made(url("?subdir=sub")), "from-sub")).toBe("of sub\n");
    expect(fileOf(await made(url(), ["--target", "all"]), "library/f")).toBe("of the library\n");
    const without = await made(url("?submodules=false"), ["--target", "all"]);
    expect(existsSync(join(without, "library/f"))).toBe(false);
  });

  test("comes without .git unless that is asked for", async () => {
    expect(existsSync(join(await made(url(), ["--target", "all"]), ".git"))).toBe(false);
    const head = (directory: string) => fileOf(directory, ".git/HEAD").trim();
    expect(head(await made(url("?keep-git-dir"), ["--target", "all"]))).toBe(commits.third!);
    const argument = ["--target", "all", "--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1"];
    const kept = await made(url("#v2"), argument);
    expect(head(kept)).toBe(commits.second!);
    expect(git("", "-C", kept, "describe")).toBe("v2");
  });

  test("is for ADD and for named contexts, too", async () => {
    const Dockerfile = `FROM scratch\nADD ${url("?subdir=sub&branch=stable")} /added/\nCOPY --from=other f /other\n`;
    const directory = await made(lab.context({ Dockerfile }), ["--build-context", `other=${url("#:sub")}`]);
    expect([fileOf(directory, "added/f"), fileOf(directory, "other")]).toEqual(["of sub\n", "of sub\n"]);
  });

  test("goes with a Dockerfile from stdin or from here", async () => {
    const text = "FROM scratch\nCOPY f /by-stdin\n";
    expect(fileOf(await made(url(), ["-f", "-"], text), "by-stdin")).toBe("third\n");
    const path = join(lab.context({ Dockerfile: text }), "Dockerfile");
    expect(fileOf(await made(url(), ["-f", path]), "by-stdin")).toBe("third\n");
    expect(fileOf(await made(url("#stable"), ["-f", "Dockerfile"]))).toBe("second\n");
  });

  test.each([
    ["#nowhere", "repository does not contain ref nowhere"],
    ["?branch=v2", "repository does not contain ref refs/heads/v2"],
    ["?tag=v2#stable", 'ref conflicts: "stable" vs "refs/tags/v2"'],
    ["?tag=v2&branch=stable", "branch conflicts with tag"],
    ["?color=red", 'unexpected query "color"'],
    ["?ref=", 'query "ref" has no value'],
    ["?ref=a&ref=b", 'query "ref" has multiple values'],
    ["?submodules=perhaps", 'invalid submodules value: "perhaps"'],
    ["?commit=xyz", "invalid checksum xyz for Git URL, expected hex commit hash"],
  ])("that says %s is refused", async (rest, message) => {
    expect(await made(url(rest))).toContain(message);
  });
});
