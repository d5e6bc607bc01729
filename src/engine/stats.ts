import { totalmem } from "node:os";
import type { ContainerRecord } from "../store/types.ts";
import { membersOf } from "../sys/pid-namespace.ts";
import { isAlive } from "../sys/process-identity.ts";
import { networkUsage, type ResourceUsage, usageOfCgroup, usageOfProcesses } from "../sys/resource-usage.ts";
import type { EngineContext } from "./context.ts";
import { currentContainers } from "./reconcile-containers.ts";

/** What one container uses; all zero when it does not run. */
export interface ContainerStats extends Omit<ResourceUsage, "cpuTime"> {
  /** As asked for, or the id. */
  readonly container: string;
  readonly id: string;
  readonly name: string;
  /** 100 is one CPU, used all the time. */
  readonly cpuPercent: number;
  readonly memoryLimit: number;
  readonly received: number;
  readonly sent: number;
  /** Where the figures come from: a cgroup counts everything, processes only what lives. */
  readonly source: "cgroup" | "processes" | "none";
}

interface Sample extends Omit<ContainerStats, "cpuPercent" | "container"> {
  readonly cpuTime: number;
  /** Nanoseconds, of the same clock as the CPU time. */
  readonly at: number;
}

export interface StatsOptions {
  /** Ids, names or prefixes; none is all that run. */
  readonly containers: readonly string[];
  /** Also those that do not run, where none are named. */
  readonly all: boolean;
}

/** Follows containers: each `next` tells what they used since the one before. Throws `not-found` at the first. */
export class StatsReader {
  readonly #context: EngineContext;
  readonly #options: StatsOptions;
  #names: ReadonlyMap<string, string> | undefined;
  #previous = new Map<string, Sample>();

  constructor(context: EngineContext, options: StatsOptions) {
    this.#context = context;
    this.#options = options;
  }

  async next(): Promise<readonly ContainerStats[]> {
    const samples = new Map<string, Sample>();
    const stats = (await this.#containers()).map(({ record, container }) => {
      const sample = takeSample(record);
      samples.set(record.id, sample);
      return { ...sample, container, cpuPercent: cpuPercent(this.#previous.get(record.id), sample) };
    });
    this.#previous = samples;
    return stats;
  }

  /** Of those that were named, those that are still there, in the order of the command line. */
  async #containers(): Promise<readonly { record: ContainerRecord; container: string }[]> {
    const { containers, all } = this.#options;
    const records = await currentContainers(this.#context);
    if (containers.length === 0) {
      return records
        .filter(({ state }) => all || state.status === "running" || state.status === "paused")
        .map((record) => ({ record, container: record.id }));
    }
    this.#names ??= new Map(
      containers.map((text) => [this.#context.readingStore.containers.get(text).id, text]),
    );
    return [...this.#names].flatMap(([id, container]) => {
      const record = records.find((each) => each.id === id);
      return record === undefined ? [] : [{ record, container }];
    });
  }
}

function takeSample({ id, name, state }: ContainerRecord): Sample {
  const at = performance.now() * 1e6;
  const isUp = state.status === "running" || state.status === "paused";
  if (!isUp || state.process === undefined || !isAlive(state.process)) return { id, name, at, ...nothing };
  const counted = state.cgroup === undefined ? {} : usageOfCgroup(state.cgroup);
  return {
    id,
    name,
    at,
    memoryLimit: totalmem(),
    ...usageOfProcesses(membersOf(state.process.pid)),
    ...networkUsage(state.process.pid),
    ...counted,
    source: "memory" in counted ? "cgroup" : "processes",
  };
}

const nothing = {
  cpuTime: 0,
  memory: 0,
  memoryLimit: 0,
  tasks: 0,
  blockRead: 0,
  blockWritten: 0,
  received: 0,
  sent: 0,
  source: "none",
} as const;

/** Between two samples; 0 where there is only one, or where a process took its time with it. */
function cpuPercent(previous: Sample | undefined, { cpuTime, at }: Sample): number {
  if (previous === undefined || at <= previous.at) return 0;
  return Math.max(0, ((cpuTime - previous.cpuTime) / (at - previous.at)) * 100);
}
