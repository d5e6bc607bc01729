import { BerthError, messageOf, systemErrorCode } from "./errors.ts";

export type StorageDriver = "overlay" | "fuse-overlayfs" | "copy";
export const storageDrivers: readonly StorageDriver[] = ["overlay", "fuse-overlayfs", "copy"];

/** The programs that berth does not write itself and brings along. */
export const embeddedHelpers = [
  "unshare",
  "nsenter",
  "busybox",
  "fuse-overlayfs",
  "slirp4netns",
  "ip",
  "catatonit",
] as const;

/** What `[helpers]` can name: pasta comes from the system. */
export const helperNames = [...embeddedHelpers, "pasta"] as const;

/** What `config.toml` may say. Every key is optional; an unknown key is an error, not ignored. */
export interface Configuration {
  /** Forces a storage driver; `BERTH_STORAGE_DRIVER` and `--storage-driver` win over it. */
  readonly storageDriver?: StorageDriver;
  /** Registries (`host` or `host:port`) that may be spoken to over plain HTTP or with an unverified certificate. */
  readonly insecureRegistries: readonly string[];
  /** Helper programs by name (`fuse-overlayfs`, `slirp4netns` …), absolute paths; they win over the embedded ones. */
  readonly helpers: Readonly<Record<string, string>>;
  /** Refuses a layer that unpacks to more bytes than this. */
  readonly maximumLayerSize?: number;
  /** Directories with CDI specifications, absolute paths, besides /etc/cdi and /var/run/cdi; they win over those. */
  readonly cdiDirectories?: readonly string[];
  /** The default `--format` of `images`. */
  readonly imagesFormat?: string;
}

const empty: Configuration = { insecureRegistries: [], helpers: {} };

/** Reads `<directory>/config.toml`; a missing file, for which `read` answers undefined, is an empty configuration. */
export function loadConfiguration(
  directory: string,
  read: (path: string) => string | undefined,
): Configuration {
  const path = `${directory}/config.toml`;
  let text: string | undefined;
  try {
    text = read(path);
  } catch (error) {
    const code = systemErrorCode(error);
    throw new BerthError("invalid-argument", `cannot read ${path}: ${messageOf(error)}`, {
      ...(code === "EACCES"
        ? { hint: "does HOME or XDG_CONFIG_HOME lead to another user's directory?" }
        : {}),
      cause: error,
    });
  }
  return text === undefined ? empty : parseConfiguration(text, path);
}

/** Parses the text of a configuration file; `path` is for messages only. */
export function parseConfiguration(text: string, path: string): Configuration {
  let document: unknown;
  try {
    document = Bun.TOML.parse(text);
  } catch (error) {
    throw new BerthError("invalid-argument", `${path} is not valid TOML: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const bad = (key: string, expected: string): never => {
    throw new BerthError("invalid-argument", `${path}: "${key}" must be ${expected}`);
  };
  const configuration: { -readonly [K in keyof Configuration]: Configuration[K] } = { ...empty };
  for (const [key, value] of Object.entries(document as Record<string, unknown>)) {
    switch (key) {
      case "storage-driver":
        if (!storageDrivers.includes(value as StorageDriver)) bad(key, `one of ${storageDrivers.join(", ")}`);
        configuration.storageDriver = value as StorageDriver;
        break;
      case "insecure-registries":
        if (!Array.isArray(value) || value.some((item) => typeof item !== "string"))
          bad(key, "a list of strings");
        for (const registry of value as string[]) {
          if (!/^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d+)?$/.test(registry))
            bad(key, `a list of host or host:port, without scheme and path, but has "${registry}"`);
        }
        configuration.insecureRegistries = value as string[];
        break;
      case "helpers": {
        const isTable = typeof value === "object" && value !== null && !Array.isArray(value);
        if (
          !isTable ||
          Object.values(value as object).some((item) => typeof item !== "string" || !item.startsWith("/"))
        ) {
          bad(key, "a table of absolute paths");
        }
        for (const name of Object.keys(value as object)) {
          if (!helperNames.some((known) => known === name))
            bad(`${key}.${name}`, `the name of a helper: ${helperNames.join(", ")}`);
        }
        configuration.helpers = value as Record<string, string>;
        break;
      }
      case "maximum-layer-size":
        if (typeof value !== "number" || !Number.isSafeInteger(value) || value <= 0)
          bad(key, "a number of bytes");
        configuration.maximumLayerSize = value as number;
        break;
      case "cdi-spec-dirs":
        if (!Array.isArray(value) || value.some((item) => typeof item !== "string" || !item.startsWith("/")))
          bad(key, "a list of absolute paths");
        configuration.cdiDirectories = value as string[];
        break;
      case "images-format":
        if (typeof value !== "string") bad(key, "a string");
        configuration.imagesFormat = value as string;
        break;
      default:
        throw new BerthError("invalid-argument", `${path}: unknown key "${key}"`, {
          hint: "known keys: storage-driver, insecure-registries, helpers, maximum-layer-size, cdi-spec-dirs, images-format",
        });
    }
  }
  return configuration;
}
