import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Store } from "../../../src/store/store.ts";
import { imageRecord } from "../../support/records.ts";
import { temporaryStore } from "../../support/temporary-store.ts";

const source = join(import.meta.dir, "../../../src/store/store.ts");

test("reading a store that does not exist finds nothing and creates nothing", () => {
  using temporary = temporaryStore();
  const store = temporary.reopen("read-only");
  expect(store.images.list()).toEqual([]);
  expect(store.containers.list()).toEqual([]);
  expect(store.volumes.list()).toEqual([]);
  expect(existsSync(temporary.directory)).toBe(false);
  expect(() => store.names.delete("x")).toThrow("opened for reading only");
});

test("the first write creates the store for its user alone", () => {
  using temporary = temporaryStore();
  const before = process.umask(0o000);
  try {
    temporary.store.images.put(imageRecord("a"), []);
  } finally {
    process.umask(before);
  }
  const mode = (name: string) => statSync(join(temporary.directory, name)).mode & 0o777;
  expect(mode(".")).toBe(0o700);
  for (const name of readdirSync(temporary.directory)) expect([0o700, 0o600]).toContain(mode(name));
});

test("what one connection writes another one reads, in both modes", () => {
  using temporary = temporaryStore();
  temporary.store.images.put(imageRecord("a"), []);
  expect(temporary.reopen("read-only").images.list()).toHaveLength(1);
  expect(temporary.reopen("read-write").images.list()).toHaveLength(1);
});

test("a store of a newer berth is refused with what to do", () => {
  using temporary = temporaryStore();
  mkdirSync(temporary.directory);
  const database = new Database(join(temporary.directory, "berth.db"));
  database.exec("PRAGMA user_version = 999");
  database.close();
  for (const mode of ["read-only", "read-write"] as const) {
    expect(() => temporary.reopen(mode).images.list()).toThrow("written by a newer berth (schema 999");
  }
});

test("a damaged database is named", () => {
  using temporary = temporaryStore();
  mkdirSync(temporary.directory);
  writeFileSync(
    join(temporary.directory, "berth.db"),
    "this is not a database, whatever its name says".repeat(50),
  );
  expect(() => temporary.store.images.list()).toThrow("berth.db is damaged");
});

test("processes that make the same store at once all succeed", async () => {
  using temporary = temporaryStore();
  const script = `
    import { Store } from ${JSON.stringify(source)};
    const store = Store.open(process.argv[1], { mode: "read-write" });
    store.volumes.createOrGet({ name: process.argv[2], labels: {}, anonymous: false });`;
  const processes = Array.from({ length: 8 }, (_, index) =>
    Bun.spawn([process.execPath, "-e", script, temporary.directory, `v${index}`], { stderr: "pipe" }),
  );
  const errors = await Promise.all(processes.map((process) => new Response(process.stderr).text()));
  expect(errors.join("")).toBe("");
  expect(temporary.store.volumes.list()).toHaveLength(8);
});

test("a process killed in the middle of its transactions leaves a database that opens", async () => {
  using temporary = temporaryStore();
  const script = `
    import { Store } from ${JSON.stringify(source)};
    const store = Store.open(process.argv[1], { mode: "read-write" });
    for (let n = 0; ; n++) {
      store.transaction(() => {
        store.volumes.createOrGet({ name: "a" + n, labels: {}, anonymous: false });
        store.volumes.createOrGet({ name: "b" + n, labels: {}, anonymous: false });
      });
      if (n === Number(process.argv[2])) console.log("there");
    }`;
  for (const turns of [0, 3, 40]) {
    const child = Bun.spawn([process.execPath, "-e", script, temporary.directory, String(turns)]);
    await child.stdout.getReader().read();
    child.kill("SIGKILL");
    await child.exited;
    const names = temporary
      .reopen()
      .volumes.list()
      .map((volume) => volume.name);
    expect(names.filter((name) => name.startsWith("a")).length).toBe(names.length / 2);
    expect(names.length).toBeGreaterThan(2 * turns);
  }
});

test.skipIf(process.getuid?.() === 0)(
  "a log that a killed process left is read although nothing may be written beside it",
  async () => {
    using temporary = temporaryStore();
    const script = `
      import { Store } from ${JSON.stringify(source)};
      const store = Store.open(process.argv[1], { mode: "read-write" });
      store.volumes.createOrGet({ name: "v", labels: {}, anonymous: false });
      process.kill(process.pid, "SIGKILL");`;
    const child = Bun.spawn([process.execPath, "-e", script, temporary.directory]);
    await child.exited;
    rmSync(join(temporary.directory, "berth.db-shm"));
    expect(statSync(join(temporary.directory, "berth.db-wal")).size).toBeGreaterThan(0);
    chmodSync(temporary.directory, 0o500);
    try {
      expect(temporary.reopen().volumes.list()).toHaveLength(1);
      expect(temporary.reopen("read-only").volumes.list()).toHaveLength(1);
    } finally {
      chmodSync(temporary.directory, 0o700);
    }
  },
);

test.skipIf(process.getuid?.() === 0)(
  "a directory that may not be written is read, and a change says why not",
  () => {
    using temporary = temporaryStore();
    temporary.store.images.put(imageRecord("a"), []);
    temporary.store.close();
    chmodSync(temporary.directory, 0o500);
    try {
      const store = Store.open(temporary.directory, { mode: "read-write" });
      expect(store.images.list()).toHaveLength(1);
      expect(store.isWritable()).toBe(false);
      expect(() => store.volumes.createOrGet({ name: "v", labels: {}, anonymous: false })).toThrow(
        /cannot (open|write)/,
      );
    } finally {
      chmodSync(temporary.directory, 0o700);
    }
  },
);
