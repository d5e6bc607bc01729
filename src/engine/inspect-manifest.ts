import { parseReference, withDefaultTag } from "../oci/reference.ts";
import type { RawDocument } from "../oci/transport.ts";
import type { EngineContext } from "./context.ts";
import { openSource } from "./open-source.ts";
import { placeOf } from "./place.ts";
import type { RegistryChoice } from "./registry-access.ts";

/** The manifest or index that a name stands for at its registry, or a place (`oci:PATH`); nothing is brought here. */
export async function inspectManifest(
  context: EngineContext,
  text: string,
  options: RegistryChoice & { readonly signal?: AbortSignal } = {},
): Promise<RawDocument> {
  const place = placeOf(text) ?? { kind: "registry", reference: withDefaultTag(parseReference(text)) };
  await using source = await openSource(context, place, options);
  return source.root;
}
