import { BerthError } from "../../base/errors.ts";
import type { NetworkOption } from "../../engine/run-options.ts";

/** `--network`; `bridge` and `default` are other names of slirp4netns, so that scripts written for Docker work. */
export function parseNetworkOption(name: string): NetworkOption {
  switch (name) {
    case "none":
    case "host":
      return { kind: name };
    case "":
    case "default":
    case "bridge":
    case "slirp4netns":
      return { kind: "slirp4netns" };
  }
  const hint = "--network takes slirp4netns (also spelt bridge and default), host or none";
  if (name.startsWith("container:"))
    throw new BerthError("unsupported", `--network ${name} is not supported yet`, { hint });
  throw new BerthError("not-found", `network ${name} not found`, { hint });
}
