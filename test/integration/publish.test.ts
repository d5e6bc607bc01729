import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";
import { freePort } from "../support/free-port.ts";
import { agentsOf } from "../support/network-agents.ts";
import { parentOf } from "../support/processes-of.ts";
import { succeeding } from "../support/succeed.ts";

let lab: ContainerLab;
beforeAll(async () => {
  lab = await containerLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

const succeed = succeeding((...args) => lab.berth(args));
const inspect = async (name: string, template: string) => succeed("inspect", "-f", template, name);
/** A web server that says the address of whoever asks, to whoever asks. */
const server = [
  "mkdir -p /www/cgi-bin",
  "echo hello >/www/index.html",
  "printf '#!/bin/sh\\nprintf \"Content-Type: text/plain\\\\r\\\\n\\\\r\\\\n$REMOTE_ADDR\"\\n' >/www/cgi-bin/who",
  "printf '#!/bin/sh\\nprintf \"Content-Type: text/plain\\\\r\\\\n\\\\r\\\\n\"; cat\\n' >/www/cgi-bin/echo",
  "chmod 755 /www/cgi-bin/*",
  'for port in $PORTS; do httpd -p "$port" -h /www; done',
  "exec sleep 1000",
].join("; ");
const serve = (name: string, flags: readonly string[], ports = "80") =>
  succeed("run", "-d", "--name", name, "-e", `PORTS=${ports}`, ...flags, builtinImage, "sh", "-c", server);
const hostPorts = async (name: string, port: string) =>
  JSON.parse(await inspect(name, `{{json (index .NetworkSettings.Ports "${port}")}}`)) as {
    HostIp: string;
    HostPort: string;
  }[];
/** The first answer of a server that may still be starting. */
async function get(url: string): Promise<string> {
  for (;;) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      // A connection that is taken and dropped is one to a server that does not listen yet.
      if (!["ECONNRESET", "ConnectionClosed"].includes((error as { code?: string }).code ?? "")) throw error;
      await Bun.sleep(10);
    }
  }
}

/** A pattern that no shift of itself looks like. */
const much = new Uint8Array(24 * 1024 * 1024).map((_, index) => (index * 2654435761) >>> 24);

/** All that a server at port 80 says to who sends it much, at once or after what it says, and then ends its direction. */
async function talk(name: string, sendAt: "open" | "end"): Promise<Buffer> {
  const [{ HostPort } = { HostPort: "" }] = await hostPorts(name, "80/tcp");
  for (;;) {
    const answer: Buffer[] = [];
    const { promise: over, resolve } = Promise.withResolvers<void>();
    let sent = 0;
    const send = (socket: Bun.Socket) => {
      if (sent === much.length) return;
      sent += Math.max(0, socket.write(much.subarray(sent)));
      if (sent === much.length) socket.shutdown();
    };
    await Bun.connect({
      hostname: "127.0.0.1",
      port: Number(HostPort),
      allowHalfOpen: true,
      socket: {
        [sendAt]: send,
        drain: send,
        data: (_, part) => void answer.push(Buffer.from(part)),
        close: () => resolve(),
      },
    });
    await over;
    if (answer.length > 0) return Buffer.concat(answer);
    await Bun.sleep(10); // nobody listened yet
  }
}

