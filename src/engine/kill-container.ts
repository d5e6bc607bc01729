import { constants } from "node:os";
import { optionsOf } from "./container-record.ts";
import { isUp } from "./container-status.ts";
import type { EngineContext } from "./context.ts";
import { parseSignal } from "../base/parse-signal.ts";
import { isActive, settle } from "./reconcile-containers.ts";
import { ask, askBetweenRuns, endContainer, hearSignals, sendSignal } from "./stop-container.ts";
import { BerthError } from "../base/errors.ts";

/**
 * Sends a signal to a running container. What ends it because of that is no failure for its restart policy, unless the
 * signal is neither SIGKILL nor the one that the container is told to stop by (moby daemon/kill.go). SIGKILL is waited for.
 */
export async function killContainer(context: EngineContext, idOrName: string, signal: string): Promise<void> {
  const number = parseSignal(signal);
  const record = await settle(context, context.store.containers.get(idOrName));
  const isRunning =
    record && isActive(record) && (isUp(record.state) || record.state.status === "restarting");
  if (!isRunning) {
    throw new BerthError(
      "conflict",
      `cannot kill container: ${idOrName}: container ${record?.id ?? idOrName} is not running`,
    );
  }
  const { id, state } = record;
  const target = state.process;
  const { SIGKILL, SIGTERM } = constants.signals;
  if (number === SIGKILL) return endContainer(context, record, "stop", { signal, timeout: -1 });
  const { stopSignal } = optionsOf(record);
  const isFinal = stopSignal === undefined || parseSignal(stopSignal) === number;
  if (target === undefined) {
    if (isFinal) await askBetweenRuns(context, id);
    return;
  }
  if (isFinal) ask(context, id, "stop");
  sendSignal(context, record, target, number);
  if (number === SIGTERM) await hearSignals(context, id);
}
