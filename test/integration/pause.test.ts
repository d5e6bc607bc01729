/** `berth pause` and `unpause`: nothing of a container runs in between, and what was stopped before stays so. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";

let lab: ContainerLab;
let shared: string;
beforeAll(async () => {
  lab = await containerLab();
  shared = join(lab.root, "shared");
  mkdirSync(shared);
});
afterAll(() => lab[Symbol.asyncDispose]());

const until = async (holds: () => boolean | Promise<boolean>) => {
  while (!(await holds())) await Bun.sleep(10);
};

/** Starts a script in a container that goes on until it is removed; resolves when the script has written `ready`. */
async function started(name: string, script: string): Promise<AsyncDisposable> {
  const ended = lab.berth([
    ...["run", "--name", name, "--network", "none", "-v", `${shared}:/shared`, builtinImage],
    ...["sh", "-c", `${script}`],
  ]);
  await until(() => existsSync(join(shared, `${name}.ready`)));
  await runs(name);
  return {
    async [Symbol.asyncDispose]() {
      await lab.berth(["rm", "-f", name]);
      await ended;
    },
  };
}

const inspect = async (name: string, format: string) =>
  (await lab.berth(["inspect", "-f", format, name])).stdout.trim();

/** A program can be heard of a moment before its container is recorded as running. */
const runs = (name: string) => until(async () => (await inspect(name, "{{.State.Status}}")) === "running");

const size = (name: string) => statSync(join(shared, name)).size;

describe("a container that forks all the time", () => {
  const storm =
    "for n in 1 2 3 4 5 6; do (while :; do (echo x >>/shared/storm.out); done) & done; " +
    "echo >/shared/storm.ready; wait";

  test("stands still while it is paused, and goes on", async () => {
    await using _ = await started("storm", storm);
    for (let round = 0; round < 5; round++) {
      expect(await lab.berth(["pause", "storm"])).toEqual({ code: 0, stdout: "storm\n", stderr: "" });
      const before = size("storm.out");
      await Bun.sleep(100); // nothing can be waited for here: nothing may happen
      expect(size("storm.out")).toBe(before);
      expect(await lab.berth(["unpause", "storm"])).toEqual({ code: 0, stdout: "storm\n", stderr: "" });
      await until(() => size("storm.out") > before);
    }
  }, 30_000);
});

describe("a container with a stopped process", () => {
  const script =
    "sleep 1000 & kill -STOP $!; echo $! >/shared/stopped.pid; echo >/shared/stopped.ready; " +
    "while :; do sed -n 's/^State:\\s*//p' /proc/$!/status >>/shared/stopped.out; sleep 0.05; done";

  test("keeps it stopped after it was paused and unpaused", async () => {
    await using _ = await started("stopped", script);
    await lab.berth(["pause", "stopped"]);
    await lab.berth(["unpause", "stopped"]);
    const before = size("stopped.out");
    await until(() => size("stopped.out") > before + 40);
    const states = readFileSync(join(shared, "stopped.out"), "utf8").slice(before).trim().split("\n");
    expect(new Set(states)).toEqual(new Set(["T (stopped)"]));
  });
});

describe("a paused container", () => {
  let container: AsyncDisposable;
  beforeAll(async () => {
    container = await started("held", "echo >/shared/held.ready; while :; do sleep 0.1; done");
    await lab.berth(["pause", "held"]);
  });
  afterAll(() => container[Symbol.asyncDispose]());

  test("is shown as paused", async () => {
    const listed = await lab.berth(["ps", "--format", "{{.Names}} {{.State}} {{.Status}}"]);
    expect(listed.stdout).toMatch(/^held paused Up .* \(Paused\)$/m);
    expect((await lab.berth(["ps", "-q", "--filter", "status=paused"])).stdout).not.toBe("");
    const state = JSON.parse(await inspect("held", "{{json .State}}"));
    expect(state).toMatchObject({ Status: "paused", Running: true, Paused: true });
    expect(state.Pid).toBeGreaterThan(0);
  });

  test("cannot be paused again, nor removed without force", async () => {
    const id = await inspect("held", "{{.Id}}");
    expect(await lab.berth(["pause", "held"])).toEqual({
      code: 1,
      stdout: "",
      stderr: `berth: container ${id} is already paused\n`,
    });
    expect((await lab.berth(["rm", "held"])).stderr).toStartWith(
      'berth: cannot remove container "held": container is paused and must be unpaused first\n',
    );
  });

  test("is removed by force", async () => {
    expect((await lab.berth(["rm", "-f", "held"])).code).toBe(0);
    expect((await lab.berth(["ps", "-aq", "--filter", "name=held"])).stdout).toBe("");
  });
});

