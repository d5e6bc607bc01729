import { BerthError } from "../../base/errors.ts";
import { capabilityNames } from "../../sys/capabilities.ts";

const all = "ALL";

/** `net_admin`, `CAP_NET_ADMIN` and `all` in any letter case, as Docker shows them: `CAP_NET_ADMIN`, `ALL`. */
function parseCapability(list: "CapAdd" | "CapDrop", text: string): string {
  const upper = text.trim().toUpperCase();
  if (upper === all || upper === `CAP_${all}`) return all;
  const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  if (capabilityNames.some((known) => name === `CAP_${known}`)) return name;
  throw new BerthError("invalid-argument", `invalid ${list}: unknown capability: ${JSON.stringify(name)}`);
}

/** Each capability once, `ALL` instead of any other, and what is added is not dropped (docker/cli opts/capabilities.go). */
export function parseCapabilities(
  add: readonly string[],
  drop: readonly string[],
): { readonly capAdd?: readonly string[]; readonly capDrop?: readonly string[] } {
  const parse = (list: "CapAdd" | "CapDrop", texts: readonly string[]) => {
    const names = new Set(texts.map((text) => parseCapability(list, text)));
    return names.has(all) ? [all] : [...names].toSorted();
  };
  const capAdd = parse("CapAdd", add);
  const capDrop = parse("CapDrop", drop).filter((name) => !capAdd.includes(name));
  return { ...(capAdd.length > 0 ? { capAdd } : {}), ...(capDrop.length > 0 ? { capDrop } : {}) };
}
