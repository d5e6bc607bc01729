import { configurationHome } from "../base/directories.ts";
import { BerthError, messageOf } from "../base/errors.ts";
import { join } from "../base/posix-path.ts";
import { namesIn } from "../sys/directory-entries.ts";
import { exists, readText } from "../sys/files.ts";

/** PEM texts for one registry host. */
export interface HostCertificates {
  /** Authorities that are trusted for this host besides all others. */
  readonly authorities: readonly string[];
  /** What the client shows who it is with. */
  readonly client?: { readonly certificate: string; readonly key: string };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The directories that containers-certs.d(5) and Docker know, first wins. */
export function certificateDirectories(env: Environment): readonly string[] {
  const own = join(configurationHome(env), "containers/certs.d");
  return [own, "/etc/containers/certs.d", "/etc/docker/certs.d"];
}

/**
 * What `<directory>/<host[:port]>` holds: `*.crt` are authorities, `*.cert` with the `*.key` of the same name is the client's
 * certificate. The first directory that has the host decides. Throws `invalid-argument` for files that cannot be read or
 * have no partner.
 */
export function hostCertificates(host: string, directories: readonly string[]): HostCertificates | undefined {
  if (!/^[\w.:[\]-]+$/.test(host) || /^\.+$/.test(host)) return undefined; // it becomes part of a path
  for (const directory of directories) {
    const path = join(directory, host);
    if (!exists(path)) continue; // an error takes longer to make
    let names: string[];
    try {
      names = namesIn(path).sort();
    } catch {
      continue;
    }
    const authorities = names.filter((name) => name.endsWith(".crt")).map((name) => read(join(path, name)));
    const partner = (name: string, from: string, to: string) => `${name.slice(0, -from.length)}${to}`;
    const certificate = names.find((name) => name.endsWith(".cert"));
    const key = names.find((name) => name.endsWith(".key"));
    if (certificate !== undefined && !names.includes(partner(certificate, ".cert", ".key"))) {
      throw new BerthError("invalid-argument", `${join(path, certificate)} has no key beside it`, {
        hint: "authorities have names that end in .crt, certificates of the client end in .cert",
      });
    }
    if (key !== undefined && !names.includes(partner(key, ".key", ".cert")))
      throw new BerthError("invalid-argument", `${join(path, key)} has no certificate beside it`);
    if (certificate === undefined) return { authorities };
    return {
      authorities,
      client: {
        certificate: read(join(path, certificate)),
        key: read(join(path, partner(certificate, ".cert", ".key"))),
      },
    };
  }
  return undefined;
}

function read(path: string): string {
  try {
    return readText(path);
  } catch (error) {
    throw new BerthError("invalid-argument", `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
