import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { berthExecutable } from "../support/berth-executable.ts";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";

let lab: ContainerLab;
beforeAll(async () => {
  lab = await containerLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

/** berth started by a shell that has set something of itself before. */
const after = (setting: string, ...args: string[]) =>
  lab.berth(["-c", `${setting}; exec "$@"`, "sh", berthExecutable, ...args], { executable: "/bin/sh" });

test("a caller's umask closes nothing in a container to its users", async () => {
  const look = `umask; cat /etc/hosts /etc/resolv.conf /etc/hostname >/dev/null || exit
    stat -c %a /etc/hosts /made /made/deep /volume /passing /temporary`;
  const places = ["-v", "closed:/volume", "-v", `${lab.victim}:/passing/here`];
  const flags = [...places, "--tmpfs", "/temporary", "-w", "/made/deep", "--user", "1000"];
  for (const umask of ["077", "0"]) {
    const created = await after(`umask ${umask}`, "create", ...flags, builtinImage, "sh", "-c", look);
    expect(created).toMatchObject({ code: 0, stderr: "" });
    expect(await after(`umask ${umask}`, "start", "-a", created.stdout.trim())).toEqual({
      code: 0,
      stdout: "0022\n644\n755\n755\n755\n755\n1777\n",
      stderr: "",
    });
    expect(await lab.berth(["rm", "-v", created.stdout.trim()])).toMatchObject({ code: 0 });
    expect(await lab.berth(["volume", "rm", "closed"])).toMatchObject({ code: 0 });
  }
});

test("a container is attached to and restarted from where another runtime directory is set", async () => {
  const from = (name: string) => ({ env: { XDG_RUNTIME_DIR: join(lab.root, name) } });
  for (const name of ["here", "there"]) mkdirSync(join(lab.root, name), { mode: 0o700 });
  const script = "trap 'exit 3' TERM; while :; do sleep 0.05; done";
  const flags = ["-d", "--name", "web", "--network", "none", "--stop-timeout", "1"];
  expect(await lab.berth(["run", ...flags, builtinImage, "sh", "-c", script], from("here"))).toMatchObject({
    code: 0,
  });
  const attached = lab.berth(["attach", "--no-stdin", "web"], from("there"));
  while (!(await lab.berth(["events", "--since", "1h", "--until", "0s"])).stdout.includes("container attach"))
    await Bun.sleep(10);
  expect(await lab.berth(["restart", "web"], from("there"))).toMatchObject({ code: 0, stderr: "" });
  expect(await lab.berth(["stop", "web"], from("there"))).toMatchObject({ code: 0, stderr: "" });
  const { code, stderr } = await attached;
  expect(stderr).toBe("");
  expect([3, 137]).toContain(code); // as the signal came before or after the trap
  expect(await lab.berth(["rm", "web"])).toMatchObject({ code: 0 });
});

test("a container has the same ids where no PATH is set", async () => {
  const map = (setting: string) =>
    after(setting, "run", "--rm", "--network", "none", builtinImage, "cat", "/proc/self/uid_map");
  expect(await map("unset PATH")).toEqual(await map(":"));
});

test("the source of -v that is gone is made again at every start, that of --mount is asked for", async () => {
  const [made, asked] = ["made", "asked"].map((name) => join(lab.root, name)) as [string, string];
  mkdirSync(asked);
  const mounts = ["-v", `${made}:/made`, "--mount", `type=bind,source=${asked},target=/asked`];
  const words = [
    "create",
    "--name",
    "again",
    "--network",
    "none",
    ...mounts,
    builtinImage,
    "ls",
    "/made",
    "/asked",
  ];
  expect(await lab.berth(words)).toMatchObject({ code: 0, stderr: "" });
  for (let start = 1; start <= 2; start++) {
    rmdirSync(made);
    expect(await lab.berth(["start", "-a", "again"])).toMatchObject({ code: 0, stderr: "" });
  }
  rmdirSync(asked);
  expect(await lab.berth(["start", "again"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`bind source path does not exist: ${asked}`),
  });
  expect(await lab.berth(["rm", "again"])).toMatchObject({ code: 0 });
});