describe("a container that is told something while it is paused", () => {
  const listens = (name: string) =>
    `trap 'echo heard >>/shared/${name}.out; exit 5' TERM; echo >/shared/${name}.ready; while :; do sleep 0.05; done`;

  test("hears it, because it continues: stop", async () => {
    await using _ = await started("stopping", listens("stopping"));
    await lab.berth(["pause", "stopping"]);
    expect((await lab.berth(["stop", "stopping"])).code).toBe(0);
    expect(await inspect("stopping", "{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 5");
    expect(readFileSync(join(shared, "stopping.out"), "utf8")).toBe("heard\n");
  });

  test("is killed", async () => {
    await using _ = await started("killed", listens("killed"));
    await lab.berth(["pause", "killed"]);
    expect((await lab.berth(["kill", "killed"])).code).toBe(0);
    expect(await inspect("killed", "{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 137");
  });

  test("starts no further program", async () => {
    await using _ = await started("closed", listens("closed"));
    await lab.berth(["pause", "closed"]);
    expect(await lab.berth(["exec", "closed", "true"])).toMatchObject({
      code: 1,
      stderr: "berth: Container closed is paused, unpause the container before exec\n",
    });
  });
});

test("programs that joined stand still, too", async () => {
  await using _ = await started("joined", "echo >/shared/joined.ready; while :; do sleep 0.1; done");
  const script = "while :; do echo x >>/shared/program.out; sleep 0.01; done";
  await lab.berth(["exec", "-d", "joined", "sh", "-c", script]);
  await until(() => existsSync(join(shared, "program.out")));
  await lab.berth(["pause", "joined"]);
  const before = size("program.out");
  await Bun.sleep(100); // nothing can be waited for here: nothing may happen
  expect(size("program.out")).toBe(before);
  await lab.berth(["unpause", "joined"]);
  await until(() => size("program.out") > before);
});

test("of processes that are shared with another container, only its own stand still", async () => {
  await using _ = await started(
    "host",
    "echo >/shared/host.ready; while :; do echo x >>/shared/host.out; sleep 0.02; done",
  );
  // The second loop is orphaned, and is nobody's child of the guest's any more.
  const orphan = "(sh -c 'while :; do echo x >>/shared/orphan.out; sleep 0.02; done' &); ";
  const script =
    `${orphan}trap 'exit 6' TERM; ` +
    "echo >/shared/guest.ready; while :; do echo x >>/shared/guest.out; sleep 0.02; done";
  const ended = lab.berth([
    ...["run", "--name", "guest", "--network", "none", "--pid", "container:host", "-v", `${shared}:/shared`],
    ...[builtinImage, "sh", "-c", script],
  ]);
  await until(() => ["guest.ready", "orphan.out"].every((file) => existsSync(join(shared, file))));
  await runs("guest");
  await lab.berth(["pause", "guest"]);
  const [guest, orphaned, host] = [size("guest.out"), size("orphan.out"), size("host.out")];
  await until(() => size("host.out") > host + 10);
  expect([size("guest.out"), size("orphan.out")]).toEqual([guest, orphaned]);
  await lab.berth(["unpause", "guest"]);
  await until(() => size("guest.out") > guest && size("orphan.out") > orphaned);
  expect((await lab.berth(["stop", "guest"])).code).toBe(0);
  expect((await ended).code).toBe(6);
});

test("what does not run, is not paused, or is not there is said", async () => {
  await lab.berth(["run", "--name", "done", "--network", "none", builtinImage, "true"]);
  const id = await inspect("done", "{{.Id}}");
  const failure = (message: string) => ({ code: 1, stdout: "", stderr: `berth: ${message}\n` });
  expect(await lab.berth(["pause", "done"])).toEqual(failure(`container ${id} is not running`));
  expect(await lab.berth(["unpause", "done"])).toEqual(failure(`Container ${id} is not paused`));
  expect(await lab.berth(["pause", "nobody"])).toEqual(failure("No such container: nobody"));
  expect((await lab.berth(["pause"])).stderr).toContain("'berth pause' requires at least 1 argument");
});

test("two pauses at once: one of them wins", async () => {
  await using _ = await started("twice", "echo >/shared/twice.ready; while :; do sleep 0.1; done");
  const ended = await Promise.all([lab.berth(["pause", "twice"]), lab.berth(["pause", "twice"])]);
  expect(ended.map(({ code }) => code).toSorted()).toEqual([0, 1]);
  expect(await inspect("twice", "{{.State.Status}}")).toBe("paused");
});
