import { BerthError, messageOf, systemErrorCode } from "../base/errors.ts";
import { hostAndPort, type PortMapping } from "../oci/ports.ts";

/** Why a port of the host cannot be opened, in Docker's words where it has them. */
export function portError(error: unknown, { address, containerPort }: PortMapping, port: number): BerthError {
  const place = hostAndPort(address || "0.0.0.0", port);
  switch (systemErrorCode(error)) {
    case "EADDRINUSE":
      return new BerthError("conflict", `Bind for ${place} failed: port is already allocated`);
    case "EACCES":
      return new BerthError(
        "denied",
        `cannot expose privileged port ${port}: the kernel keeps it from ordinary users`,
        {
          hint:
            `-p ${8000 + port}:${containerPort} works; ` +
            `the administrator can allow it with \`sysctl net.ipv4.ip_unprivileged_port_start=${port}\``,
        },
      );
    case "EADDRNOTAVAIL":
      return new BerthError("not-found", `Bind for ${place} failed: cannot assign requested address`, {
        hint: "the address is none of this machine's; `ip address` lists them",
      });
    default:
      return new BerthError("network", `Bind for ${place} failed: ${messageOf(error)}`, { cause: error });
  }
}
