/** Whichever process of a container's chain is killed, none stays, and `ps` says what is true. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { berthExecutable } from "../support/berth-executable.ts";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";
import { familyOf, gone, isAlive, parentOf, processesOf } from "../support/processes-of.ts";
import { tinyElf } from "../support/tiny-elf.ts";

/** Who keeps the container: the command in the foreground itself (`--rm`), or a monitor of its own. */
const ways = (["command", "monitor"] as const).flatMap((keeper) => [
  { driver: "overlay", keeper },
  { driver: "fuse-overlayfs", keeper },
]);

/** Without the shell that has mapped the ids (sys/namespaces.ts): a program may run before that is gone. */
async function settledFamilyOf(keeper: number): Promise<number[]> {
  const isLeaving = (pid: number) =>
    !isAlive(pid) || readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("newgidmap");
  for (;;) {
    const family = familyOf(keeper);
    try {
      if (!family.some(isLeaving)) return family;
    } catch {
      // It has just left.
    }
    await Bun.sleep(1);
  }
}

describe.each(ways)("a container on $driver that its $keeper keeps", ({ driver, keeper }) => {
  let lab: ContainerLab;
  let image: string;
  beforeAll(async () => {
    lab = await containerLab(driver);
    image = await lab.image("stubborn", [
      {
        name: "stubborn",
        // prctl(PR_SET_PDEATHSIG, 0), and every signal blocked that can be
        content: tinyElf([
          { number: 157, args: [1, 0] },
          { number: 14, args: [0, { bytes: new Uint8Array(8).fill(255) }, 0, 8] },
          { number: 1, args: [1, { bytes: "ready\n" }, 6] },
          // pause(2), which nothing interrupts
          { number: 34 },
        ]),
        mode: 0o755,
      },
    ]);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  async function start(name: string, network: string, ...words: string[]) {
    const flags = [...(keeper === "command" ? ["--rm"] : []), "--name", name, "--network", network];
    const child = Bun.spawn([berthExecutable, "run", ...flags, ...words], {
      env: {
        PATH: process.env.PATH ?? "",
        HOME: lab.root,
        BERTH_ROOT: join(lab.root, "data"),
        BERTH_STORAGE_DRIVER: driver,
      },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const { value } = await child.stdout.getReader().read();
    expect(new TextDecoder().decode(value)).toBe("ready\n");
    const monitor = processesOf(lab.root).find(
      ({ pid, words }) => words[1] === "internal-monitor" && parentOf(pid) === child.pid,
    );
    return { child, family: await settledFamilyOf(monitor?.pid ?? child.pid) };
  }
  const running = async () => (await lab.berth(["ps", "-q"])).stdout.split("\n").filter(Boolean);
  /** `ps -a` says that it ended so, or knows nothing of one that removes itself. */
  const expectEnd = async (name: string, code: number) => {
    const status = await state(name);
    if (keeper === "command") expect(status).toBe("");
    else expect(status).toStartWith(`Exited (${code}) `);
  };
  const state = async (name: string) =>
    (await lab.berth(["ps", "-a", "--filter", `name=${name}`, "--format", "{{.Status}}"])).stdout;

  test("is gone with each of the processes that hold it", async () => {
    const probe = await start("probe", "none", builtinImage, "sh", "-c", "echo ready; exec sleep 4713");
    const links = probe.family.length;
    expect(links).toBeGreaterThan(3);
    process.kill(probe.family[0]!, "SIGKILL");
    await gone(probe.family);
    await Promise.all(
      Array.from({ length: links }, async (_, link) => {
        const { child, family } = await start(
          `link-${link}`,
          "none",
          builtinImage,
          "sh",
          "-c",
          "(sleep 4714 &); echo ready; exec sleep 4715",
        );
        expect(await state(`link-${link}`)).toStartWith("Up ");
        const victim = family[link]!;
        const isFileSystem = /fuse-overlayfs\0-o\0/.test(readFileSync(`/proc/${victim}/cmdline`, "utf8"));
        process.kill(victim, "SIGKILL");
        if (isFileSystem) {
          // A program that needs no file any more runs on, and is there to be ended.
          await gone([victim]);
          expect(await state(`link-${link}`)).toStartWith("Up ");
          process.kill(family[0]!, "SIGKILL");
        }
        await gone(family);
        // unshare answers 1 when its child is killed under it; without its monitor nobody knows the status.
        const code = await child.exited;
        expect([1, 125, 137]).toContain(code);
        await expectEnd(`link-${link}`, code === 125 ? 137 : code);
      }),
    );
    expect(processesOf(lab.root)).toEqual([]);
  }, 30_000);

  test("stays what it is when slirp4netns is killed, and ends with its program", async () => {
    const { child, family } = await start(
      "offline",
      "slirp4netns",
      builtinImage,
      "sh",
      "-c",
      "echo ready; while test -e /sys/class/net/tap0; do sleep 0.02; done",
    );
    const network = processesOf(lab.root).find(({ words }) => words.includes("--disable-host-loopback"))!;
    process.kill(network.pid, "SIGKILL");
    expect(await child.exited).toBe(0);
    await gone(family);
    expect(processesOf(lab.root)).toEqual([]);
  }, 20_000);

  test.skipIf(process.arch !== "x64")("cannot outlive berth, whatever it does about signals", async () => {
    const { child, family } = await start("stubborn", "none", "--entrypoint", "/stubborn", image);
    process.kill(family[0]!, "SIGKILL");
    await gone(family);
    await child.exited;
    await expectEnd("stubborn", 137);
    expect(processesOf(lab.root)).toEqual([]);
  });

  test("leaves nothing when berth is killed at any moment of the start", async () => {
    const flags = keeper === "command" ? ["--rm"] : ["-d", "--rm"];
    const moments = Array.from({ length: 16 }, (_, index) => 3 * index);
    for (const moment of moments) {
      const child = Bun.spawn(
        [berthExecutable, "run", ...flags, "--network", "none", builtinImage, "sleep", "4716"],
        {
          env: {
            PATH: process.env.PATH ?? "",
            HOME: lab.root,
            BERTH_ROOT: join(lab.root, "data"),
            BERTH_STORAGE_DRIVER: driver,
          },
          stdio: ["ignore", "ignore", "ignore"],
        },
      );
      await Bun.sleep(moment); // not waited for: it is the moment of the kill that is varied
      child.kill("SIGKILL");
      await child.exited;
    }
    // A monitor that had its order by then goes on without the command; all others are gone.
    while (processesOf(lab.root).length > 0) {
      const ids = keeper === "monitor" ? await running() : [];
      if (ids.length > 0) await lab.berth(["rm", "-f", ...ids]);
      await Bun.sleep(10);
    }
  }, 20_000);
});
