/** The role `internal-network`: the network agent of a container; the talk is drawn in protocol.ts. */
import { BerthError } from "../../base/errors.ts";
import { failureOf, readMessages, sendUnlessGone } from "../../sys/message-channel.ts";
import { bringInterfaceUp } from "../../sys/libc.ts";
import { enterNetworkNamespace } from "../../sys/network.ts";
import { serveNames } from "./name-server.ts";
import { Plug } from "./plug.ts";
import { agentDescriptor, type AgentOrder, type AgentReport, type Answer, type Begin } from "./protocol.ts";
import { type Inside, publish } from "./publish.ts";
import { passRest } from "./tcp-forwarder.ts";

function report(message: AgentReport): void {
  sendUnlessGone(agentDescriptor, message);
}

/** Entry of the role; returns when the other side has gone. */
export async function agentMain(): Promise<number> {
  try {
    const orders = readMessages<AgentOrder>(agentDescriptor);
    const { value: begin } = await orders.next();
    if (begin?.kind !== "begin") return 1;
    const agent = new Agent(begin);
    await agent.begin();
    const failed = Promise.withResolvers<never>();
    const obeyAll = async () => {
      // None waits for the one before it: a link is waited for by whoever ordered it.
      for await (const order of orders) agent.obey(order).catch(failed.reject);
    };
    await Promise.race([obeyAll(), failed.promise]);
    return 0;
  } catch (error) {
    report(failureOf(error));
    return 1;
  }
}

class Agent {
  readonly #begin: Begin;
  readonly #plugs = new Map<
    string,
    { readonly addresses: readonly string[]; readonly plug: Promise<Plug> }
  >();
  readonly #lookups = new Map<number, (answer: Answer) => void>();
  #lookupCount = 0;
  #servesNames = false;

  constructor(begin: Begin) {
    this.#begin = begin;
  }

  /** Sockets that listen on the host are made before, everything else after the change of the namespace. */
  async begin(): Promise<void> {
    const ports = await publish(this.#begin.ports, this.#inside);
    enterNetworkNamespace(this.#begin.pid);
    report({ kind: "listening", ports });
  }

  async obey(order: AgentOrder): Promise<void> {
    switch (order.kind) {
      case "link": {
        await this.#serveNames();
        const needSwitch = () => report({ kind: "switch-needed", socket: order.socket });
        const plug = Plug.insert(order, needSwitch);
        this.#plugs.set(order.interface, {
          addresses: [order.address, ...(order.ipv6 ? [order.ipv6.address] : [])],
          plug,
        });
        await plug;
        return report({ kind: "linked", interface: order.interface });
      }
      case "unlink":
        (await this.#plugs.get(order.interface)?.plug)?.pull();
        this.#plugs.delete(order.interface);
        return report({ kind: "unlinked", interface: order.interface });
      case "answer":
        this.#lookups.get(order.id)?.(order.answer);
        this.#lookups.delete(order.id);
        return;
      case "finish":
        await passRest();
        return report({ kind: "finished" });
      case "begin":
        throw new BerthError("internal", "the agent of a network has begun already");
      default:
        return order satisfies never;
    }
  }

  async #serveNames(): Promise<void> {
    if (this.#servesNames) return;
    this.#servesNames = true;
    bringInterfaceUp("lo"); // init does it too, but perhaps later
    await serveNames({
      nameservers: this.#begin.nameservers,
      lookUp: (name) => {
        const { promise, resolve } = Promise.withResolvers<Answer>();
        const id = this.#lookupCount++;
        this.#lookups.set(id, resolve);
        report({ kind: "lookup", id, name });
        return promise;
      },
    });
  }

  /** The container's addresses now. */
  get #addresses(): readonly string[] {
    return [...this.#begin.addresses, ...[...this.#plugs.values()].flatMap(({ addresses }) => addresses)];
  }

  readonly #inside: Inside = {
    tcp: (port) => async (socket, data) => {
      let failure: unknown;
      for (const hostname of this.#addresses) {
        try {
          return await Bun.connect({ hostname, port, allowHalfOpen: true, socket, data });
        } catch (error) {
          failure = error;
        }
      }
      throw failure;
    },
    udp: (port) => (answer) =>
      Bun.udpSocket({
        connect: { hostname: this.#addresses[0] ?? "127.0.0.1", port },
        socket: { data: (_, reply) => answer(reply), error() {} },
      }),
  };
}
