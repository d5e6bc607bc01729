import {
  type ContainerPort,
  parseContainerPorts,
  type PortMapping,
  portKey,
  type PublishedPort,
} from "../../oci/ports.ts";
import type { ContainerRecord } from "../../store/types.ts";
import { isBerthError } from "../../base/errors.ts";
import { type ContainerOptions, optionsOf } from "../container-record.ts";
import { isUp } from "../container-status.ts";
import type { RunOptions } from "../run-options.ts";

/** The ports that an image and `--expose` name, each once. What an image says wrongly is not a port. */
export function exposedPorts(
  imagePorts: Readonly<Record<string, unknown>> | null | undefined,
  { ports }: Pick<RunOptions, "ports">,
): readonly ContainerPort[] {
  const named = Object.keys(imagePorts ?? {}).flatMap((text) => {
    try {
      return parseContainerPorts(text);
    } catch (error) {
      if (isBerthError(error)) return [];
      throw error;
    }
  });
  return [...new Map([...named, ...(ports?.exposed ?? [])].map((port) => [portKey(port), port])).values()];
}

/** What a start shall open: what was asked for, and with `-P` every exposed port that was not. */
export function portMappings({ run, exposed = [] }: ContainerOptions): readonly PortMapping[] {
  const mappings = run.ports?.mappings ?? [];
  if (!run.ports?.publishAll) return mappings;
  const mapped = new Set(mappings.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  return [
    ...mappings,
    ...exposed
      .filter((port) => !mapped.has(portKey(port)))
      .map(({ port, protocol }) => ({ address: "", containerPort: port, protocol })),
  ];
}

/** The ports of the host that lead to a running container now. */
export function publishedPorts({ state }: Pick<ContainerRecord, "state">): readonly PublishedPort[] {
  return isUp(state) ? (state.ports ?? []) : [];
}

/** One line of PORTS: a port that is published, or one that is only exposed. */
export type PortSummary = ContainerPort & {
  readonly published?: Pick<PublishedPort, "address" | "hostPort">;
};

/** What `ps` shows of a running container's ports. */
export function portSummaries(record: ContainerRecord): readonly PortSummary[] {
  if (!isUp(record.state)) return [];
  const published = publishedPorts(record);
  const open = new Set(published.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  const { exposed = [], run } = optionsOf(record);
  const mapped = (run.ports?.mappings ?? []).map(({ containerPort, protocol }) => ({
    port: containerPort,
    protocol,
  }));
  const closed = new Map(
    [...exposed, ...mapped].filter((port) => !open.has(portKey(port))).map((port) => [portKey(port), port]),
  );
  return [
    ...published.map(({ address, hostPort, containerPort, protocol }) => ({
      port: containerPort,
      protocol,
      published: { address, hostPort },
    })),
    ...closed.values(),
  ];
}