describe("a published port", () => {
  test("leads into the container over IPv4 and IPv6, and is shown everywhere", async () => {
    const port = freePort();
    await serve("web", ["-p", `${port}:80`]);
    expect(await get(`http://127.0.0.1:${port}/`)).toBe("hello\n");
    expect(await get(`http://[::1]:${port}/`)).toBe("hello\n");
    expect(await succeed("ps", "--format", "{{.Ports}}")).toBe(
      `0.0.0.0:${port}->80/tcp, [::]:${port}->80/tcp`,
    );
    expect(await inspect("web", "{{json .NetworkSettings.Ports}}")).toBe(
      `{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"${port}"},{"HostIp":"::","HostPort":"${port}"}]}`,
    );
    expect(await inspect("web", "{{json .HostConfig.PortBindings}}")).toBe(
      `{"80/tcp":[{"HostIp":"","HostPort":"${port}"}]}`,
    );
    // A server inside does not take the world for itself (CVE-2021-20199).
    expect(await get(`http://127.0.0.1:${port}/cgi-bin/who`)).toContain("10.0.2.100");
    await succeed("rm", "-f", "web");
    expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  test("that is taken keeps the container from starting, in Docker's words", async () => {
    using taken = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data() {} } });
    const marker = `${lab.victim}/started`;
    const ended = await lab.berth([
      ...["run", "--rm", "-p", `${taken.port}:80`, "-v", `${lab.victim}:/victim`],
      ...[builtinImage, "touch", "/victim/started"],
    ]);
    expect(ended.code).toBe(125);
    expect(ended.stderr).toContain(`Bind for 0.0.0.0:${taken.port} failed: port is already allocated`);
    expect(await Bun.file(marker).exists()).toBe(false);
  });

  test("below 1024 is explained", async () => {
    const { code, stderr } = await lab.berth(["run", "--rm", "-p", "127.0.0.1:81:80", builtinImage, "true"]);
    expect(code).toBe(125);
    expect(stderr).toContain("cannot expose privileged port 81");
    expect(stderr).toContain("-p 8081:80 works");
    expect(stderr).toContain("net.ipv4.ip_unprivileged_port_start=81");
  });

  test("is open at the address asked for only, which has to be this machine's", async () => {
    await serve("six", ["-p", "[::1]::80"]);
    const [{ HostIp, HostPort } = { HostIp: "", HostPort: "" }] = await hostPorts("six", "80/tcp");
    expect(HostIp).toBe("::1");
    expect(await get(`http://[::1]:${HostPort}/`)).toBe("hello\n");
    expect(fetch(`http://127.0.0.1:${HostPort}/`)).rejects.toThrow();
    await succeed("rm", "-f", "six");
    // TEST-NET-3 (RFC 5737) is nobody's.
    const { code, stderr } = await lab.berth(["run", "--rm", "-p", "203.0.113.9::80", builtinImage, "true"]);
    expect(code).toBe(125);
    expect(stderr).toContain("Bind for 203.0.113.9:0 failed: cannot assign requested address");
  });

  test("is one of a range when the container has one port", async () => {
    using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    await serve("range", ["-p", `127.0.0.1:${taken.port}-${taken.port + 20}:80`]);
    const [{ HostPort } = { HostPort: "" }] = await hostPorts("range", "80/tcp");
    expect(Number(HostPort)).toBeGreaterThan(taken.port);
    expect(await get(`http://127.0.0.1:${HostPort}/`)).toBe("hello\n");
    await succeed("rm", "-f", "range");
  });

  test("is chosen by the kernel for -P, EXPOSE and --expose; other containers get other ones", async () => {
    const image = await lab.image("exposing", [], {
      ExposedPorts: { "80/tcp": {}, "9/udp": {}, nonsense: {} },
    });
    const run = (name: string) =>
      succeed("run", "-d", "--name", name, "-P", "--expose", "81", image, "sleep", "1000");
    await run("one");
    await run("two");
    const ports = await Promise.all(
      ["one", "two"].flatMap((name) => ["80/tcp", "81/tcp", "9/udp"].map((port) => hostPorts(name, port))),
    );
    expect(ports.every(([v4, v6]) => v4!.HostIp === "0.0.0.0" && v6!.HostIp === "::")).toBe(true);
    const tcp = ports.filter((_, index) => index % 3 !== 2).map(([first]) => first!.HostPort);
    expect(new Set(tcp).size).toBe(4);
    await succeed("rm", "-f", "one", "two");
    expect(await succeed("run", "-d", "--name", "closed", image, "sleep", "1000")).not.toBe("");
    expect(await succeed("ps", "--format", "{{.Ports}}")).toBe("9/udp, 80/tcp");
    expect(await inspect("closed", "{{json .NetworkSettings.Ports}}")).toBe('{"80/tcp":null,"9/udp":null}');
    await succeed("rm", "-f", "closed");
  });

  test("is open again after its process was killed, and closed when the monitor was", async () => {
    await serve("steady", ["-p", "127.0.0.1::80"]);
    const [{ HostPort } = { HostPort: "" }] = await hostPorts("steady", "80/tcp");
    const url = `http://127.0.0.1:${HostPort}/`;
    expect(await get(url)).toBe("hello\n");
    const container = Number(await inspect("steady", "{{.State.Pid}}"));
    const [agent = 0] = agentsOf(container);
    process.kill(agent, "SIGKILL");
    while (agentsOf(container).every((pid) => pid === agent)) await Bun.sleep(10);
    expect(await get(url)).toBe("hello\n");
    const [successor = 0] = agentsOf(container);
    process.kill(parentOf(successor), "SIGKILL");
    while (existsSync(`/proc/${successor}`)) await Bun.sleep(10);
    expect(await inspect("steady", "{{.State.Status}}")).toBe("exited");
    await succeed("rm", "-f", "steady");
  });

  test("carries much in both directions, unchanged", async () => {
    await serve("big", ["-p", "127.0.0.1::80"]);
    const [{ HostPort } = { HostPort: "" }] = await hostPorts("big", "80/tcp");
    const url = `http://127.0.0.1:${HostPort}`;
    await get(url);
    const answer = await (await fetch(`${url}/cgi-bin/echo`, { method: "POST", body: much })).bytes();
    expect(Buffer.compare(answer, much)).toBe(0);
    await succeed("rm", "-f", "big");
  });

  test("carries on in one direction when the other has ended", async () => {
    // nc ends its direction after the greeting, and hears the rest.
    const server = "echo hello | nc -l -p 80 | sha256sum; exec sleep 1000";
    await succeed("run", "-d", "--name", "half", "-p", "127.0.0.1::80", builtinImage, "sh", "-c", server);
    expect((await talk("half", "end")).toString()).toBe("hello\n");
    let heard = "";
    while (heard === "") heard = await succeed("logs", "half");
    expect(heard).toBe(`${Bun.SHA256.hash(much, "hex")}  -`);
    await succeed("rm", "-f", "half");
  });

  test("carries the last of what a container sends, which ends with it", async () => {
    const server = "nc -l -p 80 -e sh -c 'cat >/heard; cat /heard'";
    await succeed("run", "-d", "--name", "last", "-p", "127.0.0.1::80", builtinImage, "sh", "-c", server);
    expect(Buffer.compare(await talk("last", "open"), much)).toBe(0);
    await succeed("wait", "last");
    await succeed("rm", "last");
  });

  test("can be slirp4netns' own", async () => {
    const port = freePort();
    const handler = ["--network", "slirp4netns:port_handler=slirp4netns"];
    await serve("slow", [...handler, "-p", `127.0.0.1:${port}:80`]);
    expect(await get(`http://127.0.0.1:${port}/`)).toBe("hello\n");
    const again = await lab.berth([
      "run",
      "--rm",
      ...handler,
      "-p",
      `127.0.0.1:${port}:80`,
      builtinImage,
      "true",
    ]);
    expect(again.stderr).toContain(`Bind for 127.0.0.1:${port} failed: port is already allocated`);
    const six = await lab.berth(["run", "--rm", ...handler, "-p", "[::1]::80", builtinImage, "true"]);
    expect(six.stderr).toContain("it opens IPv4 ports only");
    const udp = await lab.berth(["run", "--rm", ...handler, "-p", "127.0.0.1::7/udp", builtinImage, "true"]);
    expect(udp.code).toBe(125);
    expect(udp.stderr).toContain("slirp4netns cannot publish UDP ports");
    await succeed("rm", "-f", "slow");
  });
});
