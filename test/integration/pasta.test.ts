import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";
import { freePort } from "../support/free-port.ts";
import { monitorOf } from "../support/monitor-of.ts";
import { succeeding } from "../support/succeed.ts";

let lab: ContainerLab;
beforeAll(async () => {
  lab = await containerLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

const succeed = succeeding((...args) => lab.berth(args));
/** A server of the host that says hello to whoever connects. */
const greet = (hostname: string) =>
  Bun.listen({ hostname, port: 0, socket: { open: (socket) => void socket.end("hello\n"), data() {} } });
const outward = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === "IPv4")?.address;
/** The pasta processes of a container, by the pid that they were told. */
const pastasOf = (pid: string) =>
  readdirSync("/proc").filter((entry) => {
    try {
      const words = readFileSync(`/proc/${entry}/cmdline`, "latin1").split("\0");
      return /pasta(\.avx2)?$/.test(words[0]!) && words.includes(pid);
    } catch {
      return false;
    }
  });

describe.skipIf(Bun.which("pasta") === null || outward === undefined)("--network pasta", () => {
  const run = (network: string, ...rest: string[]) =>
    lab.berth(["run", "--rm", "--network", network, ...rest]);

  test("reaches the host where it listens for everybody, and its loopback only when asked to", async () => {
    using open = greet("0.0.0.0");
    using closed = greet("127.0.0.1");
    // Debian 12's pasta repeats what was sent just before the end on recent kernels.
    // Somebody else's 10.0.2.2 may take connections, and say nothing.
    const ask = (network: string, address: string, port: number) =>
      run(
        network,
        ...["--add-host", "up:host-gateway", builtinImage],
        ...["sh", "-c", `timeout 1 nc ${address} ${port}; true`],
      );
    expect((await ask("pasta", outward!, open.port)).stdout).toStartWith("hello\n");
    for (const address of ["up", "10.0.2.2", "10.0.2.3", "127.0.0.1"])
      expect((await ask("pasta", address, closed.port)).stdout).toBe("");
    expect((await ask("pasta:--map-gw", "host.containers.internal", closed.port)).stdout).toStartWith(
      "hello\n",
    );
  });

  test("has the addresses and the resolver of the default network", async () => {
    const script = "ip -o link show tap0; ip -o addr show tap0; cat /etc/resolv.conf /etc/hosts";
    const { stdout } = await run("pasta:--mtu,1400", "-h", "box", builtinImage, "sh", "-c", script);
    expect(stdout).toContain("mtu 1400");
    expect(stdout).toContain("inet 10.0.2.100/24");
    expect(stdout).toContain("nameserver 10.0.2.3\n");
    expect(stdout).toContain("10.0.2.100\tbox\n");
  });

  test("publishes ports, joins networks, comes back when it was killed and ends with its monitor", async () => {
    const port = freePort();
    const server = "mkdir /www; echo hello >/www/index.html; exec httpd -f -p 80 -h /www";
    const flags = ["--name", "web", "--network", "pasta", "-p", `${port}:80`];
    await succeed("run", "-d", ...flags, builtinImage, "sh", "-c", server);
    const get = async (host: string): Promise<string> => {
      for (;;) {
        const answer = await fetch(`http://${host}:${port}/`).catch(() => undefined);
        if (answer?.ok) return answer.text();
        await Bun.sleep(10);
      }
    };
    expect(await get("127.0.0.1")).toBe("hello\n");
    expect(await get("[::1]")).toBe("hello\n");
    expect(await succeed("inspect", "-f", "{{.HostConfig.NetworkMode}}", "web")).toBe("pasta");

    await succeed("network", "create", "beside");
    await succeed("network", "connect", "beside", "web");
    const neighbour = ["run", "--rm", "--network", "beside", builtinImage, "wget", "-qO-", "http://web/"];
    expect(await succeed(...neighbour)).toBe("hello");

    const pid = await succeed("inspect", "-f", "{{.State.Pid}}", "web");
    const [killed = ""] = pastasOf(pid);
    expect(killed).not.toBe("");
    process.kill(Number(killed), "SIGKILL");
    for (;;) {
      const { stdout } = await lab.berth(["exec", "web", "ip", "route"]);
      if (!pastasOf(pid).includes(killed) && stdout.includes("default via 10.0.2.2")) break;
      await Bun.sleep(10);
    }
    expect(await get("127.0.0.1")).toBe("hello\n");
    process.kill(monitorOf(Number(pid)), "SIGKILL");
    while (existsSync(`/proc/${pid}`) || pastasOf(pid).length > 0) await Bun.sleep(10);
    await succeed("rm", "-f", "web");
    await succeed("network", "rm", "beside");
  });

  test("ends with its container", async () => {
    await succeed("run", "-d", "--name", "short", "--network", "pasta", builtinImage, "sleep", "1000");
    const pid = await succeed("inspect", "-f", "{{.State.Pid}}", "short");
    expect(pastasOf(pid)).toHaveLength(1);
    await succeed("rm", "-f", "short");
    while (pastasOf(pid).length > 0) await Bun.sleep(10);
  });
});

test("--network pasta says what to install where it is not", async () => {
  const path = join(lab.root, "path");
  mkdirSync(path);
  for (const name of ["newuidmap", "newgidmap"]) {
    const found = Bun.which(name);
    if (found !== null) symlinkSync(found, join(path, name));
  }
  const { code, stderr } = await lab.berth(["run", "--rm", "--network", "pasta", builtinImage, "true"], {
    env: { PATH: path },
  });
  expect(code).toBe(125);
  expect(stderr).toContain("--network pasta needs the program pasta, which is not installed");
  expect(stderr).toContain("package passt");
});
