import { escapeControl } from "../output/escape-control.ts";
import { type Facts, factsBelow } from "./facts.ts";

/** Docker's labels, in its order; values start at one column. */
const labels: ReadonlyArray<readonly [string, (client: Facts) => unknown]> = [
  ["Version", (client) => client.Version],
  ["Bun version", (client) => client.BunVersion],
  ["Git commit", (client) => client.GitCommit],
  ["Built", (client) => client.BuildTime],
  ["OS/Arch", (client) => `${client.Os}/${client.Arch}`],
  ["Kernel version", (client) => client.KernelVersion],
];

/** The text of `berth version`: the `Client:` block of `docker version`. There is no server. */
export function versionText(facts: Facts): string {
  const client = factsBelow(facts, "Client");
  const lines = labels.flatMap(([label, of]) => {
    const value = of(client);
    return value === undefined || value === ""
      ? []
      : [` ${`${label}:`.padEnd(18)} ${escapeControl(String(value))}`];
  });
  return `Client: ${factsBelow(client, "Platform").Name ?? "berth"}\n${lines.join("\n")}\n`;
}
