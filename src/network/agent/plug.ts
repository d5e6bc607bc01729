import { closeSync, writeSync } from "node:fs";
import { systemErrorCode } from "../../base/errors.ts";
import { sendDescriptor } from "../../sys/libc.ts";
import { configureInterface, connectTo, endConnection, openTap } from "../../sys/network.ts";
import { addressBytes, maskBytes } from "../subnet.ts";
import type { Link } from "./protocol.ts";

/** As large as frames may be: nothing between the members of a network is smaller. */
const linkMtu = 65520;
/** Milliseconds between two tries. */
const pause = 5;
/** Tries after which a switch is asked for once more. */
const patience = 100;

/** An interface of a container that is connected to a network's switch, and is connected again when that ends. */
export class Plug {
  readonly #device: number;
  readonly #mac: Uint8Array;
  readonly #socket: string;
  readonly #needSwitch: () => void;
  #connection: number | undefined;
  #pulled = false;

  private constructor(link: Link, device: number, needSwitch: () => void) {
    this.#device = device;
    this.#mac = Uint8Array.from(link.mac.split(":"), (byte) => Number.parseInt(byte, 16));
    this.#socket = link.socket;
    this.#needSwitch = needSwitch;
  }

  /** Makes the interface, and resolves when frames flow. `needSwitch` is called when nobody carries them. */
  static async insert(link: Link, needSwitch: () => void): Promise<Plug> {
    const plug = new Plug(link, await freeTap(link.interface), needSwitch);
    configureInterface(link.interface, {
      mac: [...plug.#mac],
      mtu: linkMtu,
      address: addressBytes(link.address),
      mask: maskBytes(link.prefixLength),
      ...(link.ipv6
        ? { ipv6: { address: addressBytes(link.ipv6.address), prefixLength: link.ipv6.prefixLength } }
        : {}),
    });
    await plug.#connect();
    return plug;
  }

  /** Takes the interface away. */
  pull(): void {
    this.#pulled = true;
    if (this.#connection !== undefined) endConnection(this.#connection);
    closeSync(this.#device);
  }

  async #connect(): Promise<void> {
    for (let attempt = 0; !this.#pulled; attempt++) {
      const connection = connectTo(this.#socket);
      if (connection !== undefined) {
        try {
          sendDescriptor(connection, this.#device);
          writeSync(connection, this.#mac);
          this.#connection = connection;
          this.#reconnectAtEnd(connection);
          return;
        } catch {
          closeSync(connection); // it has just ended
        }
      }
      if (attempt % patience === 0) this.#needSwitch();
      await Bun.sleep(pause);
    }
  }

  async #reconnectAtEnd(connection: number): Promise<void> {
    try {
      for await (const _ of Bun.file(connection).stream());
    } catch {
      // reset: the end as well
    }
    this.#connection = undefined;
    closeSync(connection);
    if (!this.#pulled) await this.#connect();
  }
}

/** A device of this name may still be on its way out, when the agent before this one was killed. */
async function freeTap(name: string): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    try {
      return openTap(name);
    } catch (error) {
      if (systemErrorCode(error) !== "EBUSY" || attempt === patience) throw error;
      await Bun.sleep(pause);
    }
  }
}
