/**
 * Where much flows, bytes go from socket to socket past this process (splice(2)). The runtime does not see them, because it
 * copies all that it finds readable, which costs as much as the rest of the way: between two turns of its loop everything is
 * moved that can be, and when nothing can, that is waited for, but only a moment, so that all others are served.
 */
import { Splice } from "../../sys/splice.ts";

/** Microseconds that others may have to wait. */
const moment = 200;
/** Milliseconds without a byte after which the runtime should wait for the next one, which costs nothing. */
const patience = 20;
/** Bytes of one flow in a row. */
const fairShare = 2 * 1024 * 1024;

/** What flows from one socket to another. */
export class Bulk {
  readonly #splice: Splice;
  readonly #end: (broken: boolean) => void;
  #lastMoved = performance.now();

  /**
   * Carries what comes at one socket to the other, and tells when nothing comes or goes any more, be it for a while, or
   * when a socket is broken: then it should be released.
   */
  constructor(from: number, to: number, end: (broken: boolean) => void) {
    this.#splice = new Splice(from, to);
    this.#end = end;
    flows.add(this);
    schedule();
  }

  /** Returns what came and did not go. */
  release(): Uint8Array {
    flows.delete(this);
    const rest = this.#splice.takeOut();
    this.#splice[Symbol.dispose]();
    return rest;
  }

  /** Whether something moved. */
  move(now: number): boolean {
    try {
      const moved = moveShare(this.#splice);
      if (moved) this.#lastMoved = now;
      else if (moved === undefined || now - this.#lastMoved > patience) this.#end(false);
      return Boolean(moved);
    } catch {
      this.#end(true);
      return false;
    }
  }

  /** Waits until one of them has something to move, or for a moment. */
  static wait(bulks: Iterable<Bulk>): void {
    const splices = Array.from(bulks, (bulk) => bulk.#splice);
    Splice.wait(splices, moment);
  }
}

const flows = new Set<Bulk>();
let scheduled = false;

function schedule(): void {
  if (!scheduled) setImmediate(turn);
  scheduled = true;
}

function turn(): void {
  scheduled = false;
  const now = performance.now();
  let idle = true;
  for (const flow of flows) if (flow.move(now)) idle = false;
  if (flows.size === 0) return;
  if (idle) Bulk.wait(flows);
  schedule();
}

/** Bytes that moved; undefined at the end. */
function moveShare(splice: Splice): number | undefined {
  let all = 0;
  while (all < fairShare) {
    const moved = splice.move();
    if (moved === undefined) return undefined;
    if (moved === 0) break;
    all += moved;
  }
  return all;
}
