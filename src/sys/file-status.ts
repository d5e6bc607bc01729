/** What statx(2) tells; times in seconds and nanoseconds. */
export interface FileStatus {
  /** type and permissions */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  readonly size: number;
  /** 512-byte blocks on disk */
  readonly blocks: number;
  readonly inode: bigint;
  /** `major:minor` of the file system */
  readonly device: string;
  /** Major and minor of a device node. */
  readonly nodeMajor: number;
  readonly nodeMinor: number;
  readonly modifiedSeconds: bigint;
  readonly modifiedNanoseconds: number;
  /** The directory is the root of a mount (STATX_ATTR_MOUNT_ROOT). */
  readonly mountRoot: boolean;
}

/** Reads `struct statx` (linux/stat.h), which is the same on all architectures. */
export function fileStatusFrom(view: DataView): FileStatus {
  const attributes = view.getBigUint64(8, true) & view.getBigUint64(56, true);
  return {
    mode: view.getUint16(28, true),
    uid: view.getUint32(20, true),
    gid: view.getUint32(24, true),
    links: view.getUint32(16, true),
    size: Number(view.getBigUint64(40, true)),
    blocks: Number(view.getBigUint64(48, true)),
    inode: view.getBigUint64(32, true),
    device: `${view.getUint32(136, true)}:${view.getUint32(140, true)}`,
    nodeMajor: view.getUint32(128, true),
    nodeMinor: view.getUint32(132, true),
    modifiedSeconds: view.getBigInt64(112, true),
    modifiedNanoseconds: view.getUint32(120, true),
    mountRoot: (attributes & 0x2000n) !== 0n,
  };
}
