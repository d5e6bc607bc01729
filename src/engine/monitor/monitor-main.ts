/** The role `internal-monitor`: the process that owns a container which outlives the command that started it. */
import { failureOf } from "../../sys/message-channel.ts";
import { EngineContext } from "../context.ts";
import { endBegun } from "../head-start.ts";
import { patience } from "./attachments.ts";
import { Connection } from "./connection.ts";
import { bodyOf } from "./frames.ts";
import { monitorContainer, type StartOrder } from "./monitor-container.ts";

/** Where the monitor is told what to do. */
export const starterDescriptor = 3;

/** Entry of the role: one order comes over the inherited socket, which is an ordinary attachment from then on. */
export async function monitorMain(): Promise<number> {
  const starter = await Connection.over(starterDescriptor);
  const frames = starter.frames();
  const context = new EngineContext(process.env, (text) => starter.send("warning", { text }));
  const { value: first } = await frames.next();
  if (first?.kind !== "start") {
    await endBegun();
    return 1;
  }
  const order = bodyOf<StartOrder>(first);
  outliveTheSession(context, order.id);
  try {
    await monitorContainer(context, order, {
      attach: (attachments) => void attachments.serve(starter, frames),
      started: (pid) => starter.send("started", { pid }),
    });
    return 0;
  } catch (error) {
    starter.send("failed", failureOf(error));
    await starter.flushed();
    await starter.closeAfterOther(patience);
    return 1;
  }
}

/** A closed terminal is none of our business; whoever ends the session or the machine asks the container to stop. */
function outliveTheSession(context: EngineContext, id: string): void {
  for (const signal of ["SIGHUP", "SIGINT", "SIGQUIT"] as const) process.on(signal, () => undefined);
  process.once("SIGTERM", () => {
    void import("../stop-container.ts").then(({ stopContainer }) => stopContainer(context, id, {}));
  });
}
