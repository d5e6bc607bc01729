import { DockerfileError } from "../dockerfile-error.ts";
import { truthOf } from "../truth.ts";

/** `# check=skip=RULE,…|all;error=true;experimental=RULE,…|all` */
export interface CheckOptions {
  readonly skip: ReadonlySet<string> | "all";
  readonly experimental: ReadonlySet<string> | "all";
  /** A warning lets the build fail. */
  readonly error: boolean;
}

export const defaultCheckOptions: CheckOptions = { skip: new Set(), experimental: new Set(), error: false };

/** Throws DockerfileError. */
export function parseCheckOptions(text: string): CheckOptions {
  let options = defaultCheckOptions;
  if (text.trim() === "") return options;
  for (const part of text.split(";")) {
    const [name = "", value] = cut(part);
    if (value === undefined || !["skip", "experimental", "error"].includes(name))
      throw new DockerfileError(
        `failed to parse check options: invalid check option ${JSON.stringify(value === undefined ? part : name)}`,
      );
    options = { ...options, [name]: name === "error" ? truth(part, value) : rulesOf(value) };
  }
  return options;
}

function cut(part: string): [name: string, value: string | undefined] {
  const at = part.indexOf("=");
  return at === -1 ? [part.trim(), undefined] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
}

function rulesOf(value: string): ReadonlySet<string> | "all" {
  return value === "all" ? value : new Set(value.split(",").map((rule) => rule.trim()));
}

function truth(part: string, value: string): boolean {
  const said = truthOf(value);
  if (said !== undefined) return said;
  throw new DockerfileError(
    `failed to parse check options: failed to parse check option ${JSON.stringify(part)}`,
  );
}
