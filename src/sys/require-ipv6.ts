import { existsSync } from "node:fs";
import { BerthError } from "../base/errors.ts";

/** Throws `unsupported` where the kernel has no IPv6, or was started without it (`ipv6.disable=1`). */
export function requireIPv6(): void {
  if (existsSync("/proc/sys/net/ipv6")) return;
  throw new BerthError("unsupported", "this machine has no IPv6", {
    hint: "networks without --ipv6 work",
  });
}
