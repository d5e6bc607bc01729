import type { NetworkMembership } from "../../store/types.ts";
import { readText, writeFile } from "../../sys/files.ts";
import type { StartableContainer } from "../container-record.ts";
import { hostResolvConf, ownLine, resolvConf } from "../network-files.ts";
import { addressesOf } from "./members.ts";
import { nameFacts } from "./name-facts.ts";

/**
 * Changes the /etc/hosts and /etc/resolv.conf of a running container, which are files of its directory, in place: they
 * are bind-mounted there. Of hosts only the container's own lines, because the rest may be its own work.
 */
export function renewNames(
  { directory, options }: Pick<StartableContainer, "directory" | "options">,
  before: readonly NetworkMembership[],
  after: readonly NetworkMembership[],
): void {
  const facts = nameFacts(options, after);
  const lines = (memberships: readonly NetworkMembership[]) =>
    memberships.flatMap(addressesOf).map((address) => ownLine(address, facts));
  const old = new Set(lines(before));
  const path = `${directory}/hosts`;
  const kept = readText(path)
    .trimEnd()
    .split("\n")
    .filter((line) => !old.has(line));
  writeFile(path, `${[...kept, ...lines(after)].join("\n")}\n`);
  if (before.length > 0 !== after.length > 0)
    writeFile(`${directory}/resolv.conf`, resolvConf(facts, hostResolvConf()));
}
