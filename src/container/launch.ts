/** The host side of a container's start; the talk with init is drawn in protocol.ts. */
import { BerthError } from "../base/errors.ts";
import { parseSignal } from "../base/parse-signal.ts";
import { AT_FDCWD, createSocketPair, receiveDescriptor } from "../sys/libc.ts";
import { close, tryReadLink } from "../sys/files.ts";
import type { HeldNamespaces } from "../sys/held-namespaces.ts";
import type { Helpers } from "../sys/helpers.ts";
import type { IdentityMap } from "../sys/identity.ts";
import { type NamespaceProcess, noUserNamespace, spawnInUserNamespace } from "../sys/namespaces.ts";
import { watchRemaining } from "./end-remaining.ts";
import { readMessages, reportedError, sendUnlessGone } from "../sys/message-channel.ts";
import {
  channelDescriptor,
  firstHeldDescriptor,
  type InitMessage,
  lifelineDescriptor,
  rootNotMounted,
  type StartRequest,
  terminalDescriptor,
} from "./protocol.ts";

export interface LaunchRequest {
  readonly helpers: Helpers;
  readonly identity: IdentityMap;
  /** Ends as init in the new namespaces (namespace-command.ts). */
  readonly command: readonly string[];
  /** The command makes the user namespace, too. */
  readonly unmapped: boolean;
  readonly env: Readonly<Record<string, string>>;
  /** Descriptors that the container inherits; undefined is /dev/null. Ignored where there is a terminal. */
  readonly stdio: readonly [stdin: number | undefined, stdout: number, stderr: number];
  /** Of another container; the child gets them from `firstHeldDescriptor` on. */
  readonly held?: HeldNamespaces;
  /** The cgroup that everything starts in. */
  readonly cgroup?: string;
  /** Gets the listener of a filter that tells of chown(2), to keep, and the first process. */
  readonly onOwners?: (listener: number, pid: number) => void;
  /** The container's processes end with berth, all of them, by a pid namespace of their own. */
  readonly ownProcesses: boolean;
}

export interface LaunchedContainer {
  /** The first process, as the host sees it. */
  readonly pid: number;
  /** Exit status as a shell tells it: 128 + n when a signal ended the program. Rejects when execve failed. */
  readonly exited: Promise<number>;
  /** Our end of the container's terminal, if it has one. */
  readonly terminal: number | undefined;
}

/** What the host does between "namespaces are there" and "program runs": attach a network to `pid`. */
export type NetworkAttachment = (pid: number) => Promise<void>;

