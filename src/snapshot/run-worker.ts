import { BerthError, messageOf } from "../base/errors.ts";
import type { Helpers } from "../sys/helpers.ts";
import type { IdentityMap } from "../sys/identity.ts";
import {
  type NamespaceProcess,
  noUserNamespace,
  ownMountsCommand,
  spawnInUserNamespace,
} from "../sys/namespaces.ts";
import type { ResultOf, WorkerEvent, WorkerRequest } from "./worker-protocol.ts";

/** What it takes to start a worker. */
export interface WorkerEnvironment {
  readonly helpers: Helpers;
  readonly identity: IdentityMap;
  /** The argv prefix that starts berth itself: the executable, or `bun src/main.ts` from source. */
  readonly selfCommand: readonly string[];
}

/**
 * A worker lives for a second or two and waits for the kernel and zlib: JavaScriptCore's last compiler tier takes 15 % of
 * its processor time and gives nothing back. Its heap is collected as on a small machine: what it reads and inflates is
 * garbage at once, and would otherwise pile up to 40 MB.
 */
const runtimeSettings = { BUN_JSC_useFTLJIT: "0", BUN_JSC_forceRAMSize: String(64 << 20) };

export interface RunWorkerOptions {
  /** Of the blob that is unpacked while it arrives. */
  readonly lengths?: AsyncIterable<number>;
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
  /** A descriptor that the worker gets as `dataDescriptor`; closed by the caller, at any time after the call. */
  readonly data?: number;
}

/**
 * Starts a worker, sends the request, waits for its end. What the worker threw is thrown here again as BerthError.
 * Throws `interrupted` when the signal fires (the worker is killed at once) and `helper-failed` when the worker or
 * the programs before it end without an answer.
 */
export async function runWorker<Request extends WorkerRequest>(
  environment: WorkerEnvironment,
  request: Request,
  options: RunWorkerOptions = {},
): Promise<ResultOf<Request>> {
  const { helpers, identity, selfCommand } = environment;
  const { lengths, data } = options;
  const order = `${JSON.stringify(request)}\n`;
  const start = () => {
    const namespaces = spawnInUserNamespace({
      helpers,
      identity,
      argv: ownMountsCommand(helpers, [...selfCommand, "internal-worker"]),
      env: workerEnvironment(),
      stdio: [
        lengths === undefined ? Buffer.from(order) : "pipe",
        "pipe",
        "pipe",
        ...(data === undefined ? [] : [data]),
      ],
    });
    if (lengths !== undefined) void tellLengths(namespaces.child.stdin as Bun.FileSink, order, lengths);
    return namespaces;
  };
  return (await converse(start, request.kind, options)) as ResultOf<Request>; // what the request is answered with
}

export function workerEnvironment(): Readonly<Record<string, string | undefined>> {
  return { ...process.env, ...runtimeSettings };
}

/** `runWorker` with a worker of another kind, whose result is not known here. `what` is for messages. */
export async function converse(
  start: () => NamespaceProcess,
  what: string,
  { signal, onProgress }: RunWorkerOptions,
): Promise<unknown> {
  if (signal?.aborted) throw interrupted(signal);
  const { child, mapped, release } = start();
  const mapping = mapped.catch((error: unknown) => error);
  signal?.addEventListener("abort", release, { once: true });
  try {
    const [answer, complaint] = await Promise.all([
      readAnswer(child.stdout as ReadableStream<Uint8Array>, onProgress),
      new Response(child.stderr as ReadableStream<Uint8Array>).text(),
    ]);
    const status = await child.exited;
    if (signal?.aborted) throw interrupted(signal);
    if (answer === undefined) throw noAnswer(what, status, complaint, await mapping);
    if (answer.event === "result") return answer.result;
    throw new BerthError(answer.code, answer.message, answer.hint === undefined ? {} : { hint: answer.hint });
  } finally {
    signal?.removeEventListener("abort", release);
    release();
  }
}

/** A worker that ended early has said why, and lengths that never come are of a download that failed. */
async function tellLengths(
  stdin: Bun.FileSink,
  order: string,
  lengths: AsyncIterable<number>,
): Promise<void> {
  try {
    stdin.write(order);
    await stdin.flush();
    for await (const length of lengths) {
      stdin.write(`${length}\n`);
      await stdin.flush();
    }
    await stdin.end();
  } catch {}
}

type Answer = Exclude<WorkerEvent, { event: "progress" }>;

async function readAnswer(
  stream: ReadableStream<Uint8Array>,
  onProgress: ((bytes: number) => void) | undefined,
): Promise<Answer | undefined> {
  let rest = "";
  let answer: Answer | undefined;
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const event: WorkerEvent = JSON.parse(line);
      if (event.event === "progress") onProgress?.(event.bytes);
      else answer = event;
    }
  }
  return answer;
}

function interrupted(signal: AbortSignal): BerthError {
  const { reason } = signal;
  if (reason instanceof BerthError) return reason;
  return new BerthError("interrupted", `interrupted: ${messageOf(reason)}`, { cause: reason });
}

function noAnswer(kind: string, status: number, complaint: string, mapping: unknown): BerthError {
  const refused = /^unshare: unshare\(\w+\): (.*)$/m.exec(complaint)?.[1];
  if (refused !== undefined) return noUserNamespace(refused);
  if (mapping instanceof BerthError) return mapping;
  const words = complaint.trim().split("\n").slice(-3).join("; ");
  return new BerthError(
    "helper-failed",
    `the worker for "${kind}" ended with status ${status}${words === "" ? "" : `: ${words}`}`,
    { hint: "check that this kernel lets you make user namespaces: unshare --user --map-root-user true" },
  );
}
