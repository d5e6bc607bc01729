import { loadRegistriesConfiguration, type RegistriesConfiguration } from "../registry/registries-file.ts";
import { resolveShortName, type ShortName } from "../registry/registry-rules.ts";
import { BerthError, messageOf } from "../base/errors.ts";
import { familiarString } from "../oci/reference.ts";
import type { Reference } from "../oci/types.ts";
import type { EngineContext } from "./context.ts";

const loaded = new WeakMap<EngineContext, RegistriesConfiguration>();

/** What the machine's and the person's registries.conf say, read on first use. */
export function registriesOf(context: EngineContext): RegistriesConfiguration {
  const known = loaded.get(context) ?? loadRegistriesConfiguration(context.env);
  loaded.set(context, known);
  return known;
}

/** What a name without a registry stands for here; see `resolveShortName`. */
export function resolveName(context: EngineContext, text: string): ShortName {
  return resolveShortName(text, registriesOf(context));
}

/** Asks for what a name stands for, in turn, until one of them answers; what all of them said is the error. */
export async function tryCandidates<T>(
  context: EngineContext,
  text: string,
  ask: (candidate: Reference) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const { candidates, aliasOf } = resolveName(context, text);
  const failures: unknown[] = [];
  for (const candidate of candidates) {
    try {
      return await ask(candidate);
    } catch (error) {
      if (signal?.aborted) throw error;
      failures.push(error);
    }
  }
  const [error] = failures;
  if (!(error instanceof BerthError) || (aliasOf === undefined && failures.length === 1)) throw error;
  const names = candidates.map(familiarString).join(", ");
  const hint = aliasOf === undefined ? `tried: ${names}` : `${aliasOf} says that ${text} is ${names}`;
  throw new BerthError(error.code, failures.map(messageOf).join("; "), { hint, cause: error });
}
