import { resolve } from "node:path";
import { ignoreOf, requireDirectory } from "./build-context.ts";
import type { BuildTools } from "./build-environment.ts";
import { BerthError } from "../../base/errors.ts";
import { isArchive } from "./archives.ts";
import { contextOfArchive, isRepository } from "./open-context.ts";
import { fetchRepository, placeOf } from "./git-repository.ts";
import { fetchFile } from "./remote-files.ts";
import type { NamedTree } from "./source-trees.ts";

const imageScheme = "docker-image://";

/** The image that a `--build-context` is; undefined for files. */
export function contextImage(place: string): string | undefined {
  return place.startsWith(imageScheme) ? place.slice(imageScheme.length) : undefined;
}

/** The directories of `--build-context` by name, in lower case: of the host, of repositories and archives. */
export async function openNamedContexts(
  build: BuildTools,
  contexts: Readonly<Record<string, string>>,
  workingDirectory: string,
): Promise<ReadonlyMap<string, NamedTree>> {
  const named = new Map<string, NamedTree>();
  for (const [name, place] of Object.entries(contexts)) {
    if (contextImage(place) !== undefined) continue;
    named.set(name.toLowerCase(), await open(build, name, place, workingDirectory));
  }
  return named;
}

async function open(
  build: BuildTools,
  name: string,
  place: string,
  workingDirectory: string,
): Promise<NamedTree> {
  if (isRepository(place)) return { directory: placeOf(await fetchRepository(build, place)), ignore: [] };
  if (/^https?:\/\//.test(place)) {
    const { path } = await fetchFile(build, place);
    if (!(await isArchive(build, path))) throw new BerthError("invalid-argument", `${place} is no archive`);
    return { directory: await contextOfArchive(build, path), ignore: [] };
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//.test(place))
    throw new BerthError("unsupported", `unsupported build context ${name}=${place}`, {
      hint: "a directory, docker-image://, a git or an http(s) URL",
    });
  const directory = resolve(workingDirectory, place);
  requireDirectory(directory, place);
  return { directory, ignore: ignoreOf(directory) };
}
