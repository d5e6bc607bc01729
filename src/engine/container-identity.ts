import { isBerthError } from "../base/errors.ts";
import { randomHex } from "../sys/random-hex.ts";
import type { Store } from "../store/store.ts";
import type { ContainerRecord } from "../store/types.ts";
import { randomName } from "./random-name.ts";

/** 64 hex digits; the first 12 are what people see. */
export function newContainerId(): string {
  return randomHex(32);
}

/** Adds the record under the name asked for, or under a random name that is still free. */
export function insertContainer(
  store: Store,
  record: Omit<ContainerRecord, "name">,
  name: string | undefined,
): ContainerRecord {
  for (let attempt = 0; ; attempt++) {
    const container = { ...record, name: name ?? randomName(attempt) };
    try {
      store.containers.insert(container);
      return container;
    } catch (error) {
      if (name !== undefined || attempt === 9 || !isBerthError(error, "conflict")) throw error;
    }
  }
}
