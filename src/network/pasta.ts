import { closeSync } from "node:fs";
import { BerthError } from "../base/errors.ts";
import type { Helpers } from "../sys/helpers.ts";
import { killAtHangUp } from "../sys/libc.ts";
import type { Running } from "./keep-running.ts";
import { withPipes } from "./pipes.ts";
import { type SlirpOptions, slirpAddresses } from "./slirp4netns.ts";

/** What `--network pasta:…` may say. */
export type PastaOptions = Pick<SlirpOptions, "mtu" | "allowHostLoopback" | "enableIPv6">;

export interface PastaRequest {
  readonly helpers: Helpers;
  /** A process of the network namespace. */
  readonly pid: number;
  readonly options: PastaOptions;
  readonly enableIPv6: boolean;
}

/**
 * Connects the network namespace of `pid` with the outside through pasta, with the addresses that slirp4netns would give
 * it. Resolves when packets flow; `exited` tells when they do not any more. The disposer ends it, and so does the end of
 * this process: pasta watches nobody, so the kernel kills it when the pipe that is its standard input closes with us.
 * Standard input and output are the descriptors that every version of pasta keeps.
 */
export async function attachPasta(request: PastaRequest): Promise<Running> {
  const { child, readyRead, ourLifeline } = spawnPasta(request);
  let attached = true;
  const dispose = async () => {
    if (attached) closeSync(ourLifeline);
    attached = false;
  };
  const reader = Bun.file(readyRead).stream().getReader();
  const { done } = await reader.read();
  await reader.cancel();
  closeSync(readyRead);
  if (!done) return { exited: child.exited, [Symbol.asyncDispose]: dispose };

  // It also talks of a processor that it was not built for, and of a system log that it cannot write.
  const lines = (await new Response(child.stderr).text()).trim().split("\n");
  const said = lines.filter((line) => !/AVX2|syslog/.test(line)).join("\n");
  await dispose();
  throw new BerthError(
    "helper-failed",
    `pasta could not connect the container: ${said || "no reason given"}`,
    {
      hint: /\btun\b/.test(said)
        ? "/dev/net/tun must be there and open to users (mode 0666); --network host and --network none work without it"
        : "--network slirp4netns, the default, may work where pasta does not",
    },
  );
}

function spawnPasta(request: PastaRequest) {
  const command = [...programOf(request.helpers), ...argumentsOf(request)];
  return withPipes(([readyRead, readyWrite], [lifeline, ourLifeline]) => {
    const child = Bun.spawn(command, {
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      cwd: "/",
      stdio: [lifeline, readyWrite, "pipe"],
    });
    killAtHangUp(lifeline, child.pid);
    for (const fd of [lifeline, readyWrite]) closeSync(fd);
    return { child, readyRead, ourLifeline };
  });
}

/** It is not one of the programs that berth brings along. */
function programOf(helpers: Helpers): readonly string[] {
  try {
    return helpers.command("pasta");
  } catch (error) {
    throw new BerthError("unsupported", "--network pasta needs the program pasta, which is not installed", {
      hint: "it is in the package passt; or name it below [helpers] in config.toml; --network slirp4netns needs nothing",
      cause: error,
    });
  }
}

function argumentsOf({ pid, options, enableIPv6 }: PastaRequest): string[] {
  const { container, gateway, nameserver, prefixLength } = slirpAddresses();
  return [
    ...["--foreground", "--quiet", "--config-net", "--ns-ifname", "tap0"],
    ...["--mtu", String(options.mtu ?? 65520)],
    ...["--address", container, "--netmask", String(prefixLength), "--gateway", gateway],
    ...["--dns-forward", nameserver],
    ...(options.allowHostLoopback ? [] : ["--no-map-gw"]),
    ...(enableIPv6 ? [] : ["--ipv4-only"]),
    // Published ports are the agent's; the container's own reach nobody.
    ...["tcp-ports", "udp-ports", "tcp-ns", "udp-ns"].flatMap((direction) => [`--${direction}`, "none"]),
    // The nearest to a ready-fd that there is: written when the interface is up.
    ...["--pid", "/proc/self/fd/1"],
    String(pid),
  ];
}
