import { BerthError } from "../base/errors.ts";
import { numberOf, type Row, Table, textOf } from "./database.ts";
import { ambiguousPrefix, prefixEnd } from "./prefix.ts";
import type { ContainerState, NetworkMembership, NetworkRecord } from "./types.ts";

function decode(row: Row): NetworkRecord {
  return { id: textOf(row, "id"), name: textOf(row, "name"), ...JSON.parse(textOf(row, "record")) };
}

function decodeMembership(row: Row): NetworkMembership {
  return {
    networkId: textOf(row, "network_id"),
    containerId: textOf(row, "container_id"),
    address: textOf(row, "address"),
    ...address6Of(row),
    aliases: JSON.parse(textOf(row, "aliases")) as string[],
    position: numberOf(row, "position"),
  };
}

function address6Of({ address6 }: Row): { readonly address6?: string } {
  return typeof address6 === "string" ? { address6 } : {};
}

/** A member of a network that another container is in, too. */
export interface Neighbour {
  readonly network: string;
  readonly address: string;
  readonly address6?: string;
  readonly aliases: readonly string[];
  readonly containerId: string;
  readonly name: string;
  /** As in its ContainerRecord. */
  readonly options: unknown;
  readonly state: ContainerState;
}

/** User-defined networks and who belongs to them. A membership outlives its network, so that a start can say what is missing. */
export class NetworkTable extends Table {
  /** Throws `conflict` when the name is taken. */
  insert({ id, name, ...record }: NetworkRecord): void {
    this.database.transaction(() => {
      if (this.database.get("SELECT 1 FROM networks WHERE name = ?", name) !== undefined)
        throw new BerthError("conflict", `network with name ${name} already exists`);
      this.database.run("INSERT INTO networks VALUES (?, ?, ?)", id, name, JSON.stringify(record));
    });
  }

  /** By id, name or unique prefix of an id. Throws `conflict` when a prefix fits several. */
  find(text: string): NetworkRecord | undefined {
    const exact =
      this.database.get("SELECT * FROM networks WHERE id = ?", text) ??
      this.database.get("SELECT * FROM networks WHERE name = ?", text);
    if (exact !== undefined) return decode(exact);
    if (!/^[0-9a-f]{1,64}$/.test(text)) return undefined;
    const query = "SELECT * FROM networks WHERE id >= ? AND id < ? LIMIT 2";
    const rows = this.database.all(query, text, prefixEnd(text));
    if (rows.length > 1) throw ambiguousPrefix(text);
    return rows[0] && decode(rows[0]);
  }

  /** Throws `not-found`: `network x not found`. */
  get(text: string): NetworkRecord {
    const network = this.find(text);
    if (network === undefined)
      throw new BerthError("not-found", `network ${text} not found`, {
        hint: "`berth network ls` lists them, `berth network create` makes one",
      });
    return network;
  }

  /** By name. */
  list(): NetworkRecord[] {
    return this.database.all("SELECT * FROM networks ORDER BY name").map(decode);
  }

  remove(id: string): void {
    this.database.run("DELETE FROM networks WHERE id = ?", id);
  }

  /** Makes a container a member. Throws `conflict` when it is one, or when the address is taken. */
  connect(membership: Omit<NetworkMembership, "position">): void {
    const { networkId, containerId, address, address6, aliases } = membership;
    this.database.transaction(() => {
      const taken = new Set(this.membershipsOf(containerId).map(({ position }) => position));
      let position = 0;
      while (taken.has(position)) position++;
      this.database.run(
        "INSERT INTO network_members VALUES (?, ?, ?, ?, ?, ?)",
        networkId,
        containerId,
        address,
        JSON.stringify(aliases),
        position,
        address6 ?? null,
      );
    });
  }

  /** False when it was no member. */
  disconnect(networkId: string, containerId: string): boolean {
    const query = "DELETE FROM network_members WHERE network_id = ? AND container_id = ?";
    return this.database.run(query, networkId, containerId) > 0;
  }

  /** In the order in which the container came to its networks. */
  membershipsOf(containerId: string): NetworkMembership[] {
    const query = "SELECT * FROM network_members WHERE container_id = ? ORDER BY position";
    return this.database.all(query, containerId).map(decodeMembership);
  }

  membersOf(networkId: string): NetworkMembership[] {
    return this.database
      .all("SELECT * FROM network_members WHERE network_id = ?", networkId)
      .map(decodeMembership);
  }

  /** Everybody, itself too, in the networks of a container. */
  neighboursOf(containerId: string): Neighbour[] {
    return this.database
      .all(
        `SELECT networks.name AS network, other.address, other.address6, other.aliases, containers.id, containers.name,
           containers.record ->> '$.options' AS options, containers.state
         FROM network_members AS own
         JOIN networks ON networks.id = own.network_id
         JOIN network_members AS other ON other.network_id = own.network_id
         JOIN containers ON containers.id = other.container_id
         WHERE own.container_id = ? ORDER BY own.position, other.address`,
        containerId,
      )
      .map((row) => ({
        network: textOf(row, "network"),
        address: textOf(row, "address"),
        ...address6Of(row),
        aliases: JSON.parse(textOf(row, "aliases")) as string[],
        containerId: textOf(row, "id"),
        name: textOf(row, "name"),
        options: JSON.parse(textOf(row, "options")) as unknown,
        state: JSON.parse(textOf(row, "state")) as ContainerState,
      }));
  }
}
