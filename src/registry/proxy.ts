import { BerthError } from "../base/errors.ts";
import { hostName, isLoopback } from "./endpoint.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that the environment names for an address, as Go's net/http finds it: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, or
 * in lower case; loopback hosts are always asked directly. Throws `invalid-argument` for a proxy that cannot be used.
 */
export function proxyFor(url: URL, env: Environment): string | undefined {
  const variable = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const value = env[variable] || env[variable.toLowerCase()];
  if (!value || isLoopback(url.host) || isExcepted(url, env.NO_PROXY || env.no_proxy || "")) return undefined;
  const proxy = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const scheme = URL.canParse(proxy) ? new URL(proxy).protocol : undefined;
  if (scheme === "http:" || scheme === "https:") return proxy;
  throw new BerthError("invalid-argument", `${variable} does not name a proxy of HTTP or HTTPS`); // it may hold a password
}

/** Whether `NO_PROXY` has the host: `*`, a domain with what is below it (`.example.com` without itself), an address, a network. */
function isExcepted(url: URL, list: string): boolean {
  const host = hostName(url.host).replace(/^\[|\]$/g, "");
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list.split(",").some((item) => {
    const entry = item.trim().toLowerCase();
    if (entry === "*") return true;
    if (entry === "") return false;
    if (entry.includes("/")) return isInNetwork(host, entry);
    if (entry.replace(/^\[(.*)\]$/, "$1") === host) return true; // an IPv6 address has colons and no port
    const [, name = entry, entryPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
    if (entryPort !== undefined && entryPort !== port) return false;
    const domain = name.replace(/^\*(?=\.)/, "");
    return domain.startsWith(".") ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
  });
}

/** Networks of IPv4 addresses in CIDR notation. */
function isInNetwork(host: string, network: string): boolean {
  const [base = "", length = ""] = network.split("/");
  const [address, start, bits] = [numberOf(host), numberOf(base), Number(length)];
  if (address === undefined || start === undefined || !(bits >= 0 && bits <= 32)) return false;
  return Math.floor(address / 2 ** (32 - bits)) === Math.floor(start / 2 ** (32 - bits));
}

function numberOf(address: string): number | undefined {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(address)) return undefined;
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
