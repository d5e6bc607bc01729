import type { ContainerSummary } from "../../engine/containers.ts";
import { type ContainerCellOptions, containerCells } from "./container-cells.ts";
import { columnsOf, type RawListing } from "./listing.ts";

const headers = {
  Command: "COMMAND",
  CreatedAt: "CREATED AT",
  HealthStatus: "HEALTH STATUS",
  ID: "CONTAINER ID",
  Image: "IMAGE",
  Labels: "LABELS",
  LocalVolumes: "LOCAL VOLUMES",
  Mounts: "MOUNTS",
  Names: "NAMES",
  Networks: "NETWORKS",
  Platform: "PLATFORM",
  Ports: "PORTS",
  RunningFor: "CREATED",
  Size: "SIZE",
  State: "STATE",
  Status: "STATUS",
};

const cuts = {
  Image: { from: "start", atLeast: 10 },
  Command: { from: "end", atLeast: 8 },
  RunningFor: { from: "end", atLeast: 11 },
  Status: { from: "end", atLeast: 11 },
  Ports: { from: "end", atLeast: 10 },
  Names: { from: "end", atLeast: 10 },
} as const;

/** `ps`. */
export function containerListing(
  options: ContainerCellOptions & { readonly size: boolean },
): RawListing<ContainerSummary> {
  return {
    typeName: "*formatter.ContainerContext",
    columns: columnsOf(headers, (container: ContainerSummary) => containerCells(container, options)),
    table: [
      ...["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"],
      ...(options.size ? ["Size"] : []),
    ],
    ...(options.truncate ? { cuts } : {}),
    methods: { Label: ({ labels }, name) => labels[name] ?? "" },
    raw: [
      "container_id: {{.ID}}",
      "image: {{.Image}}",
      "command: {{.Command}}",
      "created_at: {{.CreatedAt}}",
      "state: {{.State}}",
      "status: {{.Status}}",
      "names: {{.Names}}",
      "labels: {{.Labels}}",
      "ports: {{.Ports}}",
      ...(options.size ? ["size: {{.Size}}"] : []),
      "",
    ].join("\n"),
  };
}
