/**
 * The talk between a container's monitor and those who attach to it, on a stream socket: the one that the monitor is
 * started with, and those that connect to its socket in the runtime directory.
 *
 * ```
 * client (CLI)                                   monitor
 *   start {id, made?, …}  ──▶                            only on the first connection
 *                         ◀──  started {pid} | failed {code, message}
 *   attach {input, output}──▶                            from now on output is sent
 *   input, input-end,     ──▶
 *   resize, detach
 *                         ◀──  stdout, stderr            as the container writes them
 *                         ◀──  run-ended {exitCode}      it will be started again
 *                         ◀──  exited {exitCode}         everything is recorded, and removed with --rm
 * ```
 *
 * A frame is one byte of kind, four bytes of length (little-endian) and that many bytes of payload: bytes of a stream,
 * or JSON.
 */
import { BerthError } from "../../base/errors.ts";

const kinds = [
  "start",
  "attach",
  "input",
  "input-end",
  "resize",
  "detach",
  "wake",
  "started",
  "failed",
  "warning",
  "stdout",
  "stderr",
  "run-ended",
  "exited",
] as const;

export type FrameKind = (typeof kinds)[number];

export interface Frame {
  readonly kind: FrameKind;
  readonly payload: Uint8Array;
}

const headerLength = 5;

/** Nobody sends more at once; whoever says so is not one of us. */
const largestPayload = 16 << 20;

export function encodeFrame(kind: FrameKind, payload: Uint8Array | object = {}): Buffer {
  const body = payload instanceof Uint8Array ? payload : Buffer.from(JSON.stringify(payload));
  const frame = Buffer.allocUnsafe(headerLength + body.length);
  frame.writeUInt8(kinds.indexOf(kind), 0);
  frame.writeUInt32LE(body.length, 1);
  frame.set(body, headerLength);
  return frame;
}

/** The JSON of a frame; both sides are the same executable. */
export function bodyOf<T>(frame: Frame): T {
  return JSON.parse(Buffer.from(frame.payload).toString()) as T;
}

/** Puts frames together from the pieces in which they arrive. */
export class FrameDecoder {
  #pending: Buffer = Buffer.alloc(0);

  /** The frames that are complete with this piece. Throws `internal` for what cannot be one. */
  push(piece: Uint8Array): Frame[] {
    this.#pending = this.#pending.length === 0 ? Buffer.from(piece) : Buffer.concat([this.#pending, piece]);
    const frames: Frame[] = [];
    let at = 0;
    while (this.#pending.length - at >= headerLength) {
      const kind = kinds[this.#pending.readUInt8(at)];
      const length = this.#pending.readUInt32LE(at + 1);
      if (kind === undefined || length > largestPayload)
        throw new BerthError(
          "internal",
          "the other side of the container's socket does not speak berth's frames",
        );
      const end = at + headerLength + length;
      if (this.#pending.length < end) break;
      frames.push({ kind, payload: this.#pending.subarray(at + headerLength, end) });
      at = end;
    }
    this.#pending = this.#pending.subarray(at);
    return frames;
  }
}
