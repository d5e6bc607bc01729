import type { ProgressListener } from "../../oci/transport.ts";
import type { Reference } from "../../oci/types.ts";
import type { Output } from "../host.ts";
import type { PullLines, PullSummary } from "../pull-lines.ts";

/**
 * `pullLines` whose module is loaded when the first thing happens: most runs find their image in the store and pull
 * nothing. What happens until it is loaded is kept in order.
 */
export function lazyPullLines(output: Output, quiet: boolean) {
  let lines: PullLines | undefined;
  let loading: Promise<void> | undefined;
  const waiting: Array<(to: PullLines) => void> = [];
  const tell = (event: (to: PullLines) => void) => {
    if (lines !== undefined) return event(lines);
    waiting.push(event);
    loading ??= import("../pull-lines.ts").then(({ pullLines }) => {
      const loaded = pullLines(output, quiet);
      for (const each of waiting) each(loaded);
      lines = loaded;
    });
  };
  const progress: ProgressListener = (event) => tell((to) => to.progress(event));
  return {
    begin: (reference: Reference) => tell((to) => to.begin(reference)),
    progress,
    summary: (result: PullSummary) => tell((to) => to.summary(result)),
    /** Everything told so far is written. */
    async settled(): Promise<void> {
      await loading;
    },
  };
}
