import { messageOf } from "../../base/errors.ts";
import type { Link } from "../../network/agent/protocol.ts";
import type { NetworkAgent } from "../../network/agent/run-agent.ts";
import type { Running } from "../../network/keep-running.ts";
import { firstPause, longerPause } from "../../network/pause.ts";
import { type SlirpOptions, slirpAddresses } from "../../network/slirp4netns.ts";
import { macOf, parseSubnet } from "../../network/subnet.ts";
import type { PublishedPort } from "../../oci/ports.ts";
import type { NetworkMembership, NetworkRecord } from "../../store/types.ts";
import { selfCommand } from "../../sys/self-command.ts";
import { ensurePrivateDirectory } from "../../sys/unpack-helpers.ts";
import type { StartableContainer } from "../container-record.ts";
import type { EngineContext } from "../context.ts";
import { reachableServers } from "../network-files.ts";
import { portMappings } from "./container-ports.ts";
import { lookUpNeighbour, type NetworkPlace, networksOf } from "./members.ts";
import { nameFacts } from "./name-facts.ts";
import { ownWayOut } from "./network-names.ts";
import { connectOutside } from "./outside.ts";
import { renewNames } from "./renew-names.ts";

/** What `network connect` and `network disconnect` send to a monitor, so that it looks again. Whoever knows nothing of it ignores it. */
export const lookAgain = "SIGURG";

/** The interface of a container in its n-th network. */
export const interfaceName = ({ position }: NetworkMembership) => `eth${position}`;

/**
 * How a running container is connected: with the outside by slirp4netns or pasta, with whoever comes to its published ports and
 * with the members of its networks by an agent. The store says which networks those are, now and whenever it is asked
 * again. Dispose of it also when the start fails.
 */
export class ContainerNetwork implements AsyncDisposable {
  readonly #context: EngineContext;
  readonly #container: StartableContainer;
  readonly #pid: number;
  readonly #slirp: SlirpOptions;
  #outside: Promise<Running> | undefined;
  #agent: Promise<NetworkAgent> | undefined;
  /** By network. */
  readonly #linked = new Map<string, NetworkPlace>();
  /** What the container's files say. */
  #named: readonly NetworkMembership[] = [];
  #refreshed: Promise<void> = Promise.resolve();
  #pause = firstPause;
  #retry: Timer | undefined;
  #disposed = false;

  constructor(context: EngineContext, container: StartableContainer, pid: number) {
    this.#context = context;
    this.#container = container;
    this.#pid = pid;
    this.#slirp = ownWayOut(container.options.run.network) ?? {};
  }

