import { expect, test } from "bun:test";
import type { NetworkRecord } from "../../../src/store/types.ts";
import { containerRecord, imageRecord } from "../../support/records.ts";
import { temporaryStore } from "../../support/temporary-store.ts";

const network = (name: string, id: string): NetworkRecord => ({
  id: id.padEnd(64, "0"),
  name,
  subnet: "172.18.0.0/16",
  gateway: "172.18.0.1",
  internal: false,
  labels: { a: "b" },
  createdAt: "2026-01-02T03:04:05.000Z",
});

test("a network is found by id, name and unique prefix; its name is taken once", () => {
  using temporary = temporaryStore();
  const { networks } = temporary.store;
  const [first, second] = [network("one", "ab1"), network("two", "ab2")];
  networks.insert(first);
  networks.insert(second);
  expect([first.id, "one", "ab1"].map((text) => networks.get(text))).toEqual([first, first, first]);
  expect(() => networks.get("ab")).toThrow("multiple IDs found with provided prefix: ab");
  expect(() => networks.get("three")).toThrow("network three not found");
  expect(() => networks.insert(network("one", "c"))).toThrow("network with name one already exists");
});

test("members have places that are free again, see each other, and go with their container, not with their network", () => {
  using temporary = temporaryStore();
  const { images, containers, networks } = temporary.store;
  const image = imageRecord("image");
  images.put(image, []);
  const [web, db] = [containerRecord("web", image, "1"), containerRecord("db", image, "2")];
  for (const container of [web, db]) containers.insert(container);
  const [front, back] = [network("front", "f"), network("back", "b")];
  for (const each of [front, back]) networks.insert(each);
  const join = (networkId: string, containerId: string, address: string) =>
    networks.connect({ networkId, containerId, address, aliases: ["alias"] });
  join(front.id, web.id, "172.18.0.2");
  join(back.id, web.id, "172.18.0.2");
  join(back.id, db.id, "172.18.0.3");
  expect(() => join(front.id, db.id, "172.18.0.2")).toThrow();
  expect(networks.membershipsOf(web.id).map(({ position }) => position)).toEqual([0, 1]);
  expect(networks.neighboursOf(db.id).map(({ network: name, address }) => [name, address])).toEqual([
    ["back", "172.18.0.2"],
    ["back", "172.18.0.3"],
  ]);
  expect(networks.disconnect(front.id, web.id)).toBe(true);
  expect(networks.disconnect(front.id, web.id)).toBe(false);
  join(front.id, web.id, "172.18.0.9");
  expect(networks.membershipsOf(web.id)[0]).toEqual({
    networkId: front.id,
    containerId: web.id,
    address: "172.18.0.9",
    aliases: ["alias"],
    position: 0,
  });
  networks.remove(front.id);
  expect(networks.membershipsOf(web.id)).toHaveLength(2);
  containers.remove(db.id);
  expect(networks.membersOf(back.id).map(({ containerId }) => containerId)).toEqual([web.id]);
});
