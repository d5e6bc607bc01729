/** Where `berth build` takes files from: ADD of archives, URLs and repositories, and all kinds of contexts. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildLab, buildLab } from "../support/build-lab.ts";
import { builtinImage } from "../support/container-lab.ts";
import { tarArchive, tarEntry } from "../support/tar-bytes.ts";

const from = `FROM ${builtinImage}\n`;
let lab: BuildLab;
let server: Bun.Server<undefined>;
const served = new Map<string, Uint8Array | (() => Response)>();
beforeAll(async () => {
  lab = await buildLab();
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const found = served.get(new URL(request.url).pathname);
      if (typeof found === "function") return found();
      return found === undefined
        ? new Response("no", { status: 404 })
        : new Response(new Uint8Array(found), {
            headers: { "Last-Modified": "Tue, 14 Nov 2023 22:13:20 GMT" },
          });
    },
  });
});
afterAll(async () => {
  await server.stop(true);
  await lab[Symbol.asyncDispose]();
});
const url = (path: string) => `http://127.0.0.1:${server.port}${path}`;

const tar = tarArchive(
  tarEntry({ name: "sub/", type: "5", mode: 0o750, uid: 5, gid: 6 }),
  tarEntry({ name: "sub/f", mode: 0o640, uid: 7, gid: 8 }, "in the archive\n"),
  tarEntry({ name: "lib/through", mode: 0o644 }, "through a link\n"),
);
function compressed(program: string): Buffer {
  return Bun.spawnSync([program, "-c"], { stdin: tar, stdout: "pipe" }).stdout as Buffer;
}
function git(cwd: string, ...words: string[]): void {
  const identity = ["-c", "user.name=a", "-c", "user.email=a@b"];
  const { exitCode, stderr } = Bun.spawnSync(["git", ...identity, ...words], { cwd });
  if (exitCode !== 0) throw new Error(stderr.toString());
}

describe("ADD", () => {
  const programs = ["cat", "gzip", "bzip2", "xz", "zstd"].filter((program) => Bun.which(program) !== null);

  test.each(programs)(
    "unpacks a tar (%s) by its content, with its owners, through links of the image",
    async (program) => {
      const image = await lab.image({
        Dockerfile: `${from}RUN mkdir -p /d/real && ln -s real /d/lib\nADD data other /d/\nADD --unpack=false data /plain\n`,
        data: program === "cat" ? tar : compressed(program),
        other: "no archive",
      });
      const script =
        "cd /d; cat sub/f real/through other; stat -c '%a %u:%g' sub sub/f; test -L lib; test -f /plain";
      expect(await lab.sh(image, script)).toBe(
        "in the archive\nthrough a link\nno archive750 5:6\n640 7:8\n",
      );
    },
  );

  test("--chown is for what is in an archive, too, and --chmod is not (as in BuildKit)", async () => {
    const image = await lab.image({
      Dockerfile: `${from}ADD --chown=3:4 --chmod=604 data plain /d/\n`,
      data: tar,
      plain: "",
    });
    expect(await lab.sh(image, "cd /d; stat -c '%n %a %u:%g' sub sub/f plain")).toBe(
      "sub 750 3:4\nsub/f 640 3:4\nplain 604 3:4\n",
    );
  });

  test("a hostile archive stays inside (security case D7)", async () => {
    const { victim } = lab.lab;
    const hostile = tarArchive(
      tarEntry({ name: "escape", type: "2", link: victim }),
      tarEntry({ name: "escape/harm" }, "x"),
      tarEntry({ name: "up", type: "2", link: "../../../../.." }),
    );
    for (const name of ["../harm", "/../../harm"]) {
      const archive = tarArchive(tarEntry({ name }, "x"));
      await lab.build(lab.context({ Dockerfile: `${from}ADD a.tar /\n`, "a.tar": archive }));
    }
    await lab.build(
      lab.context({
        Dockerfile: `${from}ADD a.tar /x/\nRUN echo y > /x/escape/harm; true\n`,
        "a.tar": hostile,
      }),
    );
    expect(lab.lab.harm()).toEqual({ names: ["secret"], secret: "the canary\n" });
  });

  test("fetches a URL, as it is, with its date; a checksum makes it certain", async () => {
    served.set("/file.tar", tar);
    const digest = new Bun.CryptoHasher("sha256").update(tar).digest("hex");
    const image = await lab.image({
      Dockerfile: `${from}ADD --checksum=sha256:${digest} ${url("/file.tar?x=1")} /got/\nADD --unpack=true ${url("/file.tar")} /u/\n`,
    });
    expect(await lab.sh(image, "stat -c '%n %a %Y' /got/*; cat /u/sub/f")).toBe(
      "/got/file.tar 600 1700000000\nin the archive\n",
    );
    const wrong = await lab.build(
      lab.context({ Dockerfile: `${from}ADD --checksum=sha256:${"0".repeat(64)} ${url("/file.tar")} /x\n` }),
    );
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("digest mismatch for http") });
  });

  test.each([
    ["a 404", () => new Response("", { status: 404 }), "invalid response status 404"],
    [
      "a redirect to a file",
      () => new Response("", { status: 302, headers: { Location: "file:///etc/passwd" } }),
      "which is not followed",
    ],
    [
      "a redirect without end",
      () => new Response("", { status: 302, headers: { Location: "/bad" } }),
      "redirects too often",
    ],
  ])("%s is refused", async (_, response, message) => {
    served.set("/bad", response);
    const { code, stderr } = await lab.build(lab.context({ Dockerfile: `${from}ADD ${url("/bad")} /x\n` }));
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) });
  });
});

describe("a context", () => {
  const read = (options: { stdin?: string | Uint8Array }, ...flags: string[]) =>
    lab.lab.berth(["build", "-q", "--network", "none", ...flags], options);
  const dockerfile = `${from}COPY f /f\n`;
  const context = tarArchive(
    tarEntry({ name: "Dockerfile", mode: 0o600, uid: 1000 }, dockerfile),
    tarEntry({ name: "f", mode: 0o600, uid: 1000 }, "from a tar\n"),
  );

  test("may be a Dockerfile from stdin, without files or with those of a directory", async () => {
    expect(await read({ stdin: `${from}RUN true\n` }, "-")).toMatchObject({ code: 0 });
    const alone = await read({ stdin: dockerfile }, "-");
    expect(alone).toMatchObject({ code: 1, stderr: expect.stringContaining("no build context") });
    const directory = lab.context({ f: "of a directory\n" });
    const { stdout } = await read({ stdin: dockerfile }, "-f", "-", directory);
    expect(await lab.sh(stdout.trim(), "cat /f")).toBe("of a directory\n");
  });

  test("may be a tar from stdin or the web; its files are root's", async () => {
    served.set("/context.tar.gz", Bun.gzipSync(new Uint8Array(context)));
    for (const { stdout } of [await read({ stdin: context }, "-"), await read({}, url("/context.tar.gz"))])
      expect(await lab.sh(stdout.trim(), "cat /f; stat -c '%a %u' /f")).toBe("from a tar\n600 0\n");
  });

  test.skipIf(Bun.which("git") === null)("may be a directory and a branch of a repository", async () => {
    const repository = lab.context({ "sub/Dockerfile": `${from}COPY . /all\n`, "sub/f": "of a commit\n" });
    git(repository, "init", "-q", "-b", "main");
    git(repository, "checkout", "-q", "-b", "feature");
    git(repository, "add", ".");
    git(repository, "commit", "-q", "-m", "x");
    git(repository, "update-server-info");
    const bare = join(lab.lab.root, "served");
    mkdirSync(bare);
    git(bare, "clone", "-q", "--bare", repository, "r.git");
    const port = await gitDaemon(bare);
    await using _ = port;
    const { code, stdout, stderr } = await read({}, `git://127.0.0.1:${port.number}/r.git#feature:sub`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(await lab.sh(stdout.trim(), "cat /all/f; ls -A /all")).toBe("of a commit\nDockerfile\nf\n");
  });

  test("others have names: directories and images", async () => {
    const other = lab.context({
      g: "of another\n",
      ".dockerignore": "ignored\n.dockerignore\n",
      ignored: "",
    });
    await lab.image({ Dockerfile: `${from}RUN echo base > /base\n` }, "-t", "localhost/base");
    const main = lab.context({
      Dockerfile: "FROM stand\nCOPY --from=other . /o/\nCOPY --from=stand2 /base /b\n",
    });
    const named = [
      "--build-context",
      `other=${other}`,
      "--build-context",
      "stand=docker-image://localhost/base",
    ];
    const second = ["--build-context", "stand2=docker-image://localhost/base"];
    const { code, stdout, stderr } = await lab.build(main, "-q", ...named, ...second);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(await lab.sh(stdout.trim(), "cat /base /b /o/g; ls -A /o")).toBe("base\nbase\nof another\ng\n");
  });

  test("may be what a stage stands on: a directory is an image with its files", async () => {
    const files = { "d/f": "1\n", ignored: "", ".dockerignore": "ignored\n.dockerignore\n" };
    const tree = lab.context(files);
    const dockerfile = `FROM tree AS one\nWORKDIR /w\n${from}COPY --from=one / /one/\nCOPY --from=tree d/f /two\n`;
    const context = lab.context({ Dockerfile: dockerfile });
    const named = ["--build-context", `tree=${tree}`];
    const { code, stderr } = await lab.build(context, ...named);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(" [one 1/2] FROM tree\n") });
    const image = /writing image (\S+)/.exec(stderr)![1]!;
    expect(await lab.sh(image, "cd /one; find . | sort; cat d/f /two; stat -c %u d/f")).toBe(
      ".\n./d\n./d/f\n./w\n1\n1\n0\n",
    );
    expect((await lab.build(context, ...named)).stderr).toMatch(/ FROM tree\n#\d+ CACHED/);
    writeFileSync(join(tree, "d/f"), "2\n");
    const { stdout } = await lab.build(context, "-q", ...named);
    expect(await lab.sh(stdout.trim(), "cat /one/d/f")).toBe("2\n");
  });

  test("that is missing, or has no Dockerfile, is told", async () => {
    expect((await lab.build("/nowhere")).stderr).toContain(
      'unable to prepare context: path "/nowhere" not found',
    );
    expect((await lab.build(lab.context({ f: "" }))).stderr).toContain(
      "failed to read dockerfile: open Dockerfile: no such file or directory",
    );
  });
});

/** A server of repositories on a port of its own choice. */
async function gitDaemon(directory: string): Promise<AsyncDisposable & { readonly number: number }> {
  for (;;) {
    const number = 20000 + Math.floor(Math.random() * 20000);
    const log = join(directory, `log-${number}`);
    writeFileSync(log, "");
    const words = [
      "daemon",
      "--listen=127.0.0.1",
      `--port=${number}`,
      "--export-all",
      `--base-path=${directory}`,
      "--verbose",
    ];
    const child = Bun.spawn(["git", ...words], {
      stdin: "ignore",
      stdout: Bun.file(log),
      stderr: Bun.file(log),
    });
    while (child.exitCode === null && !readFileSync(log, "utf8").includes("Ready to rumble"))
      await Bun.sleep(5);
    if (child.exitCode !== null) continue;
    return {
      number,
      async [Symbol.asyncDispose]() {
        child.kill();
        await child.exited;
      },
    };
  }
}
