import type { ContainerMount } from "../../container/spec.ts";
import { changeModeAt } from "../../sys/directory-entries.ts";
import { writeFile } from "../../sys/files.ts";
import { optionsOf, type StartableContainer } from "../container-record.ts";
import type { EngineContext } from "../context.ts";
import { networkFiles } from "../network-files.ts";
import { nameFacts } from "./name-facts.ts";
import { ownWayOut } from "./network-names.ts";

/**
 * Puts a container's own /etc/hosts, /etc/resolv.conf and /etc/hostname into its directory, and answers where they are
 * mounted. Who is in the network of another container shares what that one knows about names.
 */
export function containerNames(
  context: EngineContext,
  { id, directory, options }: StartableContainer,
): readonly ContainerMount[] {
  const { network } = options.run;
  const memberships =
    ownWayOut(network) !== undefined || network.kind === "networks"
      ? context.readingStore.networks.membershipsOf(id)
      : [];
  const shared = network.kind === "container" ? namesOf(context, network.container) : undefined;
  return Object.entries(networkFiles(nameFacts(options, memberships))).map(([name, text]) => {
    const own = `${directory}/${name}`;
    writeFile(own, text);
    changeModeAt(own, 0o644); // whatever the umask says
    return {
      kind: "bind",
      source: shared !== undefined && name !== "hostname" ? `${shared}/${name}` : own,
      target: `/etc/${name}`,
      readOnly: false,
      propagation: "private",
      populate: false,
    };
  });
}

/** The directory of the container whose network another one has, whoever that one has it from. */
function namesOf(context: EngineContext, idOrName: string): string {
  const { containers, layout } = context.readingStore;
  const { id, options } = containers.get(idOrName);
  const { network } = optionsOf({ options }).run;
  return network.kind === "container" ? namesOf(context, network.container) : layout.container(id);
}
