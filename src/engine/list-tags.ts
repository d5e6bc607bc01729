import { BerthError } from "../base/errors.ts";
import { parseReference } from "../oci/reference.ts";
import type { EngineContext } from "./context.ts";
import { tryCandidates } from "./registries.ts";
import { openRegistries, type RegistryChoice } from "./registry-access.ts";
import { refuseReservedName } from "./reserved-names.ts";

/** The tags that a repository has at its registry. Throws `usage` when the name has a tag or digest itself. */
export function listTags(
  context: EngineContext,
  text: string,
  options: RegistryChoice & { readonly signal?: AbortSignal } = {},
): Promise<readonly string[]> {
  const repository = parseReference(text);
  if (repository.tag !== undefined || repository.digest !== undefined)
    throw new BerthError("usage", `a repository is named without tag and digest, but this is ${text}`);
  refuseReservedName(repository);
  const registry = openRegistries(context, options);
  const { signal } = options;
  return tryCandidates(context, text, (candidate) => registry.listTags(candidate, signal), signal);
}
