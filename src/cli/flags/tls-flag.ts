import { flag } from "./spec.ts";

/** podman's flag; Docker has a list of insecure registries only. */
export const tlsVerify = flag.boolean("Require HTTPS and verify certificates of registries", {
  default: true,
});

/** What the flag says where it was given; otherwise the configuration decides. */
export function tlsChoice(
  flags: { readonly "tls-verify": boolean },
  given: ReadonlySet<string>,
): { readonly tlsVerify?: boolean } {
  return given.has("tls-verify") ? { tlsVerify: flags["tls-verify"] } : {};
}
