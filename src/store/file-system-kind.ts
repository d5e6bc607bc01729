import { fileSystemAt } from "../sys/files.ts";

/** Magic numbers of statfs(2) whose shared memory or locks SQLite's WAL cannot rely on (sqlite.org/wal.html). */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x65735546, "FUSE"],
  [0x5346414f, "AFS"],
  [0x6b414653, "kAFS"],
  [0x73757245, "Coda"],
  [0x00c36400, "Ceph"],
  [0x19830326, "BeeGFS"],
  [0x01021997, "9p"],
  [0x20030528, "PVFS2"],
  [0x01161970, "GFS2"],
  [0x7461636f, "OCFS2"],
  [0xaad7aaea, "PanFS"],
]);

/** The name of the network file system with this statfs(2) magic, or undefined for a local one. */
export function networkFileSystemOf(magic: number): string | undefined {
  return networkFileSystems.get(magic >>> 0);
}

/** The network file system that holds `path`, or undefined. */
export function networkFileSystem(path: string): string | undefined {
  return networkFileSystemOf(fileSystemAt(path).magic);
}
