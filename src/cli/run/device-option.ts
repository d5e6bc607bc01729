import { BerthError } from "../../base/errors.ts";
import type { DeviceOption, DeviceRequest } from "../../engine/isolation-options.ts";
import { splitCommaFields } from "../../base/comma-fields.ts";
import { normalize } from "../../base/posix-path.ts";

/** A device of the Container Device Interface: `vendor.com/class=name`. */
const cdiName =
  /^[A-Za-z](?:[\w.-]*[A-Za-z0-9])?\/[A-Za-z](?:[\w-]*[A-Za-z0-9])?=[A-Za-z0-9](?:[\w.:-]*[A-Za-z0-9])?$/;

/** `--device HOST[:CONTAINER][:rwm]` (docker/cli container/opts.go), or the name of a CDI device. */
export function parseDevice(text: string): DeviceOption | { readonly cdi: string } {
  if (cdiName.test(text)) return { cdi: text };
  const refuse = (why: string) => new BerthError("invalid-argument", why);
  const parts = text.split(":");
  const [source = "", second, third] = parts;
  if (source === "" || parts.length > 3) throw refuse(`invalid device specification: ${text}`);
  const isMode = (part: string | undefined) => part !== undefined && /^[rwm]+$/.test(part);
  const target = second === undefined || (third === undefined && isMode(second)) ? source : second;
  const permissions = third ?? (isMode(second) ? second : undefined) ?? "rwm";
  for (const path of [source, target])
    if (!path.startsWith("/")) throw refuse(`${path} is not an absolute path`);
  if (!isMode(permissions) || new Set(permissions).size < permissions.length)
    throw refuse(`bad mode specified: ${permissions}`);
  return { source: normalize(source), target: normalize(target), permissions };
}

/** `--gpus all|NUMBER|device=ID[,ID…]|…` (docker/cli opts/gpus.go), as far as CDI can tell GPUs apart. */
export function parseGpus(text: string): DeviceRequest {
  let count: number | undefined;
  let ids: readonly string[] = [];
  const refuse = (why: string) =>
    new BerthError("unsupported", `--gpus ${text}: ${why}`, {
      hint: "--gpus takes all, a number, or device=ID[,ID]; CDI gives a GPU as a whole",
    });
  for (const field of splitCommaFields(text)) {
    const equals = field.indexOf("=");
    const [key, value] = equals === -1 ? ["count", field] : [field.slice(0, equals), field.slice(equals + 1)];
    switch (key) {
      case "count":
        if (value !== "all" && !/^\d+$/.test(value))
          throw new BerthError("invalid-argument", `count must be an integer: ${JSON.stringify(value)}`);
        count = value === "all" ? -1 : Number(value);
        break;
      case "device":
        ids = value.split(",");
        break;
      case "driver":
        if (value !== "nvidia" && value !== "cdi") throw refuse(`there is no driver ${value}`);
        break;
      case "capabilities":
        if (value.split(",").some((name) => name !== "gpu")) throw refuse("capabilities cannot be chosen");
        break;
      default:
        throw new BerthError("invalid-argument", `unexpected key '${key}' in '${field}'`);
    }
  }
  if (ids.length > 0 && count !== undefined)
    throw new BerthError("invalid-argument", "cannot set both Count and DeviceIDs on device request");
  return { driver: "", count: ids.length > 0 ? 0 : (count ?? 1), ids, capabilities: [["gpu"]] };
}

export function deviceOptions(
  devices: readonly string[],
  gpus: string | undefined,
): { readonly devices?: readonly DeviceOption[]; readonly deviceRequests?: readonly DeviceRequest[] } {
  const parsed = devices.map(parseDevice);
  const nodes = parsed.flatMap((device) => ("cdi" in device ? [] : [device]));
  const names = parsed.flatMap((device) => ("cdi" in device ? [device.cdi] : []));
  const requests: DeviceRequest[] = [
    ...(gpus ? [parseGpus(gpus)] : []),
    ...(names.length > 0 ? [{ driver: "cdi", count: 0, ids: names, capabilities: [] }] : []),
  ];
  return {
    ...(nodes.length > 0 ? { devices: nodes } : {}),
    ...(requests.length > 0 ? { deviceRequests: requests } : {}),
  };
}
