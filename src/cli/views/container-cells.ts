import type { ContainerSummary } from "../../engine/containers.ts";
import { familiarName, familiarString, parseReference, trimReference } from "../../oci/reference.ts";
import type { Reference } from "../../oci/types.ts";
import { ellipsis } from "../output/ellipsis.ts";
import { goQuote } from "../output/template/quote.ts";
import { humanDuration, humanSize } from "../output/units.ts";
import { containerStatus } from "./container-status.ts";
import { goTimeString } from "./go-time.ts";
import { portsCell } from "./ports-cell.ts";
import { shortId } from "./short-id.ts";

export interface ContainerCellOptions {
  readonly truncate: boolean;
  readonly now: Date;
}

const commandWidth = 20;
const mountWidth = 15;

/** What `ps` can show of one container, by the names that templates use (docker/cli formatter/container.go). */
export function containerCells(container: ContainerSummary, { truncate, now }: ContainerCellOptions) {
  const created = new Date(container.createdAt);
  return {
    Command: () => {
      const command = commandLine(container.command);
      return goQuote(truncate ? ellipsis(command, commandWidth) : command);
    },
    CreatedAt: () => goTimeString(created),
    HealthStatus: () => container.state.health?.status ?? "none",
    ID: () => (truncate ? shortId(container.id) : container.id),
    Image: () => (truncate ? shownImage(container) : container.image || "<no image>"),
    Labels: () =>
      Object.entries(container.labels)
        .map(([name, value]) => `${name}=${value}`)
        .toSorted()
        .join(","),
    LocalVolumes: () => String(container.localVolumes),
    Mounts: () => container.mounts.map((mount) => (truncate ? ellipsis(mount, mountWidth) : mount)).join(","),
    Names: () => container.name,
    Networks: () => container.networks.join(","),
    Platform: () => "",
    Ports: () => portsCell(container.ports),
    RunningFor: () => `${humanDuration(now.getTime() - created.getTime())} ago`,
    Size: () => size(container),
    State: () => container.status,
    Status: () => containerStatus(container.state, now),
  };
}

/** Program and arguments as moby's list joins them: those with blanks in single quotes. */
export function commandLine(command: readonly string[]): string {
  const [program = "", ...rest] = command;
  return [program, ...rest.map((word) => (word.includes(" ") ? `'${word}'` : word))].join(" ");
}

/** `2B (virtual 21.5MB)`; the second only where it is known. */
function size({ sizeRw, sizeRootFs }: ContainerSummary): string {
  const own = humanSize(sizeRw ?? 0);
  return sizeRootFs === undefined || sizeRootFs === 0 ? own : `${own} (virtual ${humanSize(sizeRootFs)})`;
}

/** The image as a list shows it: an id is short, a name is familiar and goes without its digest. */
function shownImage({ image, imageId }: ContainerSummary): string {
  if (image === "") return "<no image>";
  if (shortId(image) === shortId(imageId)) return shortId(imageId);
  let reference: Reference;
  try {
    reference = parseReference(image);
  } catch {
    return image;
  }
  const plain = trimReference(reference);
  return reference.tag === undefined ? familiarName(plain) : familiarString({ ...plain, tag: reference.tag });
}
