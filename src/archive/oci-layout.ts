import { lstatSync } from "node:fs";
import { join } from "node:path";
import { BerthError } from "../base/errors.ts";
import { invalidImage, parseJsonObject, stringAt } from "../oci/document.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import type { Descriptor } from "../oci/types.ts";
import { maximumManifestSize } from "../oci/limits.ts";
import { parseManifestOrIndex } from "../oci/validate.ts";
import { ArchiveContent, readSmall } from "./archive-content.ts";
import type { ArchivedImage, ArchiveFiles, ImageArchive } from "./image-archive.ts";

/** What containerd, Docker and buildx write: the whole name. */
const nameAnnotation = "io.containerd.image.name";
/** What the specification defines; a tag alone, or with some tools the whole name. */
export const referenceAnnotation = "org.opencontainers.image.ref.name";

/** The canonical name that an archive gives an image. Throws `invalid-image` for what is none. */
export function archivedName(text: string): string {
  try {
    const reference = parseReference(text);
    if (reference.digest !== undefined || reference.tag === undefined) throw invalidImage("it needs a tag");
    return formatReference(reference);
  } catch (error) {
    throw invalidImage(`invalid tag ${JSON.stringify(text.slice(0, 300))} in the archive`, error);
  }
}

function nameOf({ annotations = {} }: Descriptor): string | undefined {
  const whole = annotations[nameAnnotation];
  if (whole !== undefined) return archivedName(whole);
  const reference = annotations[referenceAnnotation];
  // A bare tag does not say of which repository.
  return reference !== undefined && /[/:]/.test(reference) ? archivedName(reference) : undefined;
}

function isAttestation({ annotations }: Descriptor): boolean {
  return annotations?.["vnd.docker.reference.type"] !== undefined;
}

/**
 * Descriptors of the index as images: those with the same name are one image for several platforms, or one image that is
 * listed once for each of its names.
 */
function imagesOf(manifests: readonly Descriptor[]): ArchivedImage[] {
  const named = new Map<string, Descriptor[]>();
  const known = new Map<string, string[]>();
  const images: ArchivedImage[] = [];
  for (const descriptor of manifests) {
    if (isAttestation(descriptor)) continue;
    const name = nameOf(descriptor);
    const { [referenceAnnotation]: reference } = descriptor.annotations ?? {};
    const references = [
      ...(reference === undefined ? [] : [reference]),
      ...(name === undefined ? [] : [name]),
    ];
    if (name !== undefined) {
      known.set(name, [...(known.get(name) ?? []), ...references]);
      named.set(name, [...(named.get(name) ?? []), descriptor]);
    } else {
      const { platform } = descriptor;
      images.push({
        names: [],
        references,
        roots: [descriptor],
        ...(platform === undefined ? {} : { platform }),
      });
    }
  }
  const byRoots = new Map<string, { names: string[]; references: string[]; roots: Descriptor[] }>();
  for (const [name, roots] of named) {
    const key = roots.map(({ digest }) => digest).join(" ");
    const same = byRoots.get(key) ?? { names: [], references: [], roots };
    same.names.push(name);
    same.references.push(...(known.get(name) ?? []));
    byRoots.set(key, same);
  }
  return [...byRoots.values(), ...images];
}

/** Whether the files are an OCI image layout. */
export function isOciLayout(files: ArchiveFiles): boolean {
  return files.locate("oci-layout") !== undefined && files.locate("index.json") !== undefined;
}

/** Reads an OCI image layout (image-spec "image-layout.md"). Throws `invalid-image`, `unsupported` for another version. */
export function readOciLayout(files: ArchiveFiles): ImageArchive {
  const marker = readSmall(files, "oci-layout", 64 * 1024);
  const index = readSmall(files, "index.json", maximumManifestSize);
  if (marker === undefined || index === undefined) {
    throw invalidImage("this is not an OCI image layout: oci-layout or index.json is missing");
  }
  const version = stringAt(
    parseJsonObject(marker, "oci-layout", marker.byteLength).imageLayoutVersion,
    "imageLayoutVersion of oci-layout",
  );
  if (version !== "1.0.0") {
    throw new BerthError(
      "unsupported",
      `the OCI image layout has version ${version ?? "none"}, 1.0.0 is known`,
    );
  }
  const parsed = parseManifestOrIndex(index, mediaTypes.ociIndex);
  if (parsed.kind !== "index") throw invalidImage("index.json of the archive is not an image index");
  const content = new ArchiveContent(files);
  return {
    images: imagesOf(parsed.index.manifests),
    takeBlob: (descriptor) => content.takeBlob(descriptor),
    fetchManifest: (_, descriptor) => content.fetchManifest(descriptor),
    fetchBlob: (_, descriptor, options = {}) => content.fetchBlob(descriptor, options),
  };
}

/** Opens a directory that holds an OCI image layout; its files stay as they are. */
export function openOciLayout(directory: string): ImageArchive {
  return readOciLayout({
    disposable: false,
    locate(name) {
      const path = join(directory, name); // fixed names and digests only
      const status = lstatSync(path, { throwIfNoEntry: false });
      return status?.isFile() ? { path, size: status.size } : undefined;
    },
  });
}
