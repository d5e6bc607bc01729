import { expect, test } from "bun:test";
import { networkFileSystemOf } from "../../../src/store/file-system-kind.ts";

test("file systems without dependable shared memory are known by their magic, also as negative numbers", () => {
  expect(networkFileSystemOf(0x6969)).toBe("NFS");
  expect(networkFileSystemOf(0x0bd00bd0)).toBe("Lustre");
  expect(networkFileSystemOf(0xff534d42)).toBe("CIFS");
  expect(networkFileSystemOf(0xff534d42 | 0)).toBe("CIFS");
});

test("ext4, btrfs, xfs, tmpfs and overlay are local", () => {
  for (const magic of [0xef53, 0x9123683e, 0x58465342, 0x01021994, 0x794c7630]) {
    expect(networkFileSystemOf(magic)).toBeUndefined();
  }
});
