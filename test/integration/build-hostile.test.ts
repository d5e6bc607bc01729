/** Dockerfiles and contexts that want more than they may have (security cases D1, D5, D7). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildLab, buildLab } from "../support/build-lab.ts";
import { builtinImage, unharmed } from "../support/container-lab.ts";

const from = `FROM ${builtinImage}\n`;

describe("a hostile Dockerfile or context", () => {
  let lab: BuildLab;
  beforeAll(async () => {
    lab = await buildLab();
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test("gets nothing from outside by exchanging a directory for a link meanwhile (D1)", async () => {
    const context = lab.context({
      Dockerfile: `${from}COPY sub/inner /all\nCOPY sub /whole\n`,
      "sub/inner/secret": "own\n",
    });
    mkdirSync(join(context, "sub"), { recursive: true });
    symlinkSync(lab.lab.victim, join(context, "sub/other"));
    const swapping = Bun.spawn(
      [
        ...[process.execPath, join(import.meta.dir, "../support/swap-names.ts")],
        ...["inner", "other"].map((name) => join(context, "sub", name)),
        "10",
      ],
      { stdin: "pipe", stdout: "pipe" },
    );
    await swapping.stdout.getReader().read(); // it has begun
    let [built, refused] = [0, 0];
    for (let round = 0; round < 24; round++) {
      const { code, stderr } = await lab.build(context, "--no-cache", "-t", "swapped");
      if (code === 0) {
        built++;
        const found = await lab.sh("swapped", "cat /all/secret /whole/inner/secret 2>/dev/null; true");
        expect(found).not.toContain("canary");
      } else {
        refused++;
        expect(stderr).toMatch(/not found|vanished|gone|No such file|ENOENT|ENOTDIR|ELOOP|cannot/);
      }
    }
    swapping.stdin.end();
    await swapping.exited;
    expect(Math.min(built, refused)).toBeGreaterThan(0);
    expect(lab.lab.harm()).toEqual(unharmed);
  });

  test("runs no front end of somebody else, and fetches none (D5)", async () => {
    let asked = 0;
    await using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => new Response(`${++asked}`),
    });
    const dockerfile = `# syntax=127.0.0.1:${server.port}/evil/frontend:1\n${from}RUN true\n`;
    expect(await lab.build(lab.context({ Dockerfile: dockerfile }))).toMatchObject({ code: 0 });
    expect(asked).toBe(0);
  });

  test("sees no variable of whoever builds (D7)", async () => {
    const context = lab.context({ Dockerfile: `${from}RUN env; env | grep -c LEAK || true\n` });
    const env = { LEAK_TOKEN: "leaked", HTTP_PROXY_PASSWORD: "leaked" };
    const { code, stderr } = await lab.lab.berth(["build", "--network", "none", "-t", "env", context], {
      env,
    });
    expect({ code, leaked: stderr.includes("leaked") }).toEqual({ code: 0, leaked: false });
    expect((await lab.lab.berth(["inspect", "env"])).stdout).not.toContain("leaked");
  });

  test.each(["file:///etc/passwd", "gopher://127.0.0.1/x", "ftp://127.0.0.1/x", "data:text/plain,x"])(
    "cannot ADD %s (D7)",
    async (address) => {
      const { code, stderr } = await lab.build(lab.context({ Dockerfile: `${from}ADD ${address} /x\n` }));
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/not found|only http/) });
    },
  );

  test("cannot choose how mounts are propagated (D5)", async () => {
    const run = "RUN --mount=type=bind,target=/x,bind-propagation=rshared true\n";
    const { code, stderr } = await lab.build(lab.context({ Dockerfile: from + run }));
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("bind-propagation") });
  });

  test("cannot have a link below the target of a mount followed (D4)", async () => {
    const { victim } = lab.lab;
    const context = lab.context({
      Dockerfile: `${from}RUN --mount=type=tmpfs,target=/a/b/c rm -rf /tmp/x; mkdir -p /n/b/c; mv /a/b /gone 2>/dev/null; ln -s ${victim} /a/l; true
RUN mkdir /r && ln -s ${victim} /r/link
RUN --mount=type=tmpfs,target=/r/link/new true\n`,
    });
    writeFileSync(join(context, "unused"), "");
    await lab.build(context);
    expect(lab.lab.harm()).toEqual(unharmed);
  });
});
