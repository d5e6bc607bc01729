import { fstatSync, writeSync } from "node:fs";
import { BerthError, messageOf, systemErrorCode } from "../base/errors.ts";

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

/** The reader of stdout has gone away (EPIPE); `main.ts` ends without a word, as a program killed by SIGPIPE does. */
export class BrokenPipe extends Error {
  override readonly name = "BrokenPipe";
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
    const size = (descriptor === 1 ? process.stdout : process.stderr)[side];
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

/** `node:tty` costs 2 ms to load, so only a character device that is not the null device is asked. */
function isTerminal(descriptor: 0 | 1 | 2): boolean {
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isCharacterDevice() || stat.rdev === nullDevice) return false;
  } catch {
    return false; // closed
  }
  return process.getBuiltinModule("node:tty").isatty(descriptor);
}

/** makedev(1, 3) */
const nullDevice = 0x103;

/** Writes all bytes, also to a pipe that another program made non-blocking (EAGAIN: its reader is slower than we are). */
function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === "EAGAIN") Bun.sleepSync(1);
      else if (code === "EPIPE" && descriptor === 1) throw new BrokenPipe();
      else if (descriptor === 2)
        return; // nobody listens: there is no better place to complain
      else throw new BerthError("denied", `cannot write to stdout: ${messageOf(error)}`, { cause: error });
    }
  }
}
