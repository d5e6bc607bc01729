import { version } from "../../package.json";

export interface BuildInformation {
  /** Of package.json, e.g. `0.1.0`. */
  readonly version: string;
  /** Commit of the sources, hex; undefined when run from source or built without git. */
  readonly commit?: string;
  /** ISO 8601; only when the build was given SOURCE_DATE_EPOCH. */
  readonly date?: string;
}

/** Set by scripts/packaging/compile.ts; absent when run from source. */
declare const BERTH_BUILD: { commit?: string; date?: string } | undefined;

/** Which berth this is. */
export const buildInformation: BuildInformation = {
  version,
  ...(typeof BERTH_BUILD !== "undefined" ? BERTH_BUILD : undefined),
};

/** What servers are told (RFC 9110 section 10.1.5). */
export const userAgent = `berth/${version}`;
