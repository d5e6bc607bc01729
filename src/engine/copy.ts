import { closeSync } from "node:fs";
import { ExtractionNotes } from "../archive/layer/extraction-notes.ts";
import { ownerPolicyFrom } from "../archive/layer/owner-policy.ts";
import { readTar } from "../archive/layer/read-tar.ts";
import { BerthError, isBerthError, systemErrorCode } from "../base/errors.ts";
import { parseCopyPath } from "../container/copy/copy-path.ts";
import { hostTree } from "../container/copy/locate.ts";
import type { CopyResult, CopyWork } from "../container/copy/protocol.ts";
import { CopyReceiver } from "../container/copy/receive.ts";
import { runCopyWorker } from "../container/copy/run-copy-worker.ts";
import { sendTree } from "../container/copy/send.ts";
import type { ContainerRecord } from "../store/types.ts";
import { type ByteString, displayName } from "../sys/byte-string.ts";
import { fileSyscalls } from "../sys/file-syscalls.ts";
import { HeldNamespaces } from "../sys/held-namespaces.ts";
import { createPipe } from "../sys/libc.ts";
import type { ProcessIdentity } from "../sys/process-identity.ts";
import { selfCommand } from "../sys/self-command.ts";
import { emitContainerEvent } from "./container-event.ts";
import { optionsOf } from "./container-record.ts";
import type { EngineContext } from "./context.ts";
import { findCopyPlace } from "./copy-place.ts";
import { keptIdentity, keptIds } from "./kept-identity.ts";

/** Every id is fine, because no file is given away. */
const callersOwn = ownerPolicyFrom("0 0 4294967295", "0 0 4294967295");

export interface CopySide {
  /** Id or name, as typed. */
  readonly container: string;
  /** In the container, as typed. */
  readonly path: string;
}

export interface Copied {
  /** Bytes of the files' content. */
  readonly content: number;
  /** Bytes that went through between host and container. */
  readonly transferred: number;
}

