import { begin } from "../head-start.ts";
import { ContainerPipes } from "./container-pipes.ts";
import { beginsWith } from "./monitor-process.ts";

/** Begins with the namespaces of a monitor's container, which is being made meanwhile; `word` says which streams it has. */
export function beginContainer(word: string): void {
  const streams = beginsWith(word);
  try {
    if (streams) begin(process.env, streams, ContainerPipes);
  } catch {
    // It is done when it is asked for, and told what is wrong.
  }
}
