import { afterAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { usageOfCgroup } from "../../../src/sys/resource-usage.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const directory = temporaryDirectory();
afterAll(() => directory[Symbol.dispose]());

test("what a cgroup counts depends on its controllers", () => {
  const write = (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory.path, name), text);
  };
  expect(usageOfCgroup(directory.path)).toEqual({});
  write({ "cpu.stat": "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n" });
  expect(usageOfCgroup(directory.path)).toEqual({ cpuTime: 1_500_000 });
  write({
    "memory.current": "5000\n",
    "memory.max": "max\n",
    "memory.stat": "anon 3000\ninactive_file 1200\nactive_file 800\n",
    "pids.current": "7\n",
    "io.stat":
      "8:0 rbytes=100 wbytes=20 rios=3 wios=4 dbytes=9 dios=1\n254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n",
  });
  const counted = { cpuTime: 1_500_000, memory: 3800, tasks: 7, blockRead: 101, blockWritten: 22 };
  expect(usageOfCgroup(directory.path)).toEqual(counted);
  write({ "memory.max": "10000\n" });
  expect(usageOfCgroup(directory.path)).toEqual({ ...counted, memoryLimit: 10000 });
});
