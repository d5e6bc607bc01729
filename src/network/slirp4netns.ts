import { BerthError } from "../base/errors.ts";
import { close } from "../sys/files.ts";
import type { Helpers } from "../sys/helpers.ts";
import type { Running } from "./keep-running.ts";
import { withPipes } from "./pipes.ts";
import { addressAt, parseSubnet } from "./subnet.ts";

/** What `--network slirp4netns:…` may say. */
export interface SlirpOptions {
  readonly mtu?: number;
  readonly cidr?: string;
  /** An IPv4 or IPv6 address of the host, or the name of an interface, that packets shall leave from. */
  readonly outboundAddresses?: readonly string[];
  readonly allowHostLoopback?: boolean;
  /** Undefined: where the host has a route for it. */
  readonly enableIPv6?: boolean;
  /** Who opens published ports; `berth` if undefined. */
  readonly portHandler?: "berth" | "slirp4netns";
}

/** The addresses that slirp4netns gives inside, by their places in its network. */
export function slirpAddresses({ cidr = "10.0.2.0/24" }: SlirpOptions = {}) {
  const subnet = parseSubnet(cidr);
  const at = (place: number) => addressAt(subnet, place);
  return {
    gateway: at(2),
    nameserver: at(3),
    container: at(100),
    prefixLength: subnet.prefixLength,
  } as const;
}

export interface SlirpRequest {
  readonly helpers: Helpers;
  /** A process of the network namespace. */
  readonly pid: number;
  readonly options: SlirpOptions;
  readonly enableIPv6: boolean;
  /** Where it takes orders from; undefined is nowhere. */
  readonly apiSocket?: { readonly directory: string; readonly name: string };
}

/**
 * Connects the network namespace of `pid` with the outside through slirp4netns: a tap device inside, ordinary sockets
 * of the user outside. Resolves when packets flow; `exited` tells when they do not any more. The disposer ends it, and so
 * does the end of this process, because slirp4netns watches a pipe (`--exit-fd`) that closes with us. The disposer waits
 * for its end only where that closes ports of the host: the kernel takes 15 ms for the tap device, and nobody needs them.
 */
export async function attachSlirp4netns(request: SlirpRequest): Promise<Running> {
  const { child, readyRead, exitWrite } = spawnSlirp4netns(request);
  let attached = true;
  const dispose = async () => {
    if (attached) close(exitWrite);
    attached = false;
    if (request.apiSocket !== undefined) await child.exited;
  };
  const ready = await new Response(Bun.file(readyRead).stream()).bytes();
  close(readyRead);
  if (ready.length > 0) return { exited: child.exited, [Symbol.asyncDispose]: dispose };

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

function spawnSlirp4netns(request: SlirpRequest) {
  const command = [...request.helpers.command("slirp4netns"), ...argumentsOf(request)];
  return withPipes(([readyRead, readyWrite], [exitRead, exitWrite]) => {
    const child = Bun.spawn(command, {
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      cwd: request.apiSocket?.directory ?? "/",
      stdio: ["ignore", "ignore", "pipe", readyWrite, exitRead],
    });
    close(readyWrite);
    close(exitRead);
    return { child, readyRead, exitWrite };
  });
}

function argumentsOf({ pid, options, enableIPv6, apiSocket }: SlirpRequest): string[] {
  return [
    "--configure",
    `--mtu=${options.mtu ?? 65520}`,
    ...(options.allowHostLoopback ? [] : ["--disable-host-loopback"]),
    ...(options.cidr === undefined ? [] : [`--cidr=${options.cidr}`]),
    ...(options.outboundAddresses ?? []).map((address) =>
      address.includes(":") ? `--outbound-addr6=${address}` : `--outbound-addr=${address}`,
    ),
    ...(enableIPv6 ? ["--enable-ipv6"] : []),
    ...(apiSocket === undefined ? [] : [`--api-socket=${apiSocket.name}`]),
    "--enable-sandbox",
    "--enable-seccomp",
    "--ready-fd=3",
    "--exit-fd=4",
    String(pid),
    "tap0",
  ];
}
