import { BerthError } from "../../base/errors.ts";
import type { PastaOptions } from "../../network/pasta.ts";
import type { SlirpOptions } from "../../network/slirp4netns.ts";
import { parseSubnet } from "../../network/subnet.ts";

/** What follows `--network slirp4netns:`, with Podman's names. */
export function parseSlirpOptions(text: string): SlirpOptions {
  const options: { -readonly [K in keyof SlirpOptions]: SlirpOptions[K] } = {};
  for (const field of text.split(",")) {
    const equals = field.indexOf("=");
    const name = equals === -1 ? field : field.slice(0, equals);
    const value = equals === -1 ? "" : field.slice(equals + 1);
    const bad = (expected: string) =>
      new BerthError("invalid-argument", `invalid slirp4netns option ${field}: ${name} is ${expected}`);
    switch (name) {
      case "mtu":
        options.mtu = parseMtu(value, bad);
        break;
      case "cidr":
        if (parseSubnet(value).family !== 4 || parseSubnet(value).prefixLength > 25)
          throw bad("an IPv4 subnet of at most 25 bits, such as 10.0.3.0/24");
        options.cidr = value;
        break;
      case "outbound_addr":
      case "outbound_addr6":
        if (value === "") throw bad("an address or an interface of this machine");
        options.outboundAddresses = [...(options.outboundAddresses ?? []), value];
        break;
      case "allow_host_loopback":
        options.allowHostLoopback = parseTruth(value, bad);
        break;
      case "enable_ipv6":
        options.enableIPv6 = parseTruth(value, bad);
        break;
      case "port_handler":
        if (value !== "berth" && value !== "slirp4netns") throw bad("berth or slirp4netns");
        options.portHandler = value;
        break;
      default:
        throw new BerthError("invalid-argument", `unknown slirp4netns option ${name}`, {
          hint: "known: mtu, cidr, outbound_addr, allow_host_loopback, enable_ipv6, port_handler",
        });
    }
  }
  return options;
}

/** What follows `--network pasta:`: options of pasta itself, as Podman takes them, so far as they are the user's business. */
export function parsePastaOptions(text: string): PastaOptions {
  const options: { -readonly [K in keyof PastaOptions]: PastaOptions[K] } = {};
  const words = text.split(",");
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    switch (word) {
      case "--map-gw":
        options.allowHostLoopback = true;
        break;
      case "-m":
      case "--mtu": {
        const value = words.shift() ?? "";
        const bad = (expected: string) =>
          new BerthError("invalid-argument", `invalid pasta option ${word} ${value}: it is ${expected}`);
        options.mtu = parseMtu(value, bad);
        break;
      }
      case "-4":
      case "--ipv4-only":
        options.enableIPv6 = false;
        break;
      default:
        throw new BerthError("invalid-argument", `unknown pasta option ${word}`, {
          hint: "known: --map-gw, --mtu, --ipv4-only; -p publishes ports",
        });
    }
  }
  return options;
}

type Bad = (expected: string) => BerthError;

function parseMtu(value: string, bad: Bad): number {
  if (!/^\d+$/.test(value) || Number(value) < 68 || Number(value) > 65521)
    throw bad("a number of bytes from 68 to 65521");
  return Number(value);
}

function parseTruth(value: string, bad: Bad): boolean {
  if (value !== "true" && value !== "false") throw bad("true or false");
  return value === "true";
}
