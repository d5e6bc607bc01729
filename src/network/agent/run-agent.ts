/** The monitor's side of a container's network agent; the talk is drawn in protocol.ts. */
import { closeSync } from "node:fs";
import { BerthError } from "../../base/errors.ts";
import { readMessages, reportedError, sendUnlessGone } from "../../sys/message-channel.ts";
import type { PortMapping, PublishedPort } from "../../oci/ports.ts";
import type { Helpers } from "../../sys/helpers.ts";
import { createSocketPair } from "../../sys/libc.ts";
import { firstPause, longerPause } from "../pause.ts";
import type { AgentOrder, AgentReport, Answer, Begin, Link } from "./protocol.ts";

export interface AgentRequest extends Omit<Begin, "kind"> {
  readonly helpers: Helpers;
  /** argv prefix of this executable. */
  readonly self: readonly string[];
  /** Ids other than 0 do not exist inside. */
  readonly singleIdentity: boolean;
  /** What a name, or an address, is in the networks of the container. */
  lookUp(name: string): Answer;
}

/** Milliseconds that an agent may take to finish. */
const longestFinish = 6_000;

/**
 * The network agent of a running container. An agent that somebody kills is followed by another one with the same ports
 * and links. It ends with disposal, and with this process.
 */
export class NetworkAgent implements AsyncDisposable {
  readonly ports: readonly PublishedPort[];
  readonly #request: AgentRequest;
  readonly #links = new Map<string, Link>();
  #agent: AgentProcess;
  #disposed = false;

  private constructor(request: AgentRequest, agent: AgentProcess, ports: readonly PublishedPort[]) {
    this.#request = { ...request, ports: fixedPorts(ports) };
    this.#agent = agent;
    this.ports = ports;
    this.#restartAtEnd();
  }

  /** Resolves when the ports are open; rejects with the reason why they cannot be. */
  static async start(request: AgentRequest): Promise<NetworkAgent> {
    const agent = new AgentProcess(request);
    try {
      return new NetworkAgent(request, agent, await agent.begin());
    } catch (error) {
      await agent.end();
      throw error;
    }
  }

  async link(link: Link): Promise<void> {
    await this.#agent.link(link);
    this.#links.set(link.interface, link);
  }

  async unlink(name: string): Promise<void> {
    if (this.#links.delete(name)) await this.#agent.unlink(name);
  }

  async #restartAtEnd(): Promise<void> {
    for (let pause = firstPause; ; pause = longerPause(pause)) {
      await this.#agent.exited;
      if (this.#disposed) return;
      await Bun.sleep(pause);
      if (this.#disposed) return;
      this.#agent = new AgentProcess(this.#request);
      try {
        await this.#agent.begin();
        await Promise.all([...this.#links.values()].map((link) => this.#agent.link(link)));
        pause = firstPause;
      } catch {
        await this.#agent.end(); // a port may be taken for the moment; the next one tries again
      }
    }
  }

  /** What the container has sent to its published ports still arrives, if it is taken soon. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await (this.ports.length > 0 ? this.#agent.finish() : this.#agent.end());
  }
}

/** The same ports once more, whoever chose them. */
function fixedPorts(ports: readonly PublishedPort[]): readonly PortMapping[] {
  const fixed = new Map<string, PortMapping>();
  for (const { protocol, address, hostPort, containerPort } of ports) {
    const isEvery = address === "0.0.0.0" || address === "::";
    const key = `${protocol} ${isEvery ? "" : address} ${hostPort} ${containerPort}`;
    const hostPorts = { first: hostPort, last: hostPort };
    // Both families are one mapping again.
    fixed.set(key, { protocol, address: fixed.has(key) ? "" : address, containerPort, hostPorts });
  }
  return [...fixed.values()];
}

const ended = "the network agent of the container has ended";

class AgentProcess {
  readonly exited: Promise<unknown>;
  readonly #request: AgentRequest;
  readonly #child: Bun.Subprocess;
  readonly #channel: number;
  readonly #waiting = new Map<string, PromiseWithResolvers<AgentReport>>();
  #ended = false;

  constructor(request: AgentRequest) {
    const { helpers, self, pid, singleIdentity } = request;
    const [channel, theirs] = createSocketPair();
    this.#child = Bun.spawn(
      [
        ...helpers.command("nsenter"),
        "--user",
        // With one id there is nobody else to become, and setgroups(2) is forbidden.
        ...(singleIdentity ? ["--preserve-credentials"] : []),
        `--target=${pid}`,
        ...self,
        "internal-network",
      ],
      { env: {}, cwd: "/", stdio: ["ignore", "ignore", "ignore", theirs] },
    );
    closeSync(theirs);
    this.#request = request;
    this.#channel = channel;
    this.exited = Promise.all([this.#child.exited, this.#listen()]);
  }

  async begin(): Promise<readonly PublishedPort[]> {
    const { pid, ports, addresses, nameservers } = this.#request;
    const report = await this.#ask({ kind: "begin", pid, ports, addresses, nameservers }, "listening");
    return report.kind === "listening" ? report.ports : [];
  }

  async link(link: Link): Promise<void> {
    await this.#ask({ kind: "link", ...link }, `linked ${link.interface}`);
  }

  async unlink(name: string): Promise<void> {
    await this.#ask({ kind: "unlink", interface: name }, `unlinked ${name}`);
  }

  async end(): Promise<void> {
    this.#child.kill("SIGKILL"); // it has nothing to put in order
    await this.exited;
  }

  /** Ends it when what the container has sent is on its way; one that is stopped would never say so. */
  async finish(): Promise<void> {
    const finished = this.#ask({ kind: "finish" }, "finished").catch(() => undefined);
    await Promise.race([finished, Bun.sleep(longestFinish)]);
    await this.end();
  }

  #ask(order: AgentOrder, answer: string): Promise<AgentReport> {
    if (this.#ended) return Promise.reject(new BerthError("network", ended));
    const waiting = Promise.withResolvers<AgentReport>();
    this.#waiting.set(answer, waiting);
    this.#tell(order);
    return waiting.promise;
  }

  #tell(order: AgentOrder): void {
    if (!this.#ended) sendUnlessGone(this.#channel, order);
  }

  /** Until the agent is gone. */
  async #listen(): Promise<void> {
    let failure: BerthError | undefined;
    for await (const report of readMessages<AgentReport>(this.#channel)) {
      switch (report.kind) {
        case "listening":
        case "finished":
          this.#waiting.get(report.kind)?.resolve(report);
          break;
        case "linked":
        case "unlinked":
          this.#waiting.get(`${report.kind} ${report.interface}`)?.resolve(report);
          break;
        case "lookup":
          this.#tell({ kind: "answer", id: report.id, answer: this.#request.lookUp(report.name) });
          break;
        case "switch-needed":
          startSwitch(this.#request.self, report.socket);
          break;
        case "failed":
          failure = reportedError(report);
      }
    }
    failure ??= new BerthError("network", ended);
    for (const { promise, reject } of this.#waiting.values()) {
      promise.catch(() => undefined); // perhaps nobody waits any more
      reject(failure);
    }
    this.#ended = true;
    closeSync(this.#channel);
  }
}

/** Starts a switch for a network, which outlives us when others need it. One too many ends by itself. */
function startSwitch(self: readonly string[], socket: string): void {
  const child = Bun.spawn([...self, "internal-switch"], {
    env: {},
    cwd: "/",
    stdio: [Buffer.from(socket), "ignore", "ignore"],
  });
  child.unref();
}
