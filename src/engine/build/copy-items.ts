import type { CopyItem, TreeItem } from "../../build/copy/protocol.ts";
import { Selection } from "../../build/copy/selection.ts";
import type { CopySource, CopyStep } from "../../build/plan/types.ts";
import { cleanPath } from "../../build/ignore/clean-path.ts";
import { isDirectory } from "../../snapshot/directory-stack.ts";
import { isArchive, unpackArchive } from "./archives.ts";
import type { BuildEnvironment } from "./build-environment.ts";
import { withTree } from "./host-tree.ts";
import { fetchRepository } from "./git-repository.ts";
import { type DownloadedFile, fetchFile, requireDigest } from "./remote-files.ts";
import type { SourceTrees } from "./source-trees.ts";

/** One source of a COPY or ADD: what tells whether it changed, and what is copied when it comes to that. */
export interface SourceItems {
  /** Digests; undefined where only the content of `tree` tells. */
  readonly input?: unknown;
  readonly tree?: TreeItem;
  items(): Promise<readonly CopyItem[]>;
}

export async function sourceItems(
  build: BuildEnvironment,
  { from, exclude, parents }: CopyStep,
  source: CopySource,
  trees: SourceTrees,
): Promise<SourceItems> {
  switch (source.kind) {
    case "file":
      return { input: null, items: async () => [source] };
    case "path": {
      const { key, ...tree } = await trees.tree(from);
      const selected = parents ? atPivot(source.path) : { path: source.path };
      const item: TreeItem = { kind: "tree", ...tree, ...selected, exclude, archive: false };
      const items = async () => (source.unpack ? unpackedItems(build, item) : [item]);
      return { ...(key === undefined ? {} : { input: key }), tree: item, items };
    }
    case "url":
      return downloadItems(build, source);
    case "git": {
      const { keepGitDirectory, checksum } = source;
      const given = checksum === undefined ? {} : { checksum };
      const options = { keepGitDirectory, ...given };
      const { directory, subdirectory, commit } = await fetchRepository(build, source.url, options);
      const path = subdirectory === "" ? "/" : subdirectory;
      const common = {
        kind: "tree",
        roots: [directory],
        ignore: [],
        keepOwners: false,
        archive: false,
      } as const;
      return { input: commit, items: async () => [{ ...common, path, exclude }] };
    }
    default:
      return source satisfies never;
  }
}

/** `--parents`: directories after a `/./` come too; without one, all that the path names. */
function atPivot(source: string): Pick<TreeItem, "path" | "include"> {
  const at = source.indexOf("/./");
  const include = cleanPath(`/${at === -1 ? source : source.slice(at + 2)}`).slice(1);
  return { path: at === -1 ? "/" : source.slice(0, at + 1), ...(include === "" ? {} : { include }) };
}

async function downloadItems(
  build: BuildEnvironment,
  { url, name, checksum, unpack }: CopySource & { kind: "url" },
): Promise<SourceItems> {
  if (checksum !== undefined) requireDigest(checksum);
  const toItems = async ({ path }: DownloadedFile): Promise<CopyItem[]> =>
    unpack && (await isArchive(build, path))
      ? [archiveItem(await unpackArchive(build, path), [])]
      : [{ kind: "download", name, path }];
  // What is known by its checksum is fetched only when it is needed.
  if (checksum !== undefined)
    return { input: checksum, items: async () => toItems(await fetchFile(build, url, checksum)) };
  const file = await fetchFile(build, url);
  return { input: [file.digest, file.modified], items: () => toItems(file) };
}

/** ADD unpacks files that are archives, whatever they are called. */
async function unpackedItems(build: BuildEnvironment, item: TreeItem): Promise<CopyItem[]> {
  const items: CopyItem[] = [];
  for (const { path, file } of filesOf(item)) {
    const isTree = file === undefined || !(await isArchive(build, file));
    items.push(isTree ? { ...item, path } : archiveItem(await unpackArchive(build, file), item.exclude));
  }
  return items;
}

function archiveItem(root: string, exclude: readonly string[]): TreeItem {
  return { kind: "tree", roots: [root], path: "/", exclude, ignore: [], keepOwners: true, archive: true };
}

/** What a path of a context means, one by one; regular files with where they are on the host. */
function filesOf(item: TreeItem): { readonly path: string; readonly file: string | undefined }[] {
  const text = (bytes: string) => Buffer.from(bytes, "latin1").toString("utf8");
  const [root] = item.roots;
  return withTree(item.roots, (tree) =>
    [...new Selection(tree, item).select()].map(({ place }) => {
      const path = text(place.path.join("/"));
      const directory = isDirectory(place.found!.status);
      const literal = path.replace(/[\\*?[\]]/g, "\\$&");
      return {
        path: directory && path === "" ? "/" : literal,
        file: directory ? undefined : `${root}/${path}`,
      };
    }),
  );
}
