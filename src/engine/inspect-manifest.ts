import { parseReference, withDefaultTag } from "../oci/reference.ts";
import type { RawDocument } from "../oci/transport.ts";
import type { EngineContext } from "./context.ts";
import { localManifestList } from "./manifest-lists.ts";
import { openSource } from "./open-source.ts";
import { placeOf } from "./place.ts";
import type { RegistryChoice } from "./registry-access.ts";

/** The local list of a name, else the manifest or index at its registry, or a place (`oci:PATH`); nothing is brought here. */
export async function inspectManifest(
  context: EngineContext,
  text: string,
  options: RegistryChoice & { readonly signal?: AbortSignal } = {},
): Promise<RawDocument> {
  const given = placeOf(text);
  const local = given === undefined ? localManifestList(context, text) : undefined;
  if (local !== undefined) return local;
  const place = given ?? { kind: "registry", reference: withDefaultTag(parseReference(text)) };
  await using source = await openSource(context, place, options);
  return source.root;
}
