/**
 * The role `internal-init`: pid 1 of the new namespaces until it becomes the user's program.
 * The talk with the host side is drawn in protocol.ts.
 */
import { BerthError } from "../base/errors.ts";
import { close, readInto, readLink } from "../sys/files.ts";
import {
  AT_FDCWD,
  bringInterfaceUp,
  closeRange,
  endWithParent,
  enterNewCgroupNamespace,
  hasInput,
  sendDescriptor,
  setCapabilities,
  setGroup,
  startSession,
} from "../sys/libc.ts";
import { allCapabilities } from "../sys/capabilities.ts";
import { failureOf, receiveLine, sendMessage } from "../sys/message-channel.ts";
import { getsOrders } from "../sys/role-input.ts";
import { MountInterpreter, type MountMeans } from "./mount-interpreter.ts";
import { PreparedMounts } from "./prepared-mounts.ts";
import { sharedMemoryIn } from "./shared-memory.ts";
import {
  adjustOomScore,
  adoptTerminal,
  anonymousPipes,
  becomeProgram,
  giveAwayPipes,
  lookUpUser,
  openTerminal,
  refuseDirectories,
} from "./process-setup.ts";
import {
  channelDescriptor,
  gateDescriptor,
  type InitMessage,
  type StartRequest,
  terminalDescriptor,
  unmappedWord,
} from "./protocol.ts";

const send = (message: InitMessage) => sendMessage(channelDescriptor, message);

/** Loaded only when it is needed, and before the root changes: nothing is read from the executable after that. */
async function populator({ operations }: StartRequest): Promise<Pick<MountMeans, "populate">> {
  for (const operation of operations) {
    if (operation.kind !== "bind" || !operation.populate) continue;
    return { populate: (await import("./populate-volume.ts")).populateVolume };
  }
  return {};
}

async function run(request: StartRequest, prepared: PreparedMounts): Promise<never> {
  const sharedMemory =
    request.sharedMemoryOf === undefined ? undefined : sharedMemoryIn(request.sharedMemoryOf);
  // After this the host looks at our mount namespace. Through the host's /proc, so this is the pid that it knows.
  send({ kind: "ready", pid: Number(readLink(AT_FDCWD, "/proc/self")) });
  const interpreter = new MountInterpreter({
    ...(await populator(request)),
    sharedMemory,
    prepared: (wanted) => prepared.take(wanted),
  });
  for (const operation of request.operations) interpreter.perform(operation);
  if (request.account) (await import("./account.ts")).addAccount(interpreter, request.account);
  const { user, additionalGroups } = request.process;
  const identity = lookUpUser(interpreter.root, user, additionalGroups);

  if (interpreter.owned.length > 0) {
    const { takeOwnership } = await import("./take-ownership.ts");
    for (const path of interpreter.owned) takeOwnership(interpreter.root, path, identity);
  }

  const terminal = request.process.terminal
    ? openTerminal(interpreter.root, identity.uid, request.windowSize ?? { rows: 24, columns: 80 })
    : undefined;
  if (terminal) {
    interpreter.perform({ kind: "console", terminal: terminal.path });
    sendDescriptor(terminalDescriptor, terminal.master);
    close(terminal.master);
    send({ kind: "terminal" });
  } else {
    refuseDirectories();
    giveAwayPipes(anonymousPipes(), identity);
  }

  interpreter.enter();
  interpreter.enterDirectory(request.process.cwd);
  if (request.namespaces.network === "private") bringInterfaceUp("lo");
  if (request.awaitsGo && receiveLine(channelDescriptor) === undefined)
    throw new BerthError("interrupted", "berth is gone");
  if (terminal) adoptTerminal(terminal.slave);
  else startSession();
  becomeProgram(request.process, identity, {
    seccomp: request.seccomp === undefined ? undefined : Uint8Array.fromBase64(request.seccomp),
    singleIdentity: request.singleIdentity,
    ...(request.recordsOwners
      ? {
          onListener(listener: number) {
            sendDescriptor(terminalDescriptor, listener);
            send({ kind: "owners" });
          },
        }
      : {}),
    endsWithParent: request.namespaces.pid !== "private",
    onExecuting: () => send({ kind: "executing" }),
  });
}

/**
 * Waits until the ids of the user namespace are mapped, which makes this process root there, and gives up what it held its
 * capabilities by until then: a program would inherit them (CVE-2022-24769). False when nobody maps them.
 */
function becomeRoot(): boolean {
  if (readInto(gateDescriptor, new Uint8Array(1)) === 0) return false;
  setCapabilities(allCapabilities);
  return true;
}

/** Does what nearly every order asks for, where there is time for it; what is the host's refuses this process. */
function prepare(mounts: PreparedMounts): void {
  const hasTime = () => !hasInput(channelDescriptor);
  mounts.prepare(hasTime);
  try {
    bringInterfaceUp("lo");
  } catch {}
}

/**
 * Entry of the role, with the word that it got; resolves only when the container could not be started, to undefined where
 * nobody gives orders.
 */
export async function initMain(word?: string): Promise<number | undefined> {
  if (!getsOrders()) return undefined;
  if (word === unmappedWord && !becomeRoot()) return 1;
  closeRange(terminalDescriptor + 1, 0xffffffff, true);
  process.umask(0o022); // the program's; what is made in its root is for its users, whatever the caller's says
  try {
    setGroup(0); // what came through a held user namespace still has the caller's
    const prepared = new PreparedMounts();
    if (word === unmappedWord) prepare(prepared);
    const line = receiveLine(channelDescriptor);
    if (line === undefined) return 1;
    const request = JSON.parse(line) as StartRequest;
    if (request.namespaces.cgroup === "private") enterNewCgroupNamespace();
    if (request.namespaces.pid !== "private") endWithParent();
    const { oomScoreAdjustment } = request.process;
    if (oomScoreAdjustment !== undefined) adjustOomScore(oomScoreAdjustment);
    return await run(request, prepared);
  } catch (error) {
    send(failureOf(error));
    return 1;
  }
}
