import { loadRegistriesConfiguration, type RegistriesConfiguration } from "../registry/registries-file.ts";
import { resolveShortName, type ShortName } from "../registry/registry-rules.ts";
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
