import { ContainerStreams } from "../../engine/container-streams.ts";
import { begin } from "../../engine/head-start.ts";
import { foretell } from "./foretell.ts";

/**
 * Begins with what takes longest before anything else of the command line is loaded: the namespaces of a foreground
 * container, or the monitor of any other, which begins with the namespaces.
 */
export async function beginEarly(words: readonly string[]): Promise<void> {
  const likely = foretell(words);
  const { env } = process;
  try {
    if (likely?.kind === "foreground") begin(env, likely, ContainerStreams);
    else if (likely?.kind === "monitored") {
      const { beginMonitor } = await import("../../engine/monitor/monitor-process.ts");
      beginMonitor(env, likely);
    }
  } catch {
    // The command does everything in its order, and says what is wrong.
  }
}
