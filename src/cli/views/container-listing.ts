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
