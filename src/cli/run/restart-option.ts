import { BerthError } from "../../base/errors.ts";
import type { RestartPolicy } from "../../engine/run-options.ts";

/** `--restart`: `no`, `always`, `unless-stopped`, `on-failure[:max-retries]` (docker/cli opts, moby's words). */
export function parseRestartPolicy(text: string): RestartPolicy {
  const [name = "", count, ...more] = text.split(":");
  const refuse = (reason: string) => new BerthError("usage", `invalid restart policy: ${reason}`);
  if (more.length > 0 || count === "")
    throw refuse("invalid restart policy format: maximum retry count must be an integer");
  switch (name) {
    case "":
    case "no":
    case "always":
    case "unless-stopped":
      if (count !== undefined) throw refuse("maximum retry count can only be used with 'on-failure'");
      return { name: name === "" ? "no" : name, maximumRetries: 0 };
    case "on-failure":
      if (count !== undefined && !/^\d+$/.test(count))
        throw refuse(
          count.startsWith("-")
            ? "maximum retry count cannot be negative"
            : "maximum retry count must be an integer",
        );
      return { name, maximumRetries: Number(count ?? 0) };
  }
  throw refuse(`unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`);
}
