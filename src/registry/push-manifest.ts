import { BerthError } from "../base/errors.ts";
import { familiarString } from "../oci/reference.ts";
import type { RawDocument } from "../oci/transport.ts";
import type { Reference } from "../oci/types.ts";
import { errorFromAnswer } from "./error-answer.ts";
import type { RegistryClient } from "./registry-client.ts";

/** One try to put a document, byte for byte, under its reference (distribution-spec "Pushing manifests"). */
export async function pushManifest(
  client: RegistryClient,
  reference: Reference,
  document: RawDocument,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { digest, mediaType } = document.descriptor;
  const { answer, authentication } = await client.send({
    repository: reference,
    method: "PUT",
    target: `manifests/${reference.digest ?? reference.tag ?? digest}`,
    access: { path: reference.path, push: true },
    headers: { "Content-Type": mediaType },
    body: new Uint8Array(document.bytes),
    ...(signal === undefined ? {} : { signal }),
  });
  if (answer.status !== 201 && answer.status !== 200)
    throw await errorFromAnswer(answer, { kind: "push", reference }, authentication);
  await answer.discard();
  const named = answer.headers.get("docker-content-digest");
  if (named === null || named === digest) return;
  throw new BerthError(
    "digest-mismatch",
    `${familiarString(reference)} was pushed as ${digest}, but the registry has ${named.slice(0, 100)}`,
    { hint: "the registry changes manifests; what it has is another image" },
  );
}
