/** `system df` (docker/cli formatter/disk_usage.go). */
import type { DiskUsage, UsageOfKind, VolumeUsage } from "../../engine/disk-usage.ts";
import { formatRows, type Listing } from "../output/format-rows.ts";
import { humanSize, humanSizeFine } from "../output/units.ts";
import { containerListing } from "./container-listing.ts";
import { formatObject } from "./formatted-object.ts";
import { imageListing } from "./image-listing.ts";
import { columnsOf, type RawListing } from "./listing.ts";

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

/** There is none yet. */
const noBuildCache = { items: [], total: 0, active: 0, size: 0, reclaimable: 0 };

/** One line for each kind. */
export function diskUsageText({ images, containers, volumes }: DiskUsage, format: string): string {
  const rows = [
    { type: "Images", usage: images, share: true },
    { type: "Containers", usage: containers, share: true },
    { type: "Local Volumes", usage: volumes, share: true },
    { type: "Build Cache", usage: noBuildCache, share: false },
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
  // Of a container only what is its own.
  const ownSizes = usage.containers.items.map((container) => ({ ...container, sizeRootFs: 0 }));
  if (!isTable) {
    return formatObject(
      {
        Images: objects(images, usage.images.items),
        Containers: objects(containers, ownSizes),
        Volumes: objects(volumeListing, usage.volumes.items),
        BuildCache: [],
      },
      format,
    );
  }
  return [
    `Images space usage:\n\n${formatRows(images, usage.images.items)}`,
    `Containers space usage:\n\n${formatRows(containers, ownSizes)}`,
    `Local Volumes space usage:\n\n${formatRows(volumeListing, usage.volumes.items)}`,
    `Build cache usage: 0B\n\n${formatRows(buildCacheListing, [])}`,
  ].join("\n");
}

const buildCacheHeaders = {
  ID: "CACHE ID",
  CacheType: "CACHE TYPE",
  Size: "SIZE",
  CreatedSince: "CREATED",
  LastUsedSince: "LAST USED",
  UsageCount: "USAGE",
  Shared: "SHARED",
};

const buildCacheListing: Listing<never> = {
  typeName: "*formatter.buildCacheContext",
  columns: Object.entries(buildCacheHeaders).map(([key, header]) => ({ key, header, value: () => "" })),
  table: Object.keys(buildCacheHeaders),
};

function objects<Row>({ columns }: Listing<Row>, rows: readonly Row[]): readonly object[] {
  return rows.map((row) => Object.fromEntries(columns.map(({ key, value }) => [key, value(row)])));
}
