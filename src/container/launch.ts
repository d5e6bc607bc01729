/** The host side of a container's start; the talk with init is drawn in protocol.ts. */
import { closeSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { BerthError, systemErrorCode } from "../base/errors.ts";
import { createSocketPair, receiveDescriptor } from "../sys/libc.ts";
import { killNamespaceCommand } from "../sys/namespaces.ts";
import { channelDescriptor, type InitMessage, type StartRequest, terminalDescriptor } from "./protocol.ts";

export interface LaunchRequest {
  /** The program that ends as init in the new namespaces (namespace-command.ts). */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Descriptors that the container inherits; undefined is /dev/null. Ignored where there is a terminal. */
  readonly stdio: readonly [stdin: number | undefined, stdout: number, stderr: number];
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
    request: Omit<StartRequest, "awaitsNetwork">,
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
  const child = Bun.spawn([...request.command], {
    env: { ...request.env },
    cwd: "/",
    stdio: [stdin ?? "ignore", stdout, stderr, initChannel, initTerminalSocket],
  });
  closeSync(initChannel);
  closeSync(initTerminalSocket);
  const messages = readMessages(channel);
  let closed = false;
  const close = () => {
    if (!closed) for (const fd of [channel, terminalSocket]) closeSync(fd);
    closed = true;
  };

  return {
    async [Symbol.asyncDispose]() {
      killNamespaceCommand(child);
      await child.exited;
      close();
    },
    async start(start, attachNetwork) {
      let pid: number | undefined;
      let terminal: number | undefined;
      try {
        writeAll(channel, `${JSON.stringify({ ...start, awaitsNetwork: attachNetwork !== undefined })}\n`);
        for (;;) {
          const { value: message } = await messages.next();
          if (message === undefined) throw await namespaceError(child);
          if (message.kind === "failed") throw initError(message);
          if (message.kind === "executing") break;
          if (message.kind === "terminal") {
            terminal = receiveDescriptor(terminalSocket);
            continue;
          }
          pid = message.pid;
          if (attachNetwork) {
            await attachNetwork(message.pid);
            writeAll(channel, "go\n");
          }
        }
        if (pid === undefined) throw new BerthError("internal", "init did not say which process it is");
        return { pid, terminal, exited: ending(child, messages).finally(close) };
      } catch (error) {
        killNamespaceCommand(child);
        await child.exited;
        close();
        throw error;
      }
    },
  };
}

/** The end of a program, or the error of an execve that failed at the last moment. */
async function ending(child: Bun.Subprocess, messages: AsyncGenerator<InitMessage>): Promise<number> {
  const { value: last } = await messages.next();
  await child.exited;
  if (last?.kind === "failed") throw initError(last);
  return exitStatus(child);
}

function initError({ code, message, hint }: Extract<InitMessage, { kind: "failed" }>): BerthError {
  return new BerthError(code, message, hint === undefined ? {} : { hint });
}

function exitStatus({ exitCode, signalCode }: Pick<Bun.Subprocess, "exitCode" | "signalCode">): number {
  if (signalCode !== null) return 128 + constants.signals[signalCode as NodeJS.Signals];
  return exitCode ?? 255;
}

/** unshare has said on stderr what the kernel refused; the usual reasons are worth a hint. */
async function namespaceError(child: { readonly exited: Promise<number> }): Promise<BerthError> {
  const status = await child.exited;
  return new BerthError("unsupported", `cannot create the container's namespaces (status ${status})`, {
    hint:
      "check user.max_user_namespaces, kernel.unprivileged_userns_clone and " +
      "kernel.apparmor_restrict_unprivileged_userns with sysctl, and /etc/subuid with `berth info`",
  });
}

/** A process that has ended already says why by its status, not by our broken pipe. */
function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  } catch (error) {
    if (systemErrorCode(error) !== "EPIPE") throw error;
  }
}

async function* readMessages(fd: number): AsyncGenerator<InitMessage> {
  let text = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of Bun.file(fd).stream()) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n")) {
        yield JSON.parse(text.slice(0, end)) as InitMessage;
        text = text.slice(end + 1);
      }
    }
  } catch (error) {
    // The other side may end before it has read everything, and then the socket is reset.
    if (systemErrorCode(error) !== "ECONNRESET") throw error;
  }
}

/** Descriptor numbers are part of the protocol; Bun.spawn puts the fourth and fifth stdio there. */
channelDescriptor satisfies 3;
terminalDescriptor satisfies 4;
