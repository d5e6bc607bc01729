import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { berthExecutable } from "../support/berth-executable.ts";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";
import { monitorOf } from "../support/monitor-of.ts";

let lab: ContainerLab;
beforeAll(async () => {
  lab = await containerLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

const run = (...args: string[]) => lab.berth(["run", "--rm", ...args]);
const output = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await run(...args);
  if (code !== 0) throw new Error(`berth run ${args.join(" ")}: ${stderr}`);
  return stdout;
};
const hosts = (...flags: string[]) => output(...flags, builtinImage, "cat", "/etc/hosts");
const resolv = (...flags: string[]) => output(...flags, builtinImage, "cat", "/etc/resolv.conf");
/** A server of the host that says hello to whoever connects. */
const greet = (hostname: string) =>
  Bun.listen({ hostname, port: 0, socket: { open: (socket) => void socket.end("hello\n"), data() {} } });
const outward = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === "IPv4")?.address;

describe("the outside", () => {
  test("is not the host's loopback (C12), unless that is asked for", async () => {
    using server = greet("127.0.0.1");
    const ask = (address: string) => ["nc", "-w", "2", address, String(server.port)];
    for (const address of ["10.0.2.2", "127.0.0.1", "10.0.2.3"])
      expect((await run(builtinImage, ...ask(address))).stdout).toBe("");
    const open = ["--network", "slirp4netns:allow_host_loopback=true"];
    expect(await output(...open, builtinImage, ...ask("host.containers.internal"))).toBe("hello\n");
    expect(await output(...open, builtinImage, ...ask("host.docker.internal"))).toBe("hello\n");
  });

  test.skipIf(outward === undefined)(
    "has the host as host-gateway, where it listens for everybody",
    async () => {
      using open = greet("0.0.0.0");
      using closed = greet("127.0.0.1");
      const ask = (port: number) =>
        run("--add-host", "up:host-gateway", builtinImage, "nc", "-w", "2", "up", String(port));
      expect((await ask(open.port)).stdout).toBe("hello\n");
      expect((await ask(closed.port)).stdout).toBe("");
    },
  );

  test("is as wide, and at the addresses, as asked for", async () => {
    const text = await output(
      ...["--network", "slirp4netns:mtu=1400,cidr=10.9.8.0/24,enable_ipv6=false", builtinImage],
      ...["sh", "-c", "ip -o link show tap0; ip -o addr show tap0; cat /etc/resolv.conf; ip -6 route"],
    );
    expect(text).toContain("mtu 1400");
    expect(text).toContain("inet 10.9.8.100/24");
    expect(text).toContain("nameserver 10.9.8.3");
    expect(text).not.toContain("default");
  });

  test("sees packets come from the address that was asked for", async () => {
    const peers: string[] = [];
    using server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open(socket) {
          peers.push(socket.remoteAddress);
          socket.end();
        },
        data() {},
      },
    });
    const network = "slirp4netns:allow_host_loopback=true,outbound_addr=127.0.0.9";
    await output("--network", network, builtinImage, "nc", "-w", "2", "10.0.2.2", String(server.port));
    expect(peers).toEqual(["127.0.0.9"]);
  });

  test("is reached over IPv6, too", async () => {
    using server = greet("::1");
    const script = "until ip -6 route | grep -q ^default; do sleep 0.05; done; nc -w 2 $0 $1";
    const ask = [builtinImage, "sh", "-c", script, "fd00::2", String(server.port)];
    const network = "slirp4netns:enable_ipv6=true,allow_host_loopback=true";
    expect(await output("--network", network, ...ask)).toBe("hello\n");
  });

  test("comes back when slirp4netns was killed, and goes with the container and its monitor", async () => {
    await lab.berth(["run", "-d", "--name", "steady", builtinImage, "sleep", "1000"]);
    let pid = (await lab.berth(["inspect", "-f", "{{.State.Pid}}", "steady"])).stdout.trim();
    const helpers = () =>
      readdirSync("/proc").filter((entry) => {
        try {
          const words = readFileSync(`/proc/${entry}/cmdline`, "latin1").split("\0");
          return words.some((word) => word.endsWith("/slirp4netns")) && words.includes(pid);
        } catch {
          return false;
        }
      });
    const [killed = ""] = helpers();
    expect(readFileSync(`/proc/${killed}/status`, "latin1")).toMatch(/^Seccomp:\t2$/m);
    process.kill(Number(killed), "SIGKILL");
    while (helpers().every((helper) => helper === killed)) await Bun.sleep(10);
    for (;;) {
      const { stdout } = await lab.berth(["exec", "steady", "ip", "route"]);
      if (stdout.includes("default via 10.0.2.2")) break;
      await Bun.sleep(10);
    }
    process.kill(monitorOf(Number(pid)), "SIGKILL");
    while (helpers().length > 0) await Bun.sleep(10);
    await lab.berth(["start", "steady"]);
    pid = (await lab.berth(["inspect", "-f", "{{.State.Pid}}", "steady"])).stdout.trim();
    expect(helpers()).toHaveLength(1);
    await lab.berth(["rm", "-f", "steady"]);
    while (helpers().length > 0) await Bun.sleep(10);
  });
});

