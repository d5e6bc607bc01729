import { BerthError } from "../base/errors.ts";
import { parseReference, withDefaultTag } from "../oci/reference.ts";
import type { Reference } from "../oci/types.ts";
import { exists } from "../sys/files.ts";

/** Where an image is or goes to, spelt as containers-transports(5) does; what names no transport is in the store. */
export type Place =
  | { readonly kind: "registry"; readonly reference: Reference }
  | {
      readonly kind: "oci" | "oci-archive" | "docker-archive";
      readonly path: string;
      /** Which image of several, or how it is called there. */
      readonly reference?: string;
    }
  | { readonly kind: "store"; readonly name: string };

/** Reads `docker://NAME`, `oci:PATH[:TAG]`, `oci-archive:PATH[:TAG]`, `docker-archive:PATH[:NAME]`, `berth:NAME` or `NAME`. */
export function parsePlace(text: string): Place {
  const [, transport = "", rest = ""] = /^([a-z][a-z-]*):(.*)$/s.exec(text) ?? [];
  switch (transport) {
    case "docker":
      if (!rest.startsWith("//"))
        throw new BerthError("invalid-reference", `${text}: a name at a registry begins with docker://`);
      return { kind: "registry", reference: withDefaultTag(parseReference(rest.slice(2))) };
    case "oci":
    case "oci-archive":
    case "docker-archive": {
      const [, path = "", reference] = /^([^:]*)(?::(.+))?$/s.exec(rest) ?? [];
      if (path === "") throw new BerthError("invalid-argument", `${text} names no path`);
      return { kind: transport, path, ...(reference === undefined ? {} : { reference }) };
    }
    case "berth":
      return { kind: "store", name: rest };
    case "containers-storage":
    case "dir":
    case "docker-daemon":
    case "tarball":
      throw new BerthError("unsupported", `${transport}: is not supported`, {
        hint: "places are docker://, oci:, oci-archive:, docker-archive: and berth:",
      });
    default:
      if (/^[./~]/.test(text))
        throw new BerthError("invalid-argument", `${text} is a path, not the name of an image`, {
          hint: `a directory is oci:${text}, a file oci-archive:${text} or docker-archive:${text}`,
        });
      return { kind: "store", name: text };
  }
}

/**
 * The place that a word means where a name is expected, or undefined for a name: `oci:latest` is one, `oci:./layout` and
 * `oci:layout`, where that is a file, are not.
 */
export function placeOf(text: string): Place | undefined {
  if (!/^(?:docker:\/\/|(?:oci|oci-archive|docker-archive):)/.test(text)) return undefined;
  const place = parsePlace(text);
  if (place.kind === "registry" || place.kind === "store") return place;
  return place.path.includes("/") || exists(place.path) ? place : undefined;
}
