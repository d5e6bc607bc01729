/**
 * What the internal roles get only from berth, by which they know that they were not called by a person.
 */
import { isCharacterDevice, isRegularFile, isSocket, statusOf } from "./files.ts";

/** Where the roles that talk are told what to do (container/protocol.ts, network/agent/protocol.ts, engine/monitor/). */
const ordersChannel = 3;

export function getsOrders(): boolean {
  return isOpen(() => isSocket(statusOf(ordersChannel)));
}

/** A listener of seccomp(2) is of no kind that statx(2) knows. */
export function getsListener(): boolean {
  return isOpen(() => !isRegularFile(statusOf(ordersChannel)));
}

export function getsInput(): boolean {
  return isOpen(() => !isCharacterDevice(statusOf(0)));
}

function isOpen(answer: () => boolean): boolean {
  try {
    return answer();
  } catch {
    return false;
  }
}