describe("names", () => {
  test("of the container are its host name, long and short", async () => {
    expect(await hosts("-h", "box", "--domainname", "example.org")).toContain(
      "10.0.2.100\tbox.example.org box\n",
    );
    expect(await hosts("--network", "none", "-h", "box")).not.toContain("box");
  });

  test("are added as asked for", async () => {
    const text = await hosts("--add-host", "db:192.0.2.7", "--add-host", "six=[2001:db8::1]");
    expect(text).toContain("192.0.2.7\tdb\n");
    expect(text).toContain("2001:db8::1\tsix\n");
    const ping = await run("--add-host", "db:192.0.2.7", builtinImage, "ping", "-c", "1", "-W", "1", "db");
    expect(ping.stdout).toContain("db (192.0.2.7)");
  });

  test("are looked up where it was asked for", async () => {
    const flags = [
      "--dns",
      "192.0.2.53",
      "--dns-search",
      "a.example",
      "--dns-option",
      "timeout:1",
      "--dns-opt",
      "ndots:2",
    ];
    const wanted = "search a.example\noptions timeout:1 ndots:2\nnameserver 192.0.2.53\n";
    expect(await resolv(...flags)).toBe(wanted);
    expect(await resolv("--network", "host", ...flags)).toBe(wanted);
    expect(await resolv("--network", "none", ...flags)).toBe(wanted);
    expect(await resolv("--network", "host")).toBe(readFileSync("/etc/resolv.conf", "utf8"));
  });

  test("do not go to files outside when the image has links there (CVE-2018-15664)", async () => {
    const image = await lab.image("linked", [
      { name: "etc/hosts", symlink: `${lab.victim}/secret` },
      { name: "etc/resolv.conf", symlink: "../../../../../../../../tmp/canary" },
    ]);
    await run(image, "true");
    expect(lab.harm()).toEqual({ names: ["secret"], secret: "the canary\n" });
    expect(existsSync("/tmp/canary")).toBe(false);
  });
});

test("without /dev/net/tun the error says what to do, and host and none work", async () => {
  // In namespaces where the directory of the device is empty.
  const script = 'mount -t tmpfs none /dev/net && exec "$@"';
  const without = async (network: string) => {
    const child = Bun.spawn(
      [
        ...["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"],
        ...[berthExecutable, "run", "--rm", "--network", network, builtinImage, "true"],
      ],
      {
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: lab.root, BERTH_ROOT: join(lab.root, "no-tun") },
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    return { stderr: await child.stderr.text(), code: await child.exited };
  };
  for (const network of ["host", "none"]) expect((await without(network)).code).toBe(0);
  for (const network of Bun.which("pasta") === null ? ["bridge"] : ["bridge", "pasta"]) {
    const { code, stderr } = await without(network);
    expect(code).toBe(125);
    expect(stderr).toContain("hint: /dev/net/tun must be there and open to users (mode 0666)");
  }
});