/** A tar of a path of a container, for `cp CONTAINER:PATH -`. Throws `not-found` at the first byte. */
export async function* copyOutAsTar(
  context: EngineContext,
  from: CopySide,
  options: { readonly follow: boolean; readonly signal?: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const { signal } = options;
  for (;;) {
    using held = await findCopyPlace(context, from.container, signal);
    const stop = new AbortController();
    const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    const [ours, theirs] = createPipe();
    const source = parseCopyPath(from.path, "/");
    const work = { kind: "send", source, follow: options.follow } as const;
    const sent = startWorker(context, held, from, work, theirs, either);
    try {
      yield* Bun.file(ours).stream();
      await sent;
      emitContainerEvent(context, held.container, "archive-path");
      return;
    } catch (error) {
      await waitAfter(error);
    } finally {
      stop.abort();
      await sent.catch(() => {});
      closeSync(ours);
    }
  }
}

/** The container ended before anything was copied: its files are elsewhere, as soon as that is recorded. */
class JustStopped extends BerthError {}

async function waitAfter(error: unknown): Promise<void> {
  if (!(error instanceof JustStopped)) throw error;
  await Bun.sleep(10);
}

/** Whether a process is not even on its way out. */
function hasFiles(process: ProcessIdentity): boolean {
  using held = new HeldNamespaces();
  try {
    held.hold(process, "mnt");
    return true;
  } catch {
    return false;
  }
}

/** Copies a path of a container to one of the host, where everything belongs to the caller. */
export async function copyOut(
  context: EngineContext,
  from: CopySide,
  to: { readonly path: string; readonly workingDirectory: string },
  options: { readonly follow: boolean; readonly signal?: AbortSignal },
): Promise<Copied> {
  const destination = parseCopyPath(to.path, to.workingDirectory);
  const notes = new ExtractionNotes();
  let transferred = 0;
  using receiver = new CopyReceiver(
    { destination, manner: "copy", keepOwners: false },
    {
      tree: hostTree(fileSyscalls),
      owners: callersOwn,
      owning: "none",
      notes,
      shown: to.path,
      missingParent: (directory) =>
        new BerthError(
          "not-found",
          `invalid output path: directory "${displayName(directory).slice(0, -1)}" does not exist`,
        ),
    },
  );
  const counted = async function* () {
    for await (const chunk of copyOutAsTar(context, from, options)) {
      transferred += chunk.length;
      yield chunk;
    }
  };
  await readTar(counted(), receiver);
  receiver.finish();
  for (const note of notes.lines()) context.warn(note);
  return { content: receiver.size, transferred };
}

/** Copies a path of the host into a container, where everything belongs to root unless `keepOwners`. */
export async function copyIn(
  context: EngineContext,
  from: { readonly path: string; readonly workingDirectory: string; readonly follow: boolean },
  to: CopySide,
  options: { readonly keepOwners: boolean; readonly signal?: AbortSignal },
): Promise<Copied> {
  const missing = (path: ByteString) =>
    new BerthError("not-found", `lstat ${displayName(path)}: no such file or directory`);
  const source = parseCopyPath(from.path, from.workingDirectory);
  for (;;) {
    const tar = sendTree(hostTree(fileSyscalls), { source, follow: from.follow }, missing);
    try {
      return await pour(context, tar, to, { ...options, manner: "copy" });
    } catch (error) {
      await waitAfter(error);
    }
  }
}

/** Unpacks a tar, plain or compressed, in a directory of a container, with the owners that it says. */
export function copyInTar(
  context: EngineContext,
  tar: AsyncIterable<Uint8Array>,
  to: CopySide,
  options: { readonly signal?: AbortSignal },
): Promise<Copied> {
  return pour(context, tar, to, { ...options, manner: "unpack", keepOwners: true });
}

async function pour(
  context: EngineContext,
  tar: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  to: CopySide,
  options: {
    readonly manner: "copy" | "unpack";
    readonly keepOwners: boolean;
    readonly signal?: AbortSignal;
  },
): Promise<Copied> {
  const { manner, keepOwners, signal } = options;
  using held = await findCopyPlace(context, to.container, signal);
  const [theirs, ours] = createPipe();
  const destination = parseCopyPath(to.path, "/");
  const work = { kind: "receive", destination, manner, keepOwners } as const;
  const received = startWorker(context, held, to, work, theirs, signal);
  let transferred = 0;
  const pipe = Bun.file(ours).writer();
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const piece of tar) {
      signal?.throwIfAborted();
      pipe.write(piece);
      await pipe.flush();
      transferred += piece.length;
    }
  } catch (error) {
    // The worker has its reasons for not listening any more, and tells them.
    if (systemErrorCode(error) !== "EPIPE") failure = { error };
  }
  await Promise.resolve(pipe.end()).catch(() => {});
  closeSync(ours);
  if (failure !== undefined) {
    await received.catch(() => {});
    throw failure.error;
  }
  const { size, notes } = await received;
  for (const note of notes) context.warn(note);
  emitContainerEvent(context, held.container, "extract-to-dir");
  return { content: size, transferred };
}

/** The worker gets `data`, which is closed here. */
function startWorker(
  context: EngineContext,
  {
    container,
    place,
  }: { readonly container: ContainerRecord; readonly place: Parameters<typeof runCopyWorker>[1]["place"] },
  side: CopySide,
  work: CopyWork,
  data: number,
  signal: AbortSignal | undefined,
): Promise<CopyResult> {
  const { helpers } = context;
  const kept = keptIds(optionsOf(container).run);
  const identity = kept === undefined ? context.identity : keptIdentity(context.identity, kept);
  const result = runCopyWorker(
    { helpers, identity, selfCommand: selfCommand() },
    { place, container: side.container, work },
    { data, ...(signal === undefined ? {} : { signal }) },
  ).catch((error: unknown) => {
    if (isBerthError(error, "read-only")) throw readOnly(container, work);
    const hasStopped = place.kind === "running" && !hasFiles(place.process);
    throw hasStopped && isBerthError(error, "conflict")
      ? new JustStopped("conflict", error.message, { hint: "try again" })
      : error;
  });
  result.catch(() => {}); // awaited by the caller, who may be busy with the tar until then
  closeSync(data);
  return result;
}

/** Docker's words for what may not be written to (moby daemon/archive_unix.go). */
function readOnly(container: ContainerRecord, work: CopyWork): BerthError {
  const { run, mounts } = optionsOf(container);
  const path = work.kind === "receive" ? work.destination.path : "/";
  const [mount] = mounts
    .filter(({ target }) => path === target || path.startsWith(`${target}/`))
    .toSorted((a, b) => b.target.length - a.target.length);
  const what = mount === undefined && run.readOnly ? "container rootfs" : "mounted volume";
  return new BerthError("read-only", `${what} is marked read-only`);
}
