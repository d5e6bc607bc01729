import { BerthError, messageOf } from "../base/errors.ts";
import type { Helpers } from "../sys/helpers.ts";
import type { IdentityMap } from "../sys/identity.ts";
import { noUserNamespace, ownMountsCommand, spawnInUserNamespace } from "../sys/namespaces.ts";
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
 * its processor time and gives nothing back.
 */
const withoutLastTier = { BUN_JSC_useFTLJIT: "0" };

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
  const { signal, data } = options;
  if (signal?.aborted) throw interrupted(signal);
  const { helpers, identity, selfCommand } = environment;
  const namespaces = spawnInUserNamespace({
    helpers,
    identity,
    argv: ownMountsCommand(helpers, [...selfCommand, "internal-worker"]),
    env: { ...process.env, ...withoutLastTier },
    stdio: [
      options.lengths === undefined ? Buffer.from(`${JSON.stringify(request)}\n`) : "pipe",
      "pipe",
      "pipe",
      ...(data === undefined ? [] : [data]),
    ],
  });
  const { child } = namespaces;
  if (options.lengths !== undefined) void tellLengths(child.stdin as Bun.FileSink, request, options.lengths);
  const mapping = namespaces.mapped.catch((error: unknown) => error);
  signal?.addEventListener("abort", namespaces.release, { once: true });
  try {
    const [answer, complaint] = await Promise.all([
      readAnswer(child.stdout as ReadableStream<Uint8Array>, options.onProgress),
      new Response(child.stderr as ReadableStream<Uint8Array>).text(),
    ]);
    const status = await child.exited;
    if (signal?.aborted) throw interrupted(signal);
    if (answer === undefined) throw noAnswer(request.kind, status, complaint, await mapping);
    if (answer.event === "result") return answer.result as ResultOf<Request>; // what the request is answered with
    throw new BerthError(answer.code, answer.message, answer.hint === undefined ? {} : { hint: answer.hint });
  } finally {
    signal?.removeEventListener("abort", namespaces.release);
    namespaces.release();
  }
}

/** A worker that ended early has said why, and lengths that never come are of a download that failed. */
async function tellLengths(
  stdin: Bun.FileSink,
  request: WorkerRequest,
  lengths: AsyncIterable<number>,
): Promise<void> {
  try {
    stdin.write(`${JSON.stringify(request)}\n`);
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
