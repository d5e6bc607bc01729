import { expect, test } from "bun:test";
import { statfsSync } from "node:fs";
import { fileSystemName, fileSystemNameOf } from "../../../src/store/file-system-name.ts";

test("file systems are named as Docker names them, also where the kernel's number is negative", () => {
  expect(fileSystemNameOf(0xef53)).toBe("extfs");
  expect(fileSystemNameOf(0x9123683e | 0)).toBe("btrfs");
  expect(fileSystemNameOf(0x6969)).toBe("NFS");
});

test("an unknown file system is told by its number", () => {
  expect(fileSystemNameOf(0x12345678)).toBe("0x12345678");
});

test("what does not exist yet is on the file system of the nearest directory that does", () => {
  expect(fileSystemName("/proc/no/such/directory")).toBe(fileSystemNameOf(Number(statfsSync("/proc").type)));
});
