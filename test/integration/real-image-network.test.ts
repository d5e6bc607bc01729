import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { berth } from "../support/berth-executable.ts";
import { freePort } from "../support/free-port.ts";
import { noRealImage, realImage } from "../support/real-image.ts";
import { succeeding } from "../support/succeed.ts";

setDefaultTimeout(120_000);

/** A server that answers every datagram, and every line that somebody who then stops sending has sent. */
const echo = `
use IO::Socket::IP; use IO::Select;
my ($tcp, $udp) = (IO::Socket::IP->new(LocalAddr => "::", LocalPort => 7, Listen => 9, V6Only => 0),
  IO::Socket::IP->new(LocalAddr => "::", LocalPort => 7, Proto => "udp", V6Only => 0));
$| = 1; print "ready\\n";
my $select = IO::Select->new($tcp, $udp);
while (1) { for my $ready ($select->can_read) {
  if ($ready == $udp) { my $from = $udp->recv(my $data, 65535); $udp->send("udp $data", 0, $from); }
  else { my $peer = $tcp->accept; local $/; my $data = <$peer>; print $peer "tcp $data from ", $peer->peerhost; close $peer; }
} }`;

describe.skipIf(noRealImage !== undefined)("the network of a real Debian", () => {
  let root: string;
  let image: string;
  const own = (...args: string[]) => berth(root, args);
  const succeed = succeeding(own);
  const logged = async (name: string, text: string) => {
    while (!(await succeed("logs", name)).includes(text)) await Bun.sleep(20);
  };

  beforeAll(async () => {
    const real = await realImage();
    root = real.newDirectory("network");
    const loaded = await succeed("load", "-i", real.layout);
    image = loaded.replace(/^Loaded image( ID)?: /, "");
  });
  afterAll(async () => {
    const ids = (await succeed("ps", "-aq")).split("\n").filter(Boolean);
    if (ids.length > 0) await succeed("rm", "-f", ...ids);
    await succeed("rmi", "-f", image);
  });

  test("nginx answers on its published port, and to its neighbours by name", async () => {
    const port = freePort();
    await succeed("network", "create", "site");
    await succeed("run", "-d", "--name", "web", "--network", "site", "-p", `${port}:80`, image);
    const page = async (host: string): Promise<string> => {
      for (;;) {
        const answer = await fetch(`http://${host}:${port}/`).catch(() => undefined);
        if (answer?.ok) return answer.text();
        await Bun.sleep(20);
      }
    };
    expect(await page("127.0.0.1")).toContain("Welcome to nginx!");
    expect(await page("[::1]")).toContain("Welcome to nginx!");
    // By glibc's getent, and by what a program does with the address.
    const script =
      "getent hosts web && perl -MHTTP::Tiny -e 'print HTTP::Tiny->new->get(\"http://web/\")->{content}'";
    const seen = await succeed("run", "--rm", "--network", "site", image, "sh", "-c", script);
    expect(seen).toMatch(/^172\.\d+\.0\.2 +web$/m);
    expect(seen).toContain("Welcome to nginx!");
    await succeed("rm", "-f", "web");
    await succeed("network", "rm", "site");
  });

  test("a database server and its client talk by name, and what it keeps outlives a restart", async () => {
    await succeed("network", "create", "--internal", "data");
    const server = ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--dir", "/kept"];
    const flags = ["--name", "store", "--network", "data", "--network-alias", "cache", "-u", "redis"];
    await succeed("run", "-d", ...flags, "-v", "kept:/kept:U", image, ...server, "--appendonly", "yes");
    const ask = (host: string, ...words: string[]) =>
      own("run", "--rm", "--network", "data", image, "redis-cli", "-h", host, ...words);
    const answer = async (host: string, ...words: string[]): Promise<string> => {
      for (;;) {
        const { code, stdout, stderr } = await ask(host, ...words);
        if (code === 0) return stdout.trim();
        expect(stderr).toContain("Connection refused"); // it is still starting
      }
    };
    expect(await answer("store", "set", "colour", "blue")).toBe("OK");
    expect(await answer("cache", "get", "colour")).toBe("blue");
    await succeed("restart", "store");
    expect(await answer("store", "get", "colour")).toBe("blue");
    const client = (await answer("store", "client", "list")).match(/ addr=(\S+?):\d+ /)![1];
    expect(client).toMatch(/^172\.\d+\.0\.3$/);
    await succeed("rm", "-f", "-v", "store");
    expect((await ask("store", "ping")).stderr).toContain("name resolution");
    await succeed("network", "rm", "data");
    await succeed("volume", "rm", "kept");
  });

  test("tcp and udp are forwarded over IPv4 and IPv6, each direction to its own end", async () => {
    const [tcp, udp] = [freePort(), freePort()];
    const ports = ["-p", `${tcp}:7`, "-p", `${udp}:7/udp`];
    await succeed("run", "-d", "--name", "echo", ...ports, image, "perl", "-e", echo);
    await logged("echo", "ready");
    for (const hostname of ["127.0.0.1", "::1"]) {
      const answer = await overTcp(hostname, tcp, "hello");
      expect(answer).toStartWith("tcp hello from ");
      expect(answer).not.toContain("127.0.0.1");
      for (let count = 0; count < 3; count++)
        expect(await overUdp(hostname, udp, `datagram ${count}`)).toBe(`udp datagram ${count}`);
    }
    await succeed("rm", "-f", "echo");
  });

  test("slirp4netns forwards tcp and udp where the host's loopback is open, on one number for both", async () => {
    const port = freePort();
    const network = "slirp4netns:port_handler=slirp4netns,allow_host_loopback=true";
    const ports = ["-p", `127.0.0.1:${port}:7`, "-p", `127.0.0.1:${port}:7/udp`];
    const flags = ["-d", "--name", "echo", "--network", network, ...ports];
    await succeed("run", ...flags, image, "perl", "-e", echo);
    await logged("echo", "ready");
    expect(await overTcp("127.0.0.1", port, "hello")).toStartWith("tcp hello from ");
    expect(await overUdp("127.0.0.1", port, "datagram")).toBe("udp datagram");
    await succeed("rm", "-f", "echo");
  });
});

/** Sends, says that there is no more, and reads to the end. */
async function overTcp(hostname: string, port: number, text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = "";
  const socket = await Bun.connect({
    hostname,
    port,
    allowHalfOpen: true,
    socket: {
      data(_, bytes) {
        answer += bytes.toString();
      },
      end: (own) => void own.end(),
      close: () => resolve(answer),
      error: (_, error) => reject(error),
    },
  });
  socket.write(text);
  socket.shutdown();
  return promise;
}

async function overUdp(hostname: string, port: number, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = await Bun.udpSocket({
    hostname: hostname.includes(":") ? "::" : "0.0.0.0",
    socket: { data: (_, data) => resolve(data.toString()) },
  });
  try {
    socket.send(text, port, hostname);
    return await promise;
  } finally {
    socket.close();
  }
}
