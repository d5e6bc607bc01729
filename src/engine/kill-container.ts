import { constants } from "node:os";
import { BerthError } from "../base/errors.ts";
import { containerEnd } from "./container-end.ts";
import { optionsOf } from "./container-record.ts";
import type { EngineContext } from "./context.ts";
import { parseSignal } from "./parse-signal.ts";
import { isActive, settle } from "./reconcile-containers.ts";
import { hearSignals, sendSignal } from "./stop-container.ts";

/**
 * Sends a signal to a running container. What ends it because of that is no failure for its restart policy, unless the
 * signal is neither SIGKILL nor the one that the container is told to stop by (moby daemon/kill.go). SIGKILL is waited for.
 */
export async function killContainer(context: EngineContext, idOrName: string, signal: string): Promise<void> {
  const number = parseSignal(signal);
  const record = await settle(context, context.store.containers.get(idOrName));
  const target = record?.state.process;
  if (record === undefined || !isActive(record) || target === undefined) {
    throw new BerthError(
      "conflict",
      `cannot kill container: ${idOrName}: container ${record?.id ?? idOrName} is not running`,
    );
  }
  const { stopSignal } = optionsOf(record);
  const { SIGKILL } = constants.signals;
  if (number === SIGKILL || stopSignal === undefined || parseSignal(stopSignal) === number)
    context.store.containers.update(record.id, (state) => ({ ...state, asked: "stop" }));
  sendSignal(context, record, target, number);
  if (number === SIGKILL || number === constants.signals.SIGTERM) await hearSignals(context, record.id);
  if (number === SIGKILL) await containerEnd(context, record.id);
}
