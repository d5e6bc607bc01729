/** `system df` (docker/cli formatter/disk_usage.go). */
import type { BuildCacheUsage, DiskUsage, UsageOfKind, VolumeUsage } from "../../engine/disk-usage.ts";
import { formatRows } from "../output/format-rows.ts";
import { defaultTable, type Listing } from "../output/listing.ts";
import { humanDuration, humanSize, humanSizeFine } from "../output/units.ts";
import type { ContainerCellOptions } from "./container-cells.ts";
import { containerListing } from "./container-listing.ts";
import { formatObject } from "./formatted-object.ts";
import { goTimeString } from "./go-time.ts";
import { imageListing } from "./image-listing.ts";
import { columnsOf, type RawListing } from "./listing.ts";
import { shortId } from "./short-id.ts";

interface KindRow {
  readonly type: string;
  readonly usage: Omit<UsageOfKind<unknown>, "items">;
  /** Of what goes altogether when it is pruned, no share is told. */
  readonly share: boolean;
}

const kindHeaders = {
  Active: "ACTIVE",
  Reclaimable: "RECLAIMABLE",
  Size: "SIZE",
  TotalCount: "TOTAL",
  Type: "TYPE",
};

const kindListing: RawListing<KindRow> = {
  typeName: "*formatter.diskUsageContext",
  columns: columnsOf(kindHeaders, ({ type, usage, share }: KindRow) => ({
    Active: () => String(usage.active),
    Reclaimable: () => {
      const text = humanSizeFine(usage.reclaimable);
      return share && usage.size > 0
        ? `${text} (${Math.trunc((usage.reclaimable * 100) / usage.size)}%)`
        : text;
    },
    Size: () => humanSizeFine(usage.size),
    TotalCount: () => String(usage.total),
    Type: () => type,
  })),
  table: ["Type", "TotalCount", "Active", "Size", "Reclaimable"],
};

/** One line for each kind. */
export function diskUsageText(
  { images, containers, volumes, buildCache }: DiskUsage,
  format: string,
): string {
  const rows = [
    { type: "Images", usage: images, share: true },
    { type: "Containers", usage: containers, share: true },
    { type: "Local Volumes", usage: volumes, share: true },
    { type: "Build Cache", usage: buildCache, share: false },
  ];
  return formatRows(kindListing, rows, format === "table" ? "" : format);
}

const volumeHeaders = { Labels: "LABELS", Links: "LINKS", Name: "VOLUME NAME", Size: "SIZE" };

const volumeListing: RawListing<VolumeUsage> = {
  typeName: "*formatter.volumeContext",
  columns: columnsOf(volumeHeaders, ({ name, links, size, labels }: VolumeUsage) => ({
    Labels: () =>
      Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
    Links: () => String(links),
    Name: () => name,
    Size: () => humanSize(size),
  })),
  table: ["Name", "Links", "Size"],
};

/** Every image, container and volume, in sections; a format of one's own sees them all as one object. */
export function verboseDiskUsageText(usage: DiskUsage, format: string, now: Date): string {
  const isTable = format === "" || format === "table";
  const cells = { truncate: isTable, now };
  const images = {
    ...imageListing({ ...cells, digests: false }),
    table: ["Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize", "Containers"],
  };
  const containers = {
    ...containerListing({ ...cells, size: false }),
    table: ["ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names"],
  };
  const buildCache = buildCacheListing(cells);
  // Of a container only what is its own.
  const ownSizes = usage.containers.items.map((container) => ({ ...container, sizeRootFs: 0 }));
  if (!isTable) {
    return formatObject(
      {
        Images: objects(images, usage.images.items),
        Containers: objects(containers, ownSizes),
        Volumes: objects(volumeListing, usage.volumes.items),
        BuildCache: objects(buildCache, usage.buildCache.items),
      },
      format,
    );
  }
  return [
    `Images space usage:\n\n${defaultTable(images, usage.images.items)}`,
    `Containers space usage:\n\n${defaultTable(containers, ownSizes)}`,
    `Local Volumes space usage:\n\n${defaultTable(volumeListing, usage.volumes.items)}`,
    `Build cache usage: ${humanSizeFine(usage.buildCache.size)}\n\n${defaultTable(buildCache, usage.buildCache.items)}`,
  ].join("\n");
}

const buildCacheHeaders = {
  CacheType: "CACHE TYPE",
  CreatedAt: "CREATED AT",
  CreatedSince: "CREATED",
  Description: "DESCRIPTION",
  ID: "CACHE ID",
  InUse: "IN USE",
  LastUsedAt: "LAST USED AT",
  LastUsedSince: "LAST USED",
  Parent: "PARENT",
  Shared: "SHARED",
  Size: "SIZE",
  UsageCount: "USAGE",
};

function buildCacheListing({ truncate, now }: ContainerCellOptions): Listing<BuildCacheUsage> {
  const since = (time: string) => `${humanDuration(now.getTime() - Date.parse(time))} ago`;
  return {
    typeName: "*formatter.buildCacheContext",
    columns: columnsOf(buildCacheHeaders, (step: BuildCacheUsage) => ({
      CacheType: () => "regular",
      CreatedAt: () => goTimeString(new Date(step.createdAt)),
      CreatedSince: () => since(step.createdAt),
      Description: () => step.createdBy,
      ID: () => (truncate ? shortId(step.key) : step.key),
      InUse: () => "false",
      LastUsedAt: () => goTimeString(new Date(step.usedAt)),
      LastUsedSince: () => since(step.usedAt),
      Parent: () => "",
      Shared: () => String(step.shared),
      Size: () => humanSize(step.size),
      UsageCount: () => String(step.uses),
    })),
    table: ["ID", "CacheType", "Size", "CreatedSince", "LastUsedSince", "UsageCount", "Shared"],
  };
}

function objects<Row>({ columns }: Listing<Row>, rows: readonly Row[]): readonly object[] {
  return rows.map((row) => Object.fromEntries(columns.map(({ key, value }) => [key, value(row)])));
}
