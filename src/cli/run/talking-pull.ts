import type { PullTalk } from "../../engine/obtain-image.ts";
import type { Host } from "../host.ts";
import { interruptible } from "../interruption.ts";
import { lazyPullLines } from "./lazy-pull-lines.ts";

/** Does what may pull an image. All talk about the pull goes to stderr: stdout belongs to the container. */
export function talkingPull(
  host: Host,
  quiet: boolean,
  work: (talk: PullTalk) => Promise<number>,
): Promise<number> {
  const lines = lazyPullLines(host.stderr, quiet);
  return interruptible(async (signal) => {
    try {
      return await work({
        onMissingImage: (familiar) => host.stderr.write(`Unable to find image '${familiar}' locally\n`),
        onPullStart: lines.begin,
        onProgress: lines.progress,
        onPulled: lines.summary,
        signal,
      });
    } finally {
      await lines.settled();
    }
  });
}
