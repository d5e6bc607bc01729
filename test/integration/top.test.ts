/** `berth top`: the processes of a container, told by the host. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { builtinImage, type ContainerLab, containerLab, unharmed } from "../support/container-lab.ts";
import { type RunningContainer, runningContainer } from "../support/running-container.ts";

describe.each(["overlay", "fuse-overlayfs"])("top with %s", (driver) => {
  let lab: ContainerLab;
  let container: RunningContainer;
  const top = (...words: string[]) => lab.berth(["top", ...words]);
  const rows = (text: string) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ {2,}/));

  beforeAll(async () => {
    lab = await containerLab(driver);
    const image = await lab.image(
      "top",
      [
        { name: "etc/passwd", content: "root:x:0:0::/:\nweb:x:33:33::/:\n" },
        ...["ps", "nsenter", "id"].map((name) => ({
          name: `evil/${name}`,
          content: "#!/bin/sh\n: >/tainted\n",
          mode: 0o755,
        })),
      ],
      { Env: ["PATH=/evil:/bin"] },
    );
    container = await runningContainer(lab.root, {
      image,
      env: { BERTH_STORAGE_DRIVER: driver },
      script: "sleep 98781 & sh -c 'exec sleep 98782' &",
    });
    expect((await lab.berth(["exec", "-dt", "-u", "33:33", container.name, "sleep", "98783"])).code).toBe(0);
    // Each was begun, but on a busy machine may not be the program yet.
    const running = async () => (await top(container.name)).stdout.match(/ sleep 9878[123]$/gm)?.length;
    while ((await running()) !== 3) await Bun.sleep(10);
  });
  afterAll(async () => {
    expect(lab.harm()).toEqual(unharmed);
    await container[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  test("shows Docker's columns, pids of the host and users of the container", async () => {
    const { code, stdout, stderr } = await top(container.name);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n")[0]).toBe(
      [...["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME"].map((title) => title.padEnd(20)), "CMD"].join(
        "",
      ),
    );
    const [, ...lines] = rows(stdout);
    const first = lines.find(([, pid]) => pid === String(container.pid))!;
    expect(first[0]).toBe("root");
    expect(first.at(-1)).toStartWith("sh -c sleep 98781");
    const commands = lines.map((cells) => cells.at(-1));
    for (const command of ["sleep 98781", "sleep 98782", "sleep 98783"]) expect(commands).toContain(command);
    const joined = lines.find((cells) => cells.at(-1) === "sleep 98783")!;
    expect(joined.slice(5, 7)).toEqual(["pts/0", "00:00:00"]);
    // The host cannot look into a root of fuse-overlayfs, and knows only the number.
    expect(joined[0]).toBe(driver === "overlay" ? "web" : "33");
    expect(await top(container.name, "-ef")).toMatchObject({ code: 0 });
  });

  test("gives other options to the host's ps, and nothing of the container is run", async () => {
    const { code, stdout } = await top(container.name, "-o", "pid,comm");
    expect(code).toBe(0);
    const [titles, ...lines] = rows(stdout);
    expect(titles).toEqual(["PID", "COMMAND"]);
    expect(lines).toContainEqual([String(container.pid), "sh"]);
    expect(lines.filter(([, name]) => name === "sleep").length).toBe(3);
    expect((await top(container.name, "aux")).stdout).toContain("sleep 98782");
    expect(await top(container.name, "-o", "comm")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Couldn't find PID field in ps output"),
    });
    expect(await top(container.name, "-o", "uid=PID")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('specifying "uid=PID" is not allowed'),
    });
    expect(await top(container.name, "--no-such-option")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("ps: "),
    });
    expect((await lab.berth(["exec", container.name, "ls", "/"])).stdout).not.toContain("tainted");
  });

  test("believes no account file that leads out of the container", async () => {
    const change = (script: string) => lab.berth(["exec", container.name, "sh", "-c", script]);
    for (const make of [
      `ln -s ${lab.victim}/secret`,
      "ln -s /proc/1/root/etc/passwd",
      "/bin/busybox mkfifo",
      "/bin/busybox truncate -s 1G",
    ]) {
      await change(`/bin/busybox rm -f /etc/passwd; ${make} /etc/passwd`);
      const { code, stdout } = await top(container.name);
      expect([make, code]).toEqual([make, 0]);
      expect(stdout).not.toContain("canary");
      expect(stdout).toMatch(/^33 .*sleep 98783$/m);
    }
  });

  test("refuses what does not run or is not there", async () => {
    await lab.berth(["run", "--name", "over", "--network", "none", builtinImage, "true"]);
    expect(await top("over")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/container \w{64} is not running/),
    });
    expect(await top("nowhere")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("No such container: nowhere"),
    });
    expect(await top()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("requires at least 1 argument"),
    });
  });
});
