import { familiarString, formatReference } from "../oci/reference.ts";
import type { ProgressListener } from "../oci/transport.ts";
import type { Digest, Reference } from "../oci/types.ts";
import type { Output } from "./host.ts";
import { createPullProgress } from "./progress/pull-progress.ts";

export interface PullSummary {
  readonly reference: Reference;
  readonly digest: Digest;
  readonly upToDate: boolean;
}

/** The lines of one pull, in the order in which they are due (docker-compat: moby daemon/containerd/image_pull.go). */
export interface PullLines {
  /** `latest: Pulling from library/alpine` */
  begin(reference: Reference): void;
  readonly progress: ProgressListener;
  /** `Digest: …` and `Status: …` */
  summary(result: PullSummary): void;
  /** The same of a whole repository: `Digest: …` after each tag, `Status: …` of all at the end. */
  digest(result: PullSummary): void;
  status(what: string, upToDate: boolean): void;
}

/** Tells a pull to `output`, as lines that are redrawn on a terminal and as plain ones in a pipe; `quiet` tells nothing. */
export function pullLines(output: Output, quiet: boolean): PullLines {
  if (quiet) return { begin() {}, progress() {}, summary() {}, digest() {}, status() {} };
  const shown = createPullProgress(output);
  return {
    begin: (reference) => shown.line(`${pulledName(reference)}: Pulling from ${reference.path}`),
    progress: shown.report,
    digest: ({ digest }) => shown.line(`Digest: ${digest}`),
    status: (what, upToDate) =>
      shown.line(`Status: ${upToDate ? "Image is up to date for" : "Downloaded newer image for"} ${what}`),
    summary(result) {
      this.digest(result);
      this.status(familiarString(result.reference), result.upToDate);
    },
  };
}

/** A pull by digest is known by its whole name, any other by its tag. */
const pulledName = (reference: Reference) =>
  reference.digest === undefined ? (reference.tag ?? "latest") : formatReference(reference);