/** Namespaces in the making: the process starts while the caller still gathers what it shall do. */
export interface Launch extends AsyncDisposable {
  /** Tells init what to do; resolves when it becomes the program. Rejects with what init reports. */
  start(
    request: Omit<StartRequest, "awaitsGo" | "sharedMemoryOf">,
    attachNetwork?: NetworkAttachment,
  ): Promise<LaunchedContainer>;
  /** Ends what still runs. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts the namespaces. Needs nothing to be known yet about the container but which namespaces it has. */
export function launch(request: LaunchRequest): Launch {
  const [channel, initChannel] = createSocketPair();
  const [terminalSocket, initTerminalSocket] = createSocketPair();
  const [stdin, stdout, stderr] = request.stdio;
  const { held } = request;
  const joined = held && { numbers: held.numbersFrom(firstHeldDescriptor), descriptors: held.descriptors };
  const sharedMemoryOf = joined?.numbers.mnt;
  const namespaces = spawnInUserNamespace({
    helpers: request.helpers,
    identity: request.identity,
    argv: request.command,
    unmapped: request.unmapped,
    env: request.env,
    stdio: [stdin ?? "ignore", stdout, stderr, initChannel, initTerminalSocket],
    ...(joined ? { joined } : {}),
    ...(request.cgroup === undefined ? {} : { cgroup: request.cgroup }),
  });
  const { child } = namespaces;
  close(initChannel);
  close(initTerminalSocket);
  const messages = readMessages<InitMessage>(channel);
  namespaces.mapped.catch(() => undefined); // told by `start`, when somebody asks
  let closed = false;
  let remaining: ReturnType<typeof watchRemaining> | undefined;
  /** Whatever of the chain still lives ends. */
  const end = async () => {
    namespaces.release();
    if (!closed) for (const fd of [channel, terminalSocket]) close(fd);
    closed = true;
    await child.exited;
    await remaining?.end();
  };

  /** Nothing is attached to a process that has ended, and why it has is what a person needs to know. */
  const failureOfInit = async () => {
    namespaces.release();
    await child.exited;
    await remaining?.end(); // init may be no child of it, and its messages end with it
    for await (const message of messages) if (message.kind === "failed") return reportedError(message);
    return undefined;
  };

  return {
    [Symbol.asyncDispose]: end,
    async start(start, attachNetwork) {
      let pid: number | undefined;
      let terminal: number | undefined;
      try {
        const awaitsGo = attachNetwork !== undefined || !request.ownProcesses;
        const complete: StartRequest = {
          ...start,
          awaitsGo,
          ...(sharedMemoryOf === undefined ? {} : { sharedMemoryOf }),
        };
        sendUnlessGone(channel, complete);
        await namespaces.mapped;
        for (;;) {
          const { value: message } = await messages.next();
          if (message === undefined) throw endedEarly(await child.exited, request);
          if (message.kind === "failed") throw reportedError(message);
          if (message.kind === "executing") break;
          if (message.kind === "terminal") {
            terminal = receiveDescriptor(terminalSocket);
            continue;
          }
          if (message.kind === "owners") {
            request.onOwners?.(receiveDescriptor(terminalSocket), pid!);
            continue;
          }
          pid = message.pid;
          if (!request.ownProcesses) remaining = watchRemaining(request.helpers, message.pid);
          if (attachNetwork) {
            await attachNetwork(message.pid).catch(async (error: unknown) => {
              // What init says when it is ended because of this error is not the reason of anything.
              throw hasNamespaces(message.pid) ? error : ((await failureOfInit()) ?? error);
            });
          }
          if (awaitsGo) sendUnlessGone(channel, { kind: "go" });
        }
        if (pid === undefined) throw new BerthError("internal", "init did not say which process it is");
        return { pid, terminal, exited: ending(namespaces, messages).finally(end) };
      } catch (error) {
        await end();
        throw error;
      }
    },
  };
}

/** Until a process begins to end. */
function hasNamespaces(pid: number): boolean {
  return typeof tryReadLink(AT_FDCWD, `/proc/${pid}/ns/net`) === "string";
}

function endedEarly(status: number, { held, ownProcesses }: LaunchRequest): BerthError {
  if (status === rootNotMounted)
    return new BerthError("unsupported", "fuse-overlayfs could not mount the container's root", {
      hint: "it has said why; --storage-driver copy does without it, but not with --userns=keep-id",
    });
  const ended = `its first process ended with status ${status}`;
  if (held === undefined || ownProcesses) return noUserNamespace(ended);
  const hint = "the other container may have just ended";
  return new BerthError("conflict", `cannot start beside the processes of another container: ${ended}`, {
    hint,
  });
}

/** The end of a program, or the error of an execve that failed at the last moment. */
async function ending(
  { child, release }: NamespaceProcess,
  messages: AsyncGenerator<InitMessage>,
): Promise<number> {
  await child.exited;
  release(); // somebody may have killed just this one of them
  const { value: last } = await messages.next();
  if (last?.kind === "failed") throw reportedError(last);
  return exitStatus(child);
}

function exitStatus({ exitCode, signalCode }: Pick<Bun.Subprocess, "exitCode" | "signalCode">): number {
  if (signalCode !== null) return 128 + parseSignal(String(signalCode));
  return exitCode ?? 255;
}

/** Descriptor numbers are part of the protocol; Bun.spawn puts the stdio there, spawnInUserNamespace its own after it. */
channelDescriptor satisfies 3;
terminalDescriptor satisfies 4;
lifelineDescriptor satisfies 5;
firstHeldDescriptor satisfies 7;