  /** Resolves when packets flow and the ports are open. Rejects with the reason why a port cannot be. */
  async start(): Promise<void> {
    const places = this.#places();
    const goesOut = this.#goesOut(places);
    const opensPorts = goesOut && portMappings(this.#container.options).length > 0;
    const bySlirp = this.#slirp.portHandler === "slirp4netns";
    if (goesOut) this.#outside = this.#openOutside(opensPorts && bySlirp);
    if (places.length > 0 || (opensPorts && !bySlirp)) this.#agent = this.#startAgent(opensPorts && !bySlirp);
    await Promise.all([this.#outside, this.#agent]);
    await this.#link(places);
    this.#named = places.map(({ membership }) => membership);
    process.on(lookAgain, this.#lookAgain);
  }

  readonly #lookAgain = () => {
    this.#refreshed = this.#refreshed.then(() => this.#refresh());
  };

  #places(): readonly NetworkPlace[] {
    return networksOf(this.#context.readingStore, this.#container.id);
  }

  #goesOut(places: readonly NetworkPlace[]): boolean {
    const { network } = this.#container.options.run;
    return ownWayOut(network) !== undefined || places.some((place) => !place.network.internal);
  }

  #openOutside(opensPorts: boolean): Promise<Running> {
    return connectOutside(this.#context, {
      pid: this.#pid,
      byPasta: this.#container.options.run.network.kind === "pasta",
      options: this.#slirp,
      directory: this.#container.directory,
      mappings: opensPorts ? portMappings(this.#container.options) : [],
      onPorts: (ports) => this.#recordPorts(ports),
    });
  }

  async #startAgent(opensPorts: boolean): Promise<NetworkAgent> {
    const { NetworkAgent } = await import("../../network/agent/run-agent.ts");
    const { id, options } = this.#container;
    const agent = await NetworkAgent.start({
      helpers: this.#context.helpers,
      self: selfCommand(),
      singleIdentity: this.#context.identity.mode === "single",
      pid: this.#pid,
      ports: opensPorts ? portMappings(options) : [],
      addresses: this.#outside === undefined ? [] : [slirpAddresses(this.#slirp).container],
      nameservers: reachableServers(nameFacts(options, [])),
      lookUp: (name) => lookUpNeighbour(this.#context.readingStore, id, name),
    });
    if (agent.ports.length > 0) this.#recordPorts(agent.ports);
    return agent;
  }

  /** A store that cannot be written has no record of the container. */
  #recordPorts(ports: readonly PublishedPort[]): void {
    const { store } = this.#context;
    if (store.isWritable()) store.containers.update(this.#container.id, (state) => ({ ...state, ports }));
  }

  /** Makes links what the store says they are. */
  async #link(places: readonly NetworkPlace[]): Promise<void> {
    const gone = [...this.#linked].filter(([id]) => places.every(({ network }) => network.id !== id));
    const added = places.filter(({ network }) => !this.#linked.has(network.id));
    if (gone.length + added.length === 0) return;
    this.#agent ??= this.#startAgent(false);
    let agent: NetworkAgent;
    try {
      agent = await this.#agent;
    } catch (error) {
      this.#agent = undefined; // the next one may do better
      throw error;
    }
    const unlinked = gone.map(async ([id, { membership }]) => {
      await agent.unlink(interfaceName(membership));
      this.#linked.delete(id);
    });
    await Promise.all(unlinked);
    const linked = added.map(async (place) => {
      await agent.link(this.#linkOf(place));
      this.#linked.set(place.network.id, place);
    });
    await Promise.all(linked);
  }

  #linkOf({ network, membership }: NetworkPlace): Link {
    return {
      interface: interfaceName(membership),
      socket: this.#socketOf(network),
      address: membership.address,
      prefixLength: parseSubnet(network.subnet).prefixLength,
      ...(network.ipv6 && membership.address6
        ? {
            ipv6: {
              address: membership.address6,
              prefixLength: parseSubnet(network.ipv6.subnet).prefixLength,
            },
          }
        : {}),
      mac: macOf(membership.address),
    };
  }

  #socketOf({ id }: NetworkRecord): string {
    const { runtime } = this.#context.directories;
    const directory = `${runtime}/networks`;
    for (const path of [runtime, directory]) ensurePrivateDirectory(path);
    return `${directory}/${id.slice(0, 32)}`;
  }

  /**
   * Somebody has connected the container, or disconnected it; whoever did looks at the container's interfaces. What fails
   * is tried again until it works, or is no longer wanted.
   */
  async #refresh(): Promise<void> {
    clearTimeout(this.#retry);
    if (this.#disposed) return;
    try {
      const places = this.#places();
      await this.#refreshOutside(this.#goesOut(places));
      const memberships = places.map(({ membership }) => membership);
      renewNames(this.#container, this.#named, memberships);
      this.#named = memberships;
      await this.#link(places);
      this.#pause = firstPause;
    } catch (error) {
      if (this.#pause === firstPause)
        this.#context.warn(
          `the networks of container ${this.#container.id} could not be changed: ${messageOf(error)}`,
        );
      this.#retry = setTimeout(this.#lookAgain, this.#pause);
      this.#pause = longerPause(this.#pause);
    }
  }

  async #refreshOutside(wanted: boolean): Promise<void> {
    const outside = this.#outside;
    if (wanted) {
      this.#outside ??= this.#openOutside(false);
      try {
        await this.#outside;
      } catch (error) {
        this.#outside = undefined; // the next one may do better
        throw error;
      }
    } else {
      this.#outside = undefined;
      await dispose(outside);
      await (await outside)?.exited; // its device is in the way of the next one
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    clearTimeout(this.#retry);
    process.off(lookAgain, this.#lookAgain);
    await dispose(this.#agent); // first: what it still passes on goes to addresses that the outside holds
    await dispose(this.#outside);
  }
}

/** What could not be acquired has nothing to give back. */
async function dispose(acquired: Promise<AsyncDisposable> | undefined): Promise<void> {
  const settled = await acquired?.catch(() => undefined);
  await settled?.[Symbol.asyncDispose]();
}
