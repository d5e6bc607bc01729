import { closeSync } from "node:fs";
import { BerthError } from "../base/errors.ts";
import type { Helpers } from "../sys/helpers.ts";
import { createPipe } from "../sys/libc.ts";

/** Addresses that slirp4netns gives inside (its default CIDR 10.0.2.0/24). */
export const slirpAddresses = {
  container: "10.0.2.100",
  gateway: "10.0.2.2",
  nameserver: "10.0.2.3",
} as const;

/**
 * Connects the network namespace of `pid` with the outside through slirp4netns: a tap device inside, ordinary sockets
 * of the user outside. The host's loopback stays out of reach. Resolves when packets flow; the disposer ends it, and so
 * does the end of this process, because slirp4netns watches a pipe (`--exit-fd`) that closes with us.
 */
export async function attachSlirp4netns(helpers: Helpers, pid: number): Promise<AsyncDisposable> {
  const [readyRead, readyWrite] = createPipe();
  const [exitRead, exitWrite] = createPipe();
  const child = Bun.spawn(
    [
      ...helpers.command("slirp4netns"),
      "--configure",
      "--mtu=65520",
      "--disable-host-loopback",
      "--enable-sandbox",
      "--enable-seccomp",
      "--ready-fd=3",
      "--exit-fd=4",
      String(pid),
      "tap0",
    ],
    {
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      cwd: "/",
      stdio: ["ignore", "ignore", "pipe", readyWrite, exitRead],
    },
  );
  closeSync(readyWrite);
  closeSync(exitRead);
  const dispose = async () => {
    closeSync(exitWrite);
    await child.exited;
  };
  const ready = await new Response(Bun.file(readyRead).stream()).bytes();
  closeSync(readyRead);
  if (ready.length > 0) return { [Symbol.asyncDispose]: dispose };

  const said = (await new Response(child.stderr).text()).trim();
  await dispose();
  const noDevice = /\/dev\/net\/tun/.test(said);
  throw new BerthError(
    "helper-failed",
    `slirp4netns could not connect the container: ${said || "no reason given"}`,
    {
      hint: noDevice
        ? "/dev/net/tun must be there and open to users (mode 0666); --network host and --network none work without it"
        : "--network host and --network none work without slirp4netns",
    },
  );
}
