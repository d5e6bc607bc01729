/** The role `internal-monitor`: the process that owns a container which outlives the command that started it. */
import { BerthError, messageOf } from "../../base/errors.ts";
import { EngineContext } from "../context.ts";
import { Connection } from "./connection.ts";
import { bodyOf } from "./frames.ts";
import { monitorContainer, type StartOrder } from "./monitor-container.ts";

/** Where the monitor is told what to do. */
export const starterDescriptor = 3;

/** Entry of the role: one order comes over the inherited socket, which is an ordinary attachment from then on. */
export async function monitorMain(): Promise<number> {
  const starter = await Connection.over(starterDescriptor);
  const frames = starter.frames();
  const { value: first } = await frames.next();
  if (first?.kind !== "start") return 1;
  const order = bodyOf<StartOrder>(first);
  const context = new EngineContext(process.env, (text) => starter.send("warning", { text }));
  outliveTheSession(context, order.id);
  try {
    await monitorContainer(context, order, {
      attach: (attachments) => void attachments.serve(starter, frames),
      started: (pid) => starter.send("started", { pid }),
    });
    return 0;
  } catch (error) {
    const known = error instanceof BerthError ? error : undefined;
    const failure: Failure = {
      code: known?.code ?? "internal",
      message: messageOf(error),
      ...(known?.hint === undefined ? {} : { hint: known.hint }),
    };
    starter.send("failed", failure);
    await starter.flushed();
    return 1;
  }
}

/** Why a container could not be started. */
export interface Failure {
  readonly code: BerthError["code"];
  readonly message: string;
  readonly hint?: string;
}

/** A closed terminal is none of our business; whoever ends the session or the machine asks the container to stop. */
function outliveTheSession(context: EngineContext, id: string): void {
  for (const signal of ["SIGHUP", "SIGINT", "SIGQUIT"] as const) process.on(signal, () => undefined);
  process.once("SIGTERM", () => {
    void import("../stop-container.ts").then(({ stopContainer }) => stopContainer(context, id, {}));
  });
}
