import { afterAll, beforeAll, expect, test } from "bun:test";
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { berth as runBerth, berthExecutable } from "../support/berth-executable.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "berth-cli-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const berth = (...args: string[]) => runBerth(root, args);

test("version and help need no store and make none", async () => {
  const elsewhere = join(root, "never-made");
  for (const args of [
    ["--version"],
    ["--help"],
    ["run", "--help"],
    ["help", "image"],
    ["completion", "bash"],
  ]) {
    const { code, stdout, stderr } = await runBerth(root, args, { env: { BERTH_ROOT: elsewhere } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toBe("");
  }
  expect(readdirSync(root)).not.toContain("never-made");
});

test("errors go to stderr with Docker's statuses", async () => {
  expect(await berth("frobnicate")).toMatchObject({ code: 1, stdout: "" });
  expect(await berth("images", "--frobnicate")).toMatchObject({ code: 125, stdout: "" });
  expect(await berth("run", "--use-api-socket", "x")).toEqual({
    code: 125,
    stdout: "",
    stderr: "--use-api-socket is not supported yet\n\nRun 'berth run --help' for more information\n",
  });
  expect(await berth("history", "absent")).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("berth: No such image: absent:latest\n"),
  });
  expect(await berth("run", "--pull", "never", "absent", "true")).toMatchObject({
    code: 125,
    stdout: "",
    stderr: expect.stringMatching(/^berth: No such image: absent:latest\n[\s\S]*\nRun 'berth run --help'/),
  });
});

test("inspect answers an empty array for what is not there", async () => {
  expect(await berth("inspect", "absent")).toEqual({
    code: 1,
    stdout: "[]\n",
    stderr: "error: no such object: absent\n",
  });
  expect(await berth("inspect", "--format", "{{", "absent")).toMatchObject({ code: 64, stdout: "" });
  expect(await berth("version", "--format", "{{.Nothing}}")).toMatchObject({ code: 64, stdout: "" });
});

test("a removal goes on after a failure, and --force forgives what is not there", async () => {
  const removal = await berth("rmi", "absent", "missing");
  expect(removal.code).toBe(1);
  expect(removal.stderr).toContain("No such image: absent:latest");
  expect(removal.stderr).toContain("No such image: missing:latest");
  expect((await berth("rmi", "--force", "absent")).code).toBe(0);
  expect((await berth("rm", "absent")).code).toBe(1);
  expect((await berth("rm", "--force", "absent")).code).toBe(0);
});

test("lists of an empty store are their headers", async () => {
  expect(await berth("images")).toEqual({
    code: 0,
    stdout: "REPOSITORY   TAG       IMAGE ID   CREATED   SIZE\n",
    stderr: "",
  });
  expect((await berth("image", "ls")).stdout).toBe((await berth("images")).stdout);
  expect((await berth("container", "list", "-a")).stdout).toBe(
    "CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n",
  );
  expect((await berth("images", "ls")).stderr).toBe(
    'No images found matching "ls": did you mean "berth image ls"?\n',
  );
});

test("the configured format of images holds until one is given", async () => {
  mkdirSync(join(root, ".config/berth"), { recursive: true });
  writeFileSync(join(root, ".config/berth/config.toml"), 'images-format = "table {{.Tag}}"\n');
  expect((await berth("images")).stdout).toBe("TAG\n");
  expect((await berth("images", "--format", "table {{.ID}}")).stdout).toBe("IMAGE ID\n");
  expect((await berth("images", "-q")).stdout).toBe("");
  writeFileSync(join(root, ".config/berth/config.toml"), 'images-format = "{{"\n');
  expect((await berth("images")).stderr).toStartWith(
    'berth: "images-format" in config.toml: template parsing error',
  );
  rmSync(join(root, ".config"), { recursive: true });
});

test("load refuses a terminal and an empty stdin", async () => {
  const { code, stderr } = await berth("load");
  expect(code).toBe(1);
  expect(stderr).toStartWith("berth: ");
});

test("a reader that has gone away ends berth quietly, as SIGPIPE would", async () => {
  const pipe = join(root, "pipe");
  const script = `mkfifo "$1"; exec 3<>"$1" 4>"$1" 3<&-; "$0" --help >&4; echo "status $?"`;
  const child = Bun.spawn(["sh", "-c", script, berthExecutable, pipe], {
    env: { PATH: process.env.PATH, HOME: root },
    stdout: "pipe",
    stderr: "pipe",
  });
  expect(await child.stdout.text()).toBe("status 141\n");
  expect(await child.stderr.text()).toBe("");
});

test("a full stdout is an error that is told", async () => {
  const full = openSync("/dev/full", "w");
  const child = Bun.spawn([berthExecutable, "--version"], {
    env: { PATH: process.env.PATH, HOME: root },
    stdout: full,
    stderr: "pipe",
  });
  closeSync(full);
  expect(await child.stderr.text()).toStartWith("berth: cannot write to stdout: ");
  expect(await child.exited).toBe(1);
});

test("internal roles are not for people", async () => {
  for (const role of ["internal-init", "internal-worker"]) {
    const { code, stderr } = await berth(role);
    expect(code).toBe(1);
    expect(stderr).toStartWith(`berth: ${role} is a part of berth that berth starts by itself\n`);
  }
});

test("completion asks the executable", async () => {
  const { stdout } = await berth("__complete", "run", "--storage-driver", "f");
  expect(stdout).toBe("fuse-overlayfs\n");
});

test.each([
  ["SIGINT", 130, "pull"],
  ["SIGTERM", 143, "pull"],
  ["SIGINT", 130, "run"],
] as const)("%s during a pull ends with %d and without a message (%s)", async (signal, status, command) => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  await using registry = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url }) => {
      if (!url.includes("/manifests/")) return new Response("{}");
      asked.resolve();
      return answer.promise;
    },
  });
  const name = `127.0.0.1:${registry.port}/slow:latest`;
  const child = Bun.spawn([berthExecutable, command, name], {
    env: { PATH: process.env.PATH, HOME: root, BERTH_ROOT: join(root, "interrupted") },
    stdout: "pipe",
    stderr: "pipe",
  });
  await asked.promise;
  child.kill(signal);
  expect(await child.exited).toBe(status);
  const expected = command === "run" ? `Unable to find image '${name}' locally\n` : "";
  expect(await child.stderr.text()).toBe(expected);
  answer.resolve(new Response(null, { status: 503 }));
});
