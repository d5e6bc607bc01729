import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { berthExecutable } from "../support/berth-executable.ts";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";
import { freePort } from "../support/free-port.ts";
import { monitorOf } from "../support/monitor-of.ts";
import { agentsOf } from "../support/network-agents.ts";
import { succeeding } from "../support/succeed.ts";

let lab: ContainerLab;
let env: Record<string, string>;
beforeAll(async () => {
  lab = await containerLab();
  // A runtime directory of its own shows which sockets and switches are this test's.
  env = { XDG_RUNTIME_DIR: join(lab.root, "run") };
  mkdirSync(env.XDG_RUNTIME_DIR!, { mode: 0o700 });
});
afterAll(() => lab[Symbol.asyncDispose]());
afterEach(async () => {
  const ids = (await succeed("ps", "-aq")).split("\n").filter(Boolean);
  if (ids.length > 0) await succeed("rm", "-f", ...ids);
  await succeed("network", "prune", "-f");
});

const own = (...args: string[]) => lab.berth(args, { env });
const succeed = succeeding(own);
const refused = async (...args: string[]): Promise<string> => {
  const { code, stderr } = await own(...args);
  expect(code).not.toBe(0);
  return stderr;
};
const start = (name: string, ...flags: string[]) =>
  succeed("run", "-d", "--name", name, ...flags, builtinImage, "sleep", "1000");
const inside = (name: string, ...command: string[]) => own("exec", name, ...command);
const reaches = async (from: string, name: string) =>
  (await inside(from, "ping", "-c", "1", "-W", "1", name)).code === 0;
/** The address that a name has inside, by DNS alone; empty for none. */
const resolved = async (from: string, name: string) =>
  /Address: (\d+\.\d+\.\d+\.\d+)\n/.exec((await inside(from, "nslookup", "-type=a", name)).stdout)?.[1] ?? "";

const roles = (role: string) =>
  readdirSync("/proc").flatMap((entry) => {
    try {
      const words = readFileSync(`/proc/${entry}/cmdline`, "latin1").split("\0");
      return words.includes(role) ? [Number(entry)] : [];
    } catch {
      return [];
    }
  });
/** The switches of this test hold a lock in its runtime directory. */
const switches = () =>
  roles("internal-switch").filter((pid) => {
    try {
      const files = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
      return files.some((file) => file.startsWith(env.XDG_RUNTIME_DIR!));
    } catch {
      return false; // gone, or somebody else's
    }
  });

