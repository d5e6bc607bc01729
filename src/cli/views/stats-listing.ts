import type { ContainerStats } from "../../engine/stats.ts";
import { formatFloat } from "../output/number-format.ts";
import { bytesSize, humanSize } from "../output/units.ts";
import { columnsOf, type RawListing } from "./listing.ts";
import { shortId } from "./short-id.ts";

const headers = {
  BlockIO: "BLOCK I/O",
  CPUPerc: "CPU %",
  Container: "CONTAINER",
  ID: "CONTAINER ID",
  MemPerc: "MEM %",
  MemUsage: "MEM USAGE / LIMIT",
  Name: "NAME",
  NetIO: "NET I/O",
  PIDs: "PIDS",
};

/** `stats` (docker/cli container/formatter_stats.go). */
export function statsListing({ truncate }: { readonly truncate: boolean }): RawListing<ContainerStats> {
  return {
    typeName: "*container.statsContext",
    columns: columnsOf(headers, (stats: ContainerStats) => ({
      BlockIO: () => `${humanSize(stats.blockRead)} / ${humanSize(stats.blockWritten)}`,
      CPUPerc: () => percentage(stats.cpuPercent),
      Container: () => stats.container,
      ID: () => (truncate ? shortId(stats.id) : stats.id),
      MemPerc: () => percentage(stats.memoryLimit === 0 ? 0 : (stats.memory / stats.memoryLimit) * 100),
      MemUsage: () => `${bytesSize(stats.memory)} / ${bytesSize(stats.memoryLimit)}`,
      Name: () => stats.name,
      NetIO: () => `${humanSize(stats.received)} / ${humanSize(stats.sent)}`,
      PIDs: () => String(stats.tasks),
    })),
    table: ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"],
  };
}

const percentage = (value: number) => `${formatFloat(value, "f", 2)}%`;
