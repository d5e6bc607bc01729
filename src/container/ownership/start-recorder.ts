import { closeSync } from "node:fs";
import { BerthError, isBerthError } from "../../base/errors.ts";
import { HeldNamespaces } from "../../sys/held-namespaces.ts";
import type { Helpers } from "../../sys/helpers.ts";
import type { IdentityMap } from "../../sys/identity.ts";
import { type NamespaceProcess, spawnInUserNamespace } from "../../sys/namespaces.ts";
import { identifyProcess } from "../../sys/process-identity.ts";
import { selfCommand } from "../../sys/self-command.ts";
import { channelDescriptor } from "../protocol.ts";

/** Has owners recorded that programs of a container with one id want to give their files; ends with the container. */
export class OwnerRecording implements AsyncDisposable {
  readonly #tools: { readonly helpers: Helpers; readonly identity: IdentityMap };
  #process: NamespaceProcess | undefined;

  readonly #signal: AbortSignal;

  /** The signal tells of an interruption, which ends the recorder too: a terminal's SIGINT reaches them all. */
  constructor(tools: { readonly helpers: Helpers; readonly identity: IdentityMap }, signal: AbortSignal) {
    this.#tools = tools;
    this.#signal = signal;
  }

  /** What the launch of the container is asked for. */
  get whenLaunched() {
    return { onOwners: (listener: number, pid: number) => this.#start(listener, pid) };
  }

  #start(listener: number, pid: number): void {
    try {
      const process = identifyProcess(pid);
      if (process === undefined) return;
      using held = new HeldNamespaces();
      held.hold(process, "mnt");
      const stdio = ["ignore", 2, 2, listener] as const;
      const { helpers, identity } = this.#tools;
      this.#process = spawnInUserNamespace({
        helpers,
        identity,
        argv: [...selfCommand(), "internal-owners"],
        env: { PATH: "/usr/bin:/bin" },
        stdio,
        joined: { numbers: held.numbersFrom(stdio.length + 2), descriptors: held.descriptors },
      });
    } catch (error) {
      // It has ended already, so it has not asked for anything: it would wait for the answer.
      if (!isBerthError(error, "conflict")) throw error;
    } finally {
      closeSync(listener);
    }
  }

  /** Throws `helper-failed` when the recorder did not live as long as the container: owners may be missing. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process === undefined) return;
    const status = await this.#process.child.exited;
    this.#process.release();
    if (status !== 0 && !this.#signal.aborted)
      throw new BerthError("helper-failed", `the recorder of file owners failed with status ${status}`);
  }
}

channelDescriptor satisfies 3; // where `stdio` puts the listener