describe("a network", () => {
  test("lets its members find each other by name, alias, hostname and short id, and nobody else", async () => {
    await succeed("network", "create", "back");
    const id = await start("db", "--network", "back", "--network-alias", "store");
    const app = await start("app", "--network", "back", "--hostname", "machine");
    await start("stranger");
    expect(await reaches("db", "machine")).toBe(true);
    const names = (name: string) =>
      succeed("inspect", "-f", "{{json .NetworkSettings.Networks.back.DNSNames}}", name);
    expect(JSON.parse(await names("app"))).toEqual(["app", app.slice(0, 12), "machine"]);
    expect(JSON.parse(await names("db"))).toEqual(["db", "store", id.slice(0, 12)]);
    for (const name of ["db", "DB", "db.back", "store", id.slice(0, 12)])
      expect([name, await reaches("app", name)]).toEqual([name, true]);
    const address = await succeed("inspect", "-f", "{{.NetworkSettings.Networks.back.IPAddress}}", "db");
    expect(await resolved("app", "db")).toBe(address);
    expect((await inside("app", "nslookup", address)).stdout).toContain("name = db.back");
    expect((await inside("app", "ping", "-c", "1", "-W", "1", "stranger")).code).not.toBe(0);
    expect((await inside("stranger", "ping", "-c", "1", "-W", "1", address)).code).not.toBe(0);
    expect(await succeed("ps", "--filter", "network=back", "--format", "{{.Names}} {{.Networks}}")).toBe(
      "app back\ndb back",
    );
    // A name that a container has only for itself is in its own file.
    expect((await inside("db", "cat", "/etc/hosts")).stdout).toContain(`${address}\t${id.slice(0, 12)}\n`);
  });

  test("follows renames, stops, starts and kills at once", async () => {
    await succeed("network", "create", "moving");
    await start("one", "--network", "moving");
    await start("two", "--network", "moving");
    expect(await reaches("one", "two")).toBe(true);
    const address = await resolved("one", "two");
    await succeed("rename", "two", "deux");
    expect(await resolved("one", "two")).toBe("");
    expect(await reaches("one", "deux")).toBe(true);
    await succeed("stop", "-t", "0", "deux");
    expect(await resolved("one", "deux")).toBe("");
    await succeed("start", "deux");
    expect(await resolved("one", "deux")).toBe(address);
    expect(await reaches("one", "deux")).toBe(true);
    process.kill(Number(await succeed("inspect", "-f", "{{.State.Pid}}", "deux")), "SIGKILL");
    await succeed("wait", "deux");
    expect(await resolved("one", "deux")).toBe("");
  });

  test("takes and releases running containers", async () => {
    await succeed("network", "create", "live");
    await start("member", "--network", "live");
    await start("guest");
    expect(await resolved("guest", "member")).toBe("");
    await succeed("network", "connect", "--alias", "visitor", "live", "guest");
    expect(await reaches("guest", "member")).toBe(true);
    expect(await reaches("member", "visitor")).toBe(true);
    expect(await succeed("ps", "--filter", "name=guest", "--format", "{{.Networks}}")).toBe("bridge,live");
    expect(await refused("network", "connect", "live", "guest")).toContain(
      "endpoint with name guest already exists in network live",
    );
    expect(await refused("network", "rm", "live")).toContain("network live has active endpoints");
    await succeed("network", "disconnect", "live", "guest");
    expect(await resolved("member", "guest")).toBe("");
    expect((await inside("guest", "ip", "-o", "link")).stdout).not.toContain("eth0");
    expect((await inside("guest", "cat", "/etc/resolv.conf")).stdout).toContain("nameserver 10.0.2.3");
    expect(await refused("network", "disconnect", "live", "guest")).toContain(
      "is not connected to network live",
    );
  });

  test("is the way out of a container that has none, each time that it is connected", async () => {
    await succeed("network", "create", "--internal", "shut");
    await succeed("network", "create", "open");
    await start("guest", "--network", "shut");
    const pid = await succeed("inspect", "-f", "{{.State.Pid}}", "guest");
    for (let time = 0; time < 5; time++) {
      await succeed("network", "connect", "open", "guest");
      expect((await inside("guest", "ip", "route")).stdout).toContain("default via 10.0.2.2");
      await succeed("network", "disconnect", "open", "guest");
      // The next slirp4netns could not make its device while the one before has it.
      expect(readFileSync(`/proc/${pid}/net/dev`, "latin1")).not.toContain("tap0");
    }
  });

  test.each([
    { helper: "slirp4netns", failing: "*", before: ["--network", "shut"] }, // has an agent, and no way out
    { helper: "nsenter", failing: "*internal-network*", before: [] }, // has a way out, and no agent
  ])(
    "is connected at the second try when $helper failed at the first",
    async ({ helper, failing, before }) => {
      const home = join(lab.root, helper);
      const [program, tried] = [join(home, "program"), join(home, "tried")];
      mkdirSync(join(home, ".config/berth"), { recursive: true });
      const script = [
        "#!/bin/sh",
        `[ -e '${tried}' ] || case "$*" in ${failing}) touch '${tried}'; exit 1 ;; esac`,
        `directory=$(echo '${lab.root}'/data/libexec/*)`,
        'for loader in "$directory"/ld-*; do',
        `  [ ! -e "$loader" ] || exec "$loader" --library-path "$directory" "$directory/${helper}" "$@"`,
        "done",
        `exec "$directory/${helper}" "$@"`,
      ];
      writeFileSync(program, script.join("\n"), { mode: 0o755 });
      writeFileSync(join(home, ".config/berth/config.toml"), `[helpers]\n${helper} = "${program}"\n`);
      await succeed("network", "create", "--internal", "shut");
      await succeed("network", "create", "open");
      const run = ["run", "-d", "--name", "guest", ...before, builtinImage, "sleep", "1000"];
      expect((await lab.berth(run, { env: { ...env, HOME: home } })).code).toBe(0);
      expect(existsSync(tried)).toBe(false);
      await succeed("network", "connect", "open", "guest");
      expect(existsSync(tried)).toBe(true);
      expect((await inside("guest", "ip", "route")).stdout).toContain("default via 10.0.2.2");
      expect(await reaches("guest", "guest")).toBe(true);
    },
  );

  test("is connected when the agent that should have done it was killed meanwhile", async () => {
    await succeed("network", "create", "first");
    await succeed("network", "create", "second");
    const id = await start("guest", "--network", "first");
    await start("member", "--network", "second");
    const pid = await succeed("inspect", "-f", "{{.State.Pid}}", "guest");
    const [agent = 0] = agentsOf(Number(pid));
    process.kill(agent, "SIGSTOP");
    const connected = succeed("network", "connect", "second", "guest");
    const hosts = async () => (await inside("guest", "cat", "/etc/hosts")).stdout;
    const own = () =>
      hosts().then((text) => text.split("\n").filter((line) => line.includes(id.slice(0, 12))));
    while ((await own()).length < 2) await Bun.sleep(10); // the order comes next
    process.kill(agent, "SIGKILL");
    await connected;
    for (const name of ["member", "guest"])
      expect([name, await reaches("guest", name)]).toEqual([name, true]);
    expect(await reaches("member", "guest")).toBe(true);
    expect(await own()).toHaveLength(2);
  });

  test("holds 50 members, and goes on when any process of it is killed", async () => {
    await succeed("network", "create", "wide");
    const all = Array.from({ length: 50 }, (_, index) => `m${index}`);
    await Promise.all(all.map((name) => start(name, "--network", "wide")));
    /** Who cannot be reached by name. */
    const missing = async (from: string, names = all) => {
      const script = 'for name; do ping -c 1 -W 1 -q "$name" >/dev/null 2>&1 || echo "$name"; done';
      const { stdout } = await inside(from, "sh", "-c", script, "sh", ...names);
      return stdout.split("\n").filter(Boolean);
    };
    expect(await missing("m0")).toEqual([]);

    const processes = new Map<string, number>();
    for (const name of ["m1", "m2", "m3"])
      processes.set(name, Number(await succeed("inspect", "-f", "{{.State.Pid}}", name)));
    const [first, second, third] = [...processes.values()] as [number, number, number];
    const agents = () => agentsOf(first);
    const outsides = () => roles(String(second));
    const each = () => [...switches(), ...agents(), ...outsides(), monitorOf(third)];
    // Of the switches that 50 members start at once all but one end by themselves.
    while (each().length !== 4) await Bun.sleep(10);
    const killed = each();
    for (const pid of killed) process.kill(pid, "SIGKILL");

    while (existsSync(`/proc/${third}`)) await Bun.sleep(10);
    const left = all.filter((name) => name !== "m3");
    for (const from of ["m0", "m1", "m2"]) while ((await missing(from, left)).length > 0) await Bun.sleep(10);
    expect(await resolved("m0", "m3")).toBe("");
    expect(await succeed("inspect", "-f", "{{.State.Status}}", "m3")).toBe("exited");
    while (!(await inside("m2", "ip", "route")).stdout.includes("default via 10.0.2.2")) await Bun.sleep(10);
    for (const pid of [...switches(), ...agents(), ...outsides()]) expect(killed).not.toContain(pid);
    await succeed("start", "m3");
    expect(await missing("m0")).toEqual([]);
  }, 60_000);

  test("without a way out has none, and publishes nothing", async () => {
    await succeed("network", "create", "--internal", "--subnet", "10.77.0.0/24", "quiet");
    const port = freePort();
    await start("inner", "--network", "quiet", "--ip", "10.77.0.9", "-p", `127.0.0.1:${port}:80`);
    await start("other", "--network", "quiet");
    expect(await resolved("other", "inner")).toBe("10.77.0.9");
    expect(await reaches("other", "inner")).toBe(true);
    expect((await inside("inner", "ip", "route")).stdout).not.toContain("default");
    expect((await inside("inner", "ping", "-c", "1", "-W", "1", "10.0.2.2")).code).not.toBe(0);
    expect(await succeed("port", "inner")).toBe("");
    expect(await refused("run", "--rm", "--network", "quiet", "--ip", "10.77.0.9", builtinImage)).toContain(
      "Address already in use",
    );
    expect(await refused("run", "--rm", "--network", "quiet", "--ip", "10.78.0.9", builtinImage)).toContain(
      "no configured subnet contains IP address 10.78.0.9",
    );
  });

  test("has IPv6 and ranges of addresses where they were asked for", async () => {
    const pools = ["--subnet", "10.80.0.0/24", "--ip-range", "10.80.0.128/25", "--subnet", "fd80::/64"];
    await succeed("network", "create", "--ipv6", ...pools, "six");
    const port = freePort();
    // A server that knows nothing of IPv4.
    const server = "mkdir /www; echo six >/www/index.html; exec httpd -f -p [fd80::9]:80 -h /www";
    const flags = ["--name", "app", "--network", "six", "--ip6", "fd80:0::9", "-p", `${port}:80`];
    await succeed("run", "-d", ...flags, builtinImage, "sh", "-c", server);
    await start("other", "--network", "six");
    const settings = "{{with .NetworkSettings.Networks.six}}";
    expect(
      await succeed(
        "inspect",
        "-f",
        `${settings}{{.IPAddress}} {{.GlobalIPv6Address}}/{{.GlobalIPv6PrefixLen}} {{.IPv6Gateway}}{{end}}`,
        "app",
      ),
    ).toBe("10.80.0.128 fd80::9/64 fd80::1");
    expect(await succeed("inspect", "-f", `${settings}{{.GlobalIPv6Address}}{{end}}`, "other")).toBe(
      "fd80::2",
    );
    expect((await inside("other", "nslookup", "-type=aaaa", "app")).stdout).toContain("Address: fd80::9\n");
    expect((await inside("other", "nslookup", "fd80::9")).stdout).toContain("name = app.six");
    expect((await inside("other", "ping", "-6", "-c", "1", "-W", "1", "app")).code).toBe(0);
    expect((await inside("other", "wget", "-qO-", "http://app/")).stdout).toBe("six\n");
    expect((await inside("app", "cat", "/etc/hosts")).stdout).toMatch(/^fd80::9\t\w{12}$/m);
    for (const host of ["127.0.0.1", "[::1]"])
      expect(await (await fetch(`http://${host}:${port}/`)).text()).toBe("six\n");

    await start("guest");
    await succeed("network", "connect", "--ip6", "fd80::77", "six", "guest");
    const guest = await succeed("inspect", "-f", "{{.State.Pid}}", "guest");
    expect(readFileSync(`/proc/${guest}/net/if_inet6`, "latin1")).toMatch(/^fd80(0{24})0077 .* 80 +eth\d$/m);
    expect((await inside("app", "ping", "-6", "-c", "1", "-W", "1", "fd80::77")).code).toBe(0);
    expect((await inside("guest", "wget", "-qO-", "http://[fd80::9]/")).stdout).toBe("six\n");
    expect(await succeed("network", "inspect", "-f", "{{.EnableIPv6}} {{json .IPAM.Config}}", "six")).toBe(
      'true [{"Subnet":"10.80.0.0/24","IPRange":"10.80.0.128/25","Gateway":"10.80.0.1"},' +
        '{"Subnet":"fd80::/64","Gateway":"fd80::1"}]',
    );
    await succeed("network", "create", "--ipv6", "chosen");
    expect(await succeed("network", "inspect", "-f", "{{(index .IPAM.Config 1).Subnet}}", "chosen")).toMatch(
      /^fd[0-9a-f:]+::\/64$/,
    );

    const run = (...words: string[]) => refused("run", "--rm", "--network", ...words, builtinImage);
    expect(await run("six", "--ip6", "fd80::0009")).toContain("Address already in use");
    expect(await run("six", "--ip6", "fd81::9")).toContain(
      "no configured subnet contains IP address fd81::9",
    );
    expect(await run("bridge", "--ip6", "fd81::9")).toContain("supported on user defined networks only");
    const create = (...words: string[]) => refused("network", "create", ...words, "wrong");
    expect(await create("--subnet", "fd81::/64")).toContain("IPv6 is not enabled");
    expect(await create("--ipv6", "--subnet", "fd80::8000:0/112")).toContain("Pool overlaps with other one");
    expect(await create("--subnet", "10.81.0.0/24", "--ip-range", "10.82.0.0/25")).toContain(
      "no matching subnet for range 10.82.0.0/25",
    );
    expect(await create("--subnet", "10.81.0.0/24", "--gateway", "fd81::1")).toContain(
      "no matching subnet for gateway fd81::1",
    );
  });

  const namespaces = Bun.spawnSync(["unshare", "-Urm", "true"]).exitCode === 0;
  test.skipIf(!namespaces)("with IPv6 is refused on a machine that has none", async () => {
    const script = 'mount -t tmpfs none /proc/sys/net; exec "$0" network create --ipv6 six';
    const child = Bun.spawn(["unshare", "-Urm", "sh", "-euc", script, berthExecutable], {
      env: { ...process.env, ...env, HOME: lab.root, BERTH_ROOT: join(lab.root, "without") },
      stderr: "pipe",
    });
    expect(await child.stderr.text()).toContain("this machine has no IPv6");
    expect(await child.exited).toBe(1);
  });

  test("is shared by who joins a member's network, with names and published ports", async () => {
    await succeed("network", "create", "pod");
    const port = freePort();
    await start("app", "--network", "pod", "-p", `127.0.0.1:${port}:80`);
    await start("db", "--network", "pod");
    const server = "mkdir /www; echo shared >/www/index.html; httpd -f -p 80 -h /www";
    await succeed(
      "run",
      "-d",
      "--name",
      "side",
      "--network",
      "container:app",
      builtinImage,
      "sh",
      "-c",
      server,
    );
    expect(await reaches("side", "db")).toBe(true);
    for (;;) {
      const text = await fetch(`http://127.0.0.1:${port}/`).then(
        (answer) => answer.text(),
        () => "",
      );
      if (text === "shared\n") break;
      await Bun.sleep(10);
    }
  });

  test("keeps back the addresses that others have", async () => {
    const others = ["router=10.83.0.2", "printer=10.83.0.4"].flatMap((word) => ["--aux-address", word]);
    await succeed("network", "create", "--subnet", "10.83.0.0/24", ...others, "shared");
    expect(await succeed("network", "inspect", "-f", "{{json .IPAM.Config}}", "shared")).toBe(
      '[{"Subnet":"10.83.0.0/24","Gateway":"10.83.0.1",' +
        '"AuxiliaryAddresses":{"printer":"10.83.0.4","router":"10.83.0.2"}}]',
    );
    const address = ["inspect", "-f", "{{.NetworkSettings.Networks.shared.IPAddress}}"];
    for (const name of ["one", "two"]) await start(name, "--network", "shared");
    expect(await succeed(...address, "one", "two")).toBe("10.83.0.3\n10.83.0.5");
    for (const taken of ["10.83.0.4", "10.83.0.0", "10.83.0.255"])
      expect(await refused("run", "--rm", "--network", "shared", "--ip", taken, builtinImage)).toContain(
        "Address already in use",
      );
    for (const word of ["10.83.0.9", "=10.83.0.9", "router=", "router=ten"])
      expect(await refused("network", "create", "--aux-address", word, "wrong")).toContain(
        `invalid argument "${word}" for "--aux-address" flag: '${word}' is not NAME=ADDRESS`,
      );
  });

  test("is listed, inspected and removed in Docker's words", async () => {
    const id = await succeed("network", "create", "--label", "a=b", "--subnet", "10.79.1.7/24", "shown");
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(
      await succeed("network", "ls", "--filter", "type=custom", "--format", "{{.ID}} {{.Name}} {{.Driver}}"),
    ).toBe(`${id.slice(0, 12)} shown bridge`);
    expect(
      await succeed("network", "inspect", "-f", "{{json .IPAM.Config}} {{.Labels.a}}", id.slice(0, 6)),
    ).toBe('[{"Subnet":"10.79.1.0/24","Gateway":"10.79.1.1"}] b');
    expect(await refused("network", "create", "shown")).toContain("network with name shown already exists");
    expect(await refused("network", "create", "bridge")).toContain("network with name bridge already exists");
    expect(await refused("network", "create", "--subnet", "10.79.0.0/16", "wide")).toContain(
      "Pool overlaps with other one on this address space",
    );
    expect(await refused("network", "create", "-d", "overlay", "far")).toContain("plugin not found");
    expect(await refused("network", "rm", "host")).toContain(
      "host is a pre-defined network and cannot be removed",
    );
    expect(await refused("network", "rm", "absent")).toContain("network absent not found");
    expect(await refused("run", "--rm", "--network", "absent", builtinImage)).toContain(
      "network absent not found",
    );
    await succeed("create", "--name", "later", "--network", "shown", builtinImage, "true");
    expect(await succeed("network", "rm", "shown")).toBe("shown");
    expect(await refused("start", "later")).toContain("not found");
  });
});
