import type { PortSummary } from "../../engine/network/container-ports.ts";
import { hostAndPort } from "../../oci/ports.ts";

/**
 * PORTS of `ps`: `0.0.0.0:80->80/tcp, [::]:80->80/tcp`, neighbours that lead to the same port folded to
 * `0.0.0.0:80-82->80-82/tcp`, and `80/tcp` for what is only exposed (docker/cli formatter/container.go, DisplayablePorts).
 */
export function portsCell(ports: readonly PortSummary[]): string {
  const folded: string[] = [];
  const single: string[] = [];
  const groups = new Map<string, Group>();
  for (const { port, protocol, published } of ports.toSorted(inOrder)) {
    if (published && published.hostPort !== port) {
      single.push(`${hostAndPort(published.address, published.hostPort)}->${port}/${protocol}`);
      continue;
    }
    const address = published?.address ?? "";
    const key = `${address} ${protocol}`;
    const group = groups.get(key);
    if (group?.last === port - 1) {
      group.last = port;
      continue;
    }
    if (group) folded.push(groupText(group));
    groups.set(key, { address, protocol, first: port, last: port });
  }
  return [...folded, ...[...groups.values()].map(groupText), ...single].join(", ");
}

interface Group {
  readonly address: string;
  readonly protocol: string;
  readonly first: number;
  last: number;
}

function groupText({ address, protocol, first, last }: Group): string {
  const range = first === last ? String(first) : `${first}-${last}`;
  return address === "" ? `${range}/${protocol}` : `${hostAndPort(address, range)}->${range}/${protocol}`;
}

function inOrder(a: PortSummary, b: PortSummary): number {
  const text = (port: PortSummary) => port.published?.address ?? "";
  return (
    a.port - b.port ||
    compare(text(a), text(b)) ||
    (a.published?.hostPort ?? 0) - (b.published?.hostPort ?? 0) ||
    compare(a.protocol, b.protocol)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
