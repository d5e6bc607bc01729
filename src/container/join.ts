/** The host side of `exec`; the talk with the joiner is drawn in join-protocol.ts. */
import { O } from "../sys/kernel-numbers.ts";
import { BerthError } from "../base/errors.ts";
import { close, open, statusAt } from "../sys/files.ts";
import type { Helpers } from "../sys/helpers.ts";
import { createSocketPair, duplicateAbove, openProcess, receiveDescriptor } from "../sys/libc.ts";
import { ownMountsCommand } from "../sys/namespaces.ts";
import { adoptOrphans, endOf } from "../sys/orphans.ts";
import { isAlive, type ProcessIdentity } from "../sys/process-identity.ts";
import {
  channelDescriptor,
  firstStreamDescriptor,
  forbiddenClone,
  type JoinMessage,
  type JoinRequest,
  processDescriptor,
  terminalDescriptor,
} from "./join-protocol.ts";
import { readMessages, reportedError, sendUnlessGone } from "../sys/message-channel.ts";

export interface JoinOptions {
  readonly helpers: Helpers;
  /** argv prefix of this executable. */
  readonly self: readonly string[];
  /** The container's first process. */
  readonly container: ProcessIdentity;
  readonly request: Omit<JoinRequest, "joins">;
  /** Descriptors that the program gets; not asked for where it has a terminal. */
  readonly stdio: readonly [stdin: number, stdout: number, stderr: number] | undefined;
  /** Let it run on by itself: nobody is told how it ends. */
  readonly detach: boolean;
  /** A cgroup that it shall be in; where we may not enter it, words before a command that may, and their environment. */
  readonly cgroup:
    | {
        readonly path: string;
        readonly scope: readonly string[];
        readonly env: Readonly<Record<string, string | undefined>>;
      }
    | undefined;
}

export interface JoinedProgram {
  /** As the host sees it. */
  readonly pid: number;
  /** Our end of its terminal, if it has one. */
  readonly terminal: number | undefined;
  /** Exit status as a shell tells it: 128 + n when a signal ended the program. Never, when it is detached. */
  readonly exited: Promise<number>;
}

/** The container's first process has ended, and all others with it. */
export class ContainerEnded extends Error {
  override readonly name = "ContainerEnded";
}

/** Starts a program in a running container. Throws `ContainerEnded`, and what keeps the program from starting. */
export async function join(options: JoinOptions): Promise<JoinedProgram> {
  const { container, detach, request } = options;
  using ours = new DisposableStack();
  using theirs = new DisposableStack();
  const processFd = theirs.adopt(openContainer(container), close);
  const socketPair = () => {
    const [our, their] = createSocketPair();
    return [ours.adopt(our, close), theirs.adopt(their, close)] as const;
  };
  const [channel, theirChannel] = socketPair();
  const [terminalSocket, theirTerminalSocket] = socketPair();
  const joins = { pid: isForeign(container, "pid"), cgroup: isForeign(container, "cgroup") };
  const entrance =
    options.cgroup && theirs.adopt(open(`${options.cgroup.path}/cgroup.procs`, O.WRONLY), close);
  const descriptors = [
    theirChannel,
    theirTerminalSocket,
    processFd,
    ...(options.stdio ?? []),
    ...(entrance === undefined ? [] : [entrance]),
  ];
  // Above their places in the child, because the child makes its descriptors one after the other.
  const handedDown = descriptors.map((fd) =>
    theirs.adopt(duplicateAbove(fd, channelDescriptor + descriptors.length), close),
  );

  using _ = detach ? undefined : adoptOrphans();
  const joiner = Bun.spawn([...joinerCommand(options)], {
    env: { ...options.cgroup?.env, ...withoutThreads },
    cwd: "/",
    stdio: ["ignore", "ignore", "pipe", ...handedDown],
  });
  theirs.dispose();
  const cgroup = entrance === undefined ? {} : { cgroup: channelDescriptor + descriptors.indexOf(entrance) };
  sendUnlessGone(channel, { ...request, joins, ...cgroup } satisfies JoinRequest);
  const { value: message } = await readMessages<JoinMessage>(channel).next();
  const said = await joiner.stderr.text();
  await joiner.exited; // what it leaves is ours now
  if (message?.kind === "started") {
    const { pid } = message;
    const terminal = request.process.terminal ? receiveDescriptor(terminalSocket) : undefined;
    return { pid, terminal, exited: detach ? new Promise(() => undefined) : endOf(pid) };
  }
  if (!isAlive(container)) throw new ContainerEnded();
  if (message) throw reportedError(message);
  const problem = `cannot join the container's namespaces: ${said.trim() || joiner.signalCode}`;
  throw joiner.signalCode === "SIGSYS" ? forbiddenClone(problem) : new BerthError("unsupported", problem);
}

/**
 * The joiner's thread cannot start others once it has entered the pid namespace (setns(2)), so the engine must neither
 * compile, nor collect garbage, nor touch fresh memory in advance with the help of threads that it makes when it wants
 * them.
 */
const withoutThreads = {
  BUN_JSC_useConcurrentJIT: "0",
  BUN_JSC_useConcurrentGC: "0",
  BUN_JSC_numberOfGCMarkers: "1",
  BUN_JSC_useWarmUpMarkedBlocks: "0",
};

/** A descriptor that is certain to be of this process and no later one. */
function openContainer(container: ProcessIdentity): number {
  let fd: number;
  try {
    fd = openProcess(container.pid);
  } catch (cause) {
    throw new ContainerEnded(undefined, { cause });
  }
  if (isAlive(container)) return fd;
  close(fd);
  throw new ContainerEnded();
}

/**
 * nsenter by pid: should that be another process meanwhile, the joiner fails at the descriptor of the real one. It
 * gets a copy of the host's mounts for itself, which it makes harmless.
 */
function joinerCommand({ helpers, self, container, cgroup }: JoinOptions): readonly string[] {
  const kinds = (["ipc", "uts", "net"] as const).filter((kind) => isForeign(container, kind));
  const flags = ["user", ...kinds].map((kind) => `--${kind}`);
  return [
    ...(cgroup?.scope ?? []),
    ...[...helpers.command("nsenter"), "--target", String(container.pid), ...flags],
    // Whatever ids the caller has in the user namespace, it becomes uid 0 there.
    ...["--preserve-credentials", "--setuid", "0", "--"],
    ...ownMountsCommand(helpers, [...self, "internal-join"]),
  ];
}

/** Whether a namespace of the container is another than ours; nobody may enter one that is the host's. */
function isForeign({ pid }: ProcessIdentity, kind: string): boolean {
  try {
    return statusAt(`/proc/${pid}/ns/${kind}`).inode !== statusAt(`/proc/self/ns/${kind}`).inode;
  } catch (cause) {
    throw new ContainerEnded(undefined, { cause });
  }
}

channelDescriptor satisfies 3;
terminalDescriptor satisfies 4;
processDescriptor satisfies 5;
firstStreamDescriptor satisfies 6;
