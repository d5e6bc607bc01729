import { TIOC } from "../sys/kernel-numbers.ts";
import { BerthError, BrokenPipe, systemErrorCode } from "../base/errors.ts";
import { write } from "../sys/files.ts";
import { ioctl, isTerminal } from "../sys/libc.ts";
import { meaningOf } from "../sys/system-call-error.ts";

/** A text stream towards the person or a program. */
export interface Output {
  readonly isTerminal: boolean;
  /** Of the terminal; undefined where there is none or it does not tell. Read when needed: it changes. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  /** Bytes are for archives and other data that is no text. */
  write(text: string | Uint8Array): void;
}

/** The world around one command, passed in so that tests can stand in for it. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly stdin: {
    readonly isTerminal: boolean;
    readonly stream: () => AsyncIterable<Uint8Array>;
  };
  readonly stdout: Output;
  readonly stderr: Output;
  /** One line for the person, on stderr. */
  readonly warn: (message: string) => void;
  readonly now: () => Date;
}

/**
 * The real streams, by synchronous writes to the descriptors: Node's stream objects cost 10 ms to make, and what was
 * written synchronously is out when the process ends.
 */
export function processHost(): Host {
  const stderr = descriptorOutput(2);
  return {
    env: process.env,
    workingDirectory: process.cwd(),
    stdin: {
      get isTerminal() {
        return isTerminal(0);
      },
      stream: () => Bun.stdin.stream(),
    },
    stdout: descriptorOutput(1),
    stderr,
    warn: (message) => stderr.write(`WARNING: ${message}\n`),
    now: () => new Date(),
  };
}

/** The first use of `Buffer` costs a quarter of a millisecond. */
const encoder = new TextEncoder();

function descriptorOutput(descriptor: 1 | 2): Output {
  let known: boolean | undefined;
  const sizeOf = (output: Output, side: "columns" | "rows") => {
    if (!output.isTerminal) return undefined;
    const size = terminalSize(descriptor)[side];
    return size > 0 ? size : undefined;
  };
  return {
    get isTerminal() {
      known ??= isTerminal(descriptor);
      return known;
    },
    get columns() {
      return sizeOf(this, "columns");
    },
    get rows() {
      return sizeOf(this, "rows");
    },
    write: (text) => writeAll(descriptor, typeof text === "string" ? encoder.encode(text) : text),
  };
}

/** `struct winsize` (ioctl_tty(2)); zeros where the terminal has gone away. */
function terminalSize(descriptor: number): { readonly rows: number; readonly columns: number } {
  const size = new Uint16Array(4);
  try {
    ioctl(descriptor, TIOC.GWINSZ, size);
  } catch {
    // It stays unknown.
  }
  return { rows: size[0]!, columns: size[1]! };
}

/** Writes all bytes, also to a pipe that another program made non-blocking (EAGAIN: its reader is slower than we are). */
function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += write(descriptor, bytes.subarray(at));
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === "EAGAIN") Bun.sleepSync(1);
      else if (code === "EPIPE" && descriptor === 1) throw new BrokenPipe();
      else if (descriptor === 2)
        return; // nobody listens: there is no better place to complain
      else throw new BerthError("denied", `cannot write to stdout: ${meaningOf(error)}`, { cause: error });
    }
  }
}
