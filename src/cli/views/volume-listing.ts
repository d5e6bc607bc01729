import type { VolumeSummary } from "../../engine/volumes.ts";
import { columnsOf, type RawListing } from "./listing.ts";

const headers = {
  Availability: "AVAILABILITY",
  Driver: "DRIVER",
  Group: "GROUP",
  Labels: "LABELS",
  Links: "LINKS",
  Mountpoint: "MOUNTPOINT",
  Name: "VOLUME NAME",
  Scope: "SCOPE",
  Size: "SIZE",
  Status: "STATUS",
};

const unknown = () => "N/A";

/** `volume ls` (docker/cli formatter/volume.go). Group, availability and status are of clusters. */
export const volumeListing: RawListing<VolumeSummary> = {
  typeName: "*formatter.volumeContext",
  columns: columnsOf(headers, ({ driver, labels, mountpoint, name }: VolumeSummary) => ({
    Availability: unknown,
    Driver: () => driver,
    Group: unknown,
    Labels: () =>
      Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .toSorted()
        .join(","),
    Links: unknown,
    Mountpoint: () => mountpoint,
    Name: () => name,
    Scope: () => "local",
    Size: unknown,
    Status: unknown,
  })),
  table: ["Driver", "Name"],
  methods: { Label: ({ labels }, name) => labels[name] ?? "" },
  raw: "name: {{.Name}}\ndriver: {{.Driver}}\n",
};
