import { DockerfileError } from "../../build/dockerfile-error.ts";
import { truthOf } from "../../build/truth.ts";

/** What a git URL says besides where the repository is. */
export interface GitSource {
  readonly remote: string;
  /** Undefined for what the server has as HEAD. */
  readonly reference?: string;
  readonly subdirectory: string;
  readonly submodules: boolean;
  readonly keepGitDirectory?: boolean;
  readonly checksum?: string;
}

/** `URL[?ref=REF&tag=TAG&branch=BRANCH&subdir=DIRECTORY&commit=ID…][#REF[:DIRECTORY]]`. Throws DockerfileError. */
export function parseGitUrl(text: string): GitSource {
  const [, remote = "", query = "", fragment = ""] = /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text) ?? [];
  const colon = fragment.indexOf(":");
  const given = readQuery(query);
  const tag = given.tag && qualified("refs/tags/", given.tag);
  const branch = given.branch && qualified("refs/heads/", given.branch);
  if (tag && branch) throw new DockerfileError("branch conflicts with tag");
  const reference = agreed("ref", [
    colon === -1 ? fragment : fragment.slice(0, colon),
    given.ref,
    tag,
    branch,
  ]);
  const subdirectory = agreed("subdir", [colon === -1 ? "" : fragment.slice(colon + 1), given.subdir]);
  const keepGitDirectory = readFlag(given, "keep-git-dir");
  const checksum = agreed("checksum", [given.checksum, given.commit]);
  return {
    remote: remote.replace(/^github\.com\//, "https://github.com/"),
    ...(reference === undefined ? {} : { reference }),
    subdirectory: subdirectory ?? "",
    submodules: readFlag(given, "submodules") ?? true,
    ...(keepGitDirectory === undefined ? {} : { keepGitDirectory }),
    ...(checksum === undefined ? {} : { checksum }),
  };
}

const texts = ["ref", "tag", "branch", "subdir", "checksum", "commit"] as const;
const flags = ["submodules", "keep-git-dir"] as const;
type Query = Readonly<Partial<Record<(typeof texts)[number] | (typeof flags)[number], string>>>;

function readQuery(query: string): Query {
  const given: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const isFlag = (flags as readonly string[]).includes(name);
    if (!isFlag && !(texts as readonly string[]).includes(name))
      throw new DockerfileError(`unexpected query ${JSON.stringify(name)}`);
    if (Object.hasOwn(given, name))
      throw new DockerfileError(`query ${JSON.stringify(name)} has multiple values`);
    if (value === "" && !isFlag) throw new DockerfileError(`query ${JSON.stringify(name)} has no value`);
    given[name] = value;
  }
  return given;
}

function readFlag(given: Query, name: (typeof flags)[number]): boolean | undefined {
  const value = given[name];
  if (value === undefined) return undefined;
  const said = value === "" || truthOf(value);
  if (said === undefined) throw new DockerfileError(`invalid ${name} value: ${JSON.stringify(value)}`);
  return said;
}

function qualified(prefix: string, name: string): string {
  return name.startsWith(prefix) ? name : prefix + name;
}

/** What may be said in several ways, but not differently. */
function agreed(what: string, said: readonly (string | undefined)[]): string | undefined {
  const [one, other] = new Set(said.filter((each) => each));
  if (other !== undefined)
    throw new DockerfileError(`${what} conflicts: ${JSON.stringify(one)} vs ${JSON.stringify(other)}`);
  return one;
}
