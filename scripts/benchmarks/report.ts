import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import type { Engine } from "./engines.ts";
import type { Figure } from "./figures.ts";

export interface Facts {
  readonly berth: Engine;
  readonly podman: Engine;
  readonly directory: string;
  readonly rounds: number;
  /** Load average before the first measurement: the work of others. */
  readonly loadBefore: number;
  /** Sizes of the large image in bytes, when it was used. */
  readonly image: { readonly compressed: number; readonly unpacked: number } | undefined;
}

function output(argv: readonly string[]): string {
  return Bun.spawnSync([...argv])
    .stdout.toString()
    .trim();
}

/** The table alone. */
export function table(figures: readonly Figure[]): string {
  return [
    "| work | berth | podman | ratio | to reach | reached |",
    "| --- | ---: | ---: | ---: | --- | --- |",
    ...figures.map(({ work, ours, theirs, ratio, aim, reached }) =>
      [``, work, ours, theirs, ratio?.toFixed(2) ?? "", aim, reached ? "yes" : "**no**", ""]
        .join(" | ")
        .trim(),
    ),
  ].join("\n");
}

function machine({ podman, directory, image, loadBefore }: Facts): string[] {
  const [first] = cpus();
  const debian = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  const info = JSON.parse(podman.run(["info", "--format", "json"])) as {
    host: { ociRuntime: { name: string } };
    store: { graphDriverName: string; graphStatus: Record<string, string> };
    version: { Version: string };
  };
  const native = info.store.graphStatus["Native Overlay Diff"] === "false" ? "" : ", native overlay diff";
  const megabytes = (bytes: number) => `${Math.round(bytes / 1_000_000)} MB`;
  return [
    `- processor: ${first?.model ?? "unknown"}, ${cpus().length} cores; memory: ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `- ${debian}, Linux ${release().split("-")[0]}, file system of both stores: ${output(["stat", "-f", "-c", "%T", directory])}`,
    `- podman ${info.version.Version}, ${info.host.ociRuntime.name}, storage driver ${info.store.graphDriverName}${native}`,
    `- Bun ${Bun.version}; load average before the first measurement: ${loadBefore.toFixed(1)}, at the end: ${loadavg()[0]?.toFixed(1)} (1 is what the benchmark itself makes)`,
    ...(loadBefore > cpus().length / 2
      ? [
          "- **other work kept the processors busy meanwhile**: all times are longer than on a quiet machine, those of several processes at once most of all, and a missed target may be reached there; measure again",
        ]
      : []),
    ...(image
      ? [
          `- the large image: two layers, ${megabytes(image.compressed)} compressed, ${megabytes(image.unpacked)} unpacked`,
        ]
      : []),
  ];
}

/** docs/benchmarks.md */
export function report(figures: readonly Figure[], facts: Facts): string {
  const commit = facts.berth.run(["--version"]).trim();
  return `# Benchmarks

Written by \`./scripts/bench\`; run it to get the figures of your machine. \`./scripts/bench run pull\` measures single rows and
prints them. Both engines run as the same ordinary user, with stores on the same file system, in turn (A B A B …), after
one round that does not count; every number is a median. podman is Debian's, with native overlay.

${table(figures)}

Measured on ${new Date().toISOString().slice(0, 10)} with ${commit}:

${machine(facts).join("\n")}

The small image is the one built into berth; podman has loaded the same. The large one is a minimal Debian with a layer of
packages on top, made by mmdebstrap and pushed by skopeo to Debian's docker-registry on loopback. It is pulled into an
empty store each time. That and \`run -d\` begin with nothing left to write on the file system. Processor time is user and
system time of the command and of the children it waited for. Memory is what one more costs: the sum of the \`Private_*\`
lines of \`/proc/PID/smaps_rollup\` of the second of two that wait, half a second after its container's first output. \`${facts.rounds}\` rounds (a third of that where the large image is moved).
`;
}
