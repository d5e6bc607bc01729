/** A device of the host and what it may be asked for per second: bytes or operations. */
export interface DeviceRate {
  readonly path: string;
  readonly rate: number;
}

/**
 * What a container may use, in Docker's units (moby api/types/container `Resources`). What is absent is not limited.
 * Plain data: it is stored with the container.
 */
export interface ResourceLimits {
  /** Bytes. */
  readonly memory?: number;
  /** Bytes of memory and swap together; -1 is no limit, absent as much swap again as memory. */
  readonly memorySwap?: number;
  /** Bytes that stay when memory is short. */
  readonly memoryReservation?: number;
  /** Thousand millionths of a CPU. */
  readonly nanoCpus?: number;
  /** Relative weight, 1024 being the usual one. */
  readonly cpuShares?: number;
  /** Microseconds of CPU time in each period; -1 is no limit. */
  readonly cpuQuota?: number;
  /** Microseconds. */
  readonly cpuPeriod?: number;
  /** `0-3,5` */
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  /** -1 is no limit. */
  readonly pidsLimit?: number;
  /** From 10 to 1000. */
  readonly blkioWeight?: number;
  readonly blkioWeightDevice?: readonly { readonly path: string; readonly weight: number }[];
  readonly deviceReadBps?: readonly DeviceRate[];
  readonly deviceWriteBps?: readonly DeviceRate[];
  readonly deviceReadIops?: readonly DeviceRate[];
  readonly deviceWriteIops?: readonly DeviceRate[];
}
