import { writeImageArchive } from "../../archive/write-image-archive.ts";
import type { StageState } from "../../build/plan/types.ts";
import { storeImage, writeImage } from "../../image/store-image.ts";
import { storedBytes } from "../../image/stored-image.ts";
import { familiarString, formatReference } from "../../oci/reference.ts";
import type { Digest, Reference } from "../../oci/types.ts";
import { emitImageEvent } from "../image-event.ts";
import { newImageName } from "../new-image-name.ts";
import { type BuildEnvironment, directoriesOf, type StageFiles } from "./build-environment.ts";
import type { BuildOutput } from "./build-options.ts";
import { exportDirectory } from "./export-directory.ts";
import { withInlineCache } from "./inline-cache.ts";
import { asVertex, type Vertex } from "./progress.ts";
import { resultConfig } from "./result-config.ts";

/** The image that a build made. */
export interface BuildResult {
  readonly imageId: Digest;
  /** Canonical, with tags. */
  readonly names: readonly string[];
  readonly manifest: { readonly digest: Digest; readonly size: number; readonly mediaType: string };
}

const titles: Readonly<Record<BuildOutput["kind"], string>> = {
  image: "exporting to image",
  "oci-archive": "exporting to oci image format",
  "docker-archive": "exporting to docker image format",
  tar: "exporting to client tarball",
  local: "exporting to client directory",
};

/** Brings what was built to every output; answers the last image among them. */
export async function exportResult(
  build: BuildEnvironment,
  files: StageFiles,
  state: StageState,
): Promise<BuildResult | undefined> {
  let result: BuildResult | undefined;
  for (const output of build.options.outputs)
    result =
      (await asVertex(build.progress, titles[output.kind], (vertex) =>
        exportTo(build, { files, state, output }, vertex),
      )) ?? result;
  return result;
}

interface Export {
  readonly files: StageFiles;
  readonly state: StageState;
  readonly output: BuildOutput;
}

async function exportTo(
  build: BuildEnvironment,
  { files, state, output }: Export,
  vertex: Vertex,
): Promise<BuildResult | undefined> {
  const { context, options, lease, signal } = build;
  if (output.kind === "tar" || output.kind === "local") {
    const tar = context.treeReader.archive(directoriesOf(build, files), signal);
    await (output.kind === "tar" ? output.write(tar) : exportDirectory(context, tar, output.directory));
    return undefined;
  }
  const names = (output.names ?? options.tags).map(newImageName);
  const diffIds = files.layers.map(({ diffId }) => diffId);
  const plain = resultConfig({ ...files, state, diffIds }, options.labels);
  const config = options.inlineCache ? withInlineCache(plain, files.keys ?? new Map()) : plain;
  const image = { config, layers: files.layers.map(({ descriptor }) => descriptor) };
  vertex.part("exporting layers", { isOver: true });
  if (output.kind === "image") return await exportImage(build, image, names, vertex);
  const { descriptor, manifest } = await writeImage(context.store, image, lease);
  const images = [{ root: descriptor, manifest, names }];
  const open = (digest: Digest) => storedBytes(context.store, { digest })(0);
  await output.write(writeImageArchive({ format: output.kind, images, open, signal }));
  return { imageId: manifest.config.digest, names: names.map(formatReference), manifest: descriptor };
}

async function exportImage(
  { context, lease }: BuildEnvironment,
  image: Omit<Parameters<typeof storeImage>[1], "names">,
  references: readonly Reference[],
  vertex: Vertex,
): Promise<BuildResult> {
  const names = references.map(formatReference);
  const { id, manifest } = await storeImage(context.store, { ...image, names }, lease);
  emitImageEvent(context, "create", { id, name: id });
  for (const reference of references) emitImageEvent(context, "tag", { id, name: familiarString(reference) });
  vertex.part(`writing image ${id}`, { isOver: true });
  for (const name of names) vertex.part(`naming to ${name}`, { isOver: true });
  return { imageId: id, names, manifest };
}
