import { escapeControl } from "../output/escape-control.ts";
import { type Facts, factsBelow } from "./facts.ts";

/** Docker's labels, in its order. */
const labels: ReadonlyArray<readonly [string, (part: Facts) => unknown]> = [
  ["Version", (part) => part.Version],
  ["Bun version", (part) => part.BunVersion],
  ["Git commit", ({ GitCommit }) => (typeof GitCommit === "string" ? GitCommit.slice(0, 7) : "")],
  ["Built", (part) => part.BuildTime],
  ["OS/Arch", (part) => `${part.Os}/${part.Arch}`],
  ["Kernel version", (part) => part.KernelVersion],
];

/** Where all values start (docker/cli system/version.go). */
const valueColumn = 20;

/** The text of `berth version`: the `Client:` and `Server:` blocks of `docker version`. */
export function versionText(facts: Facts): string {
  const client = factsBelow(facts, "Client");
  const server = factsBelow(facts, "Server");
  return [
    `Client: ${nameOf(client)}\n${block(client, " ")}`,
    `\nServer: ${nameOf(server)} (no daemon: the same executable)\n Engine:\n${block(server, "  ")}`,
  ].join("");
}

const nameOf = (part: Facts) => factsBelow(part, "Platform").Name ?? "berth";

function block(part: Facts, indent: string): string {
  return labels
    .map(([label, of]) => [label, of(part)] as const)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([label, value]) => `${`${indent}${label}:`.padEnd(valueColumn)}${escapeControl(String(value))}\n`)
    .join("");
}
