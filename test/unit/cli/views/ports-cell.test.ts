import { expect, test } from "bun:test";
import { portsCell } from "../../../../src/cli/views/ports-cell.ts";
import type { PortSummary } from "../../../../src/engine/network/container-ports.ts";

const exposed = (port: number, protocol: "tcp" | "udp" = "tcp"): PortSummary => ({ port, protocol });
const published = (address: string, hostPort: number, port: number): PortSummary => ({
  ...exposed(port),
  published: { address, hostPort },
});

test.each<[string, readonly PortSummary[]]>([
  ["", []],
  ["80/tcp", [exposed(80)]],
  ["53/udp, 80-82/tcp", [exposed(82), exposed(53, "udp"), exposed(80), exposed(81)]],
  ["0.0.0.0:80->80/tcp, [::]:80->80/tcp", [published("::", 80, 80), published("0.0.0.0", 80, 80)]],
  ["0.0.0.0:80-82->80-82/tcp", [80, 81, 82].map((port) => published("0.0.0.0", port, port))],
  ["443/tcp, 127.0.0.1:8080->80/tcp", [exposed(443), published("127.0.0.1", 8080, 80)]],
])("PORTS is %p", (text, ports) => {
  expect(portsCell(ports)).toBe(text);
});
