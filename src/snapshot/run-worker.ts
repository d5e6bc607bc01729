import { BerthError, messageOf } from "../base/errors.ts";
import type { Helpers } from "../sys/helpers.ts";
import type { IdentityMap } from "../sys/identity.ts";
import { killNamespaceCommand, userNamespaceCommand } from "../sys/namespaces.ts";
import type { UnpackResult } from "./types.ts";
import type { WorkerEvent, WorkerRequest } from "./worker-protocol.ts";

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
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Starts a worker, sends the request, waits for its end. What the worker threw is thrown here again as BerthError.
 * Throws `interrupted` when the signal fires (the worker is killed at once) and `helper-failed` when the worker or
 * the programs before it end without an answer.
 */
export async function runWorker(
  environment: WorkerEnvironment,
  request: WorkerRequest,
  options: RunWorkerOptions = {},
): Promise<UnpackResult | undefined> {
  const { signal } = options;
  if (signal?.aborted) throw interrupted(signal);
  const argv = userNamespaceCommand(
    environment.helpers,
    environment.identity,
    ["mount"],
    [...environment.selfCommand, "internal-worker"],
  );
  const child = Bun.spawn(argv, {
    stdin: Buffer.from(JSON.stringify(request)),
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, ...withoutLastTier },
  });
  const kill = () => killNamespaceCommand(child);
  signal?.addEventListener("abort", kill, { once: true });
  try {
    const [answer, complaint] = await Promise.all([
      readAnswer(child.stdout, options.onProgress),
      new Response(child.stderr).text(),
    ]);
    const status = await child.exited;
    if (signal?.aborted) throw interrupted(signal);
    if (answer === undefined) throw noAnswer(request.kind, argv, status, complaint);
    if (answer.event === "result") return answer.unpacked;
    throw new BerthError(answer.code, answer.message, answer.hint === undefined ? {} : { hint: answer.hint });
  } finally {
    signal?.removeEventListener("abort", kill);
    kill();
  }
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

function noAnswer(kind: string, argv: readonly string[], status: number, complaint: string): BerthError {
  const refused = /^unshare: (?:unshare failed|write failed .*|cannot open .*): (.*)$/m.exec(complaint)?.[1];
  if (refused !== undefined) {
    return new BerthError("unsupported", `cannot create a user namespace: ${refused}`, {
      hint:
        "check user.max_user_namespaces, kernel.unprivileged_userns_clone and " +
        "kernel.apparmor_restrict_unprivileged_userns with sysctl, and /etc/subuid with `berth info`",
    });
  }
  const words = complaint.trim().split("\n").slice(-3).join("; ");
  return new BerthError(
    "helper-failed",
    `the worker for "${kind}" ended with status ${status}${words === "" ? "" : `: ${words}`} (${argv.join(" ")})`,
    { hint: "check that this kernel lets you make user namespaces: unshare --user --map-root-user true" },
  );
}
