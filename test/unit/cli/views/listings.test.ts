import { expect, test } from "bun:test";
import { containerListing } from "../../../../src/cli/views/container-listing.ts";
import { historyListing } from "../../../../src/cli/views/history-listing.ts";
import { imageListing } from "../../../../src/cli/views/image-listing.ts";
import { type PrintOptions, printList } from "../../../../src/cli/views/print-list.ts";
import type { RawListing } from "../../../../src/cli/views/listing.ts";
import type { ContainerSummary } from "../../../../src/engine/containers.ts";
import type { HistoryRow } from "../../../../src/engine/history.ts";
import type { ImageSummary } from "../../../../src/engine/images.ts";
import { fakeHost } from "../fake-host.ts";

const now = new Date("2026-06-15T12:00:00Z");
const id = `sha256:${"0123456789abcdef".repeat(4)}` as const;
const digest = `sha256:${"f".repeat(64)}` as const;

const images: ImageSummary[] = [
  {
    id,
    repository: "alpine",
    tag: "latest",
    digest,
    createdAt: "2026-06-01T12:00:00Z",
    size: 8_320_000,
    containers: 0,
    labels: {},
  },
  { id: digest, createdAt: "2024-01-01T00:00:00Z", size: 204_000_000, containers: 0, labels: {} },
];
const rows: HistoryRow[] = [
  { id, created: "2026-06-15T11:00:00Z", createdBy: 'CMD ["sh"]', size: 0, comment: "buildkit", tags: [] },
  {
    created: "1970-01-01T00:00:00Z",
    createdBy: `ADD ${"x".repeat(60)}`,
    size: 8_320_000,
    comment: "",
    tags: [],
  },
];
const containers: ContainerSummary[] = [
  {
    id: "fedcba9876543210".repeat(4),
    name: "web",
    image: "nginx",
    imageId: id,
    command: ["nginx", "-g", "daemon off;"],
    createdAt: "2026-06-15T11:55:00Z",
    status: "running",
    state: { status: "running", startedAt: "2026-06-15T11:55:01Z" },
    ports: [],
    labels: { role: "front <end>" },
    mounts: [],
    localVolumes: 0,
    networks: ["bridge"],
  },
];

async function printed<Row>(
  listing: RawListing<Row>,
  list: readonly Row[],
  options: Partial<PrintOptions> = {},
): Promise<string> {
  const host = fakeHost();
  await printList(host, listing, list, { format: "", quiet: false, ...options });
  return host.written.stdout;
}

const imageTable = imageListing({ digests: false, truncate: true, now });
const containerTable = containerListing({ size: false, truncate: true, now });

test("images is Docker's classic table", async () => {
  expect(await printed(imageTable, images)).toBe(
    "REPOSITORY   TAG       IMAGE ID       CREATED       SIZE\n" +
      "alpine       latest    0123456789ab   2 weeks ago   8.32MB\n" +
      "<none>       <none>    ffffffffffff   2 years ago   204MB\n",
  );
});

test("--digests adds a column after the tag", async () => {
  const listing = imageListing({ digests: true, truncate: true, now });
  expect((await printed(listing, images)).split("\n")[1]).toBe(
    `alpine       latest    ${digest}   0123456789ab   2 weeks ago   8.32MB`,
  );
});

test("an empty list still has its header", async () => {
  expect(await printed(imageTable, [])).toBe("REPOSITORY   TAG       IMAGE ID   CREATED   SIZE\n");
});

test("-q prints ids, in full with --no-trunc", async () => {
  expect(await printed(imageTable, images, { quiet: true })).toBe("0123456789ab\nffffffffffff\n");
  const full = imageListing({ digests: false, truncate: false, now });
  expect(await printed(full, images, { quiet: true })).toBe(`${id}\n${digest}\n`);
});

test("json has Docker's keys, one object per line, with Go's escapes", async () => {
  const lines = (await printed(imageTable, images, { format: "json" })).split("\n");
  expect(lines).toHaveLength(3);
  expect(Object.keys(JSON.parse(lines[0]!))).toEqual(
    "Containers CreatedAt CreatedSince Digest ID Repository SharedSize Size Tag UniqueSize".split(" "),
  );
  expect(lines[1]).toContain('"Repository":"\\u003cnone\\u003e"');
});

test("templates, tables of one's own and raw", async () => {
  expect(await printed(imageTable, images, { format: "{{.Repository}}:{{.Tag}}" })).toBe(
    "alpine:latest\n<none>:<none>\n",
  );
  expect(await printed(imageTable, images, { format: "table {{.ID}}\\t{{.Size}}" })).toBe(
    "IMAGE ID       SIZE\n0123456789ab   8.32MB\nffffffffffff   204MB\n",
  );
  expect(await printed(imageTable, images.slice(0, 1), { format: "raw", quiet: true })).toBe(
    "image_id: 0123456789ab\n",
  );
  expect(await printed(imageTable, images.slice(0, 1), { format: "raw" })).toStartWith(
    "repository: alpine\ntag: latest\nimage_id: 0123456789ab\n",
  );
  await expect(printed(imageTable, images, { format: "{{.Nothing}}" })).rejects.toThrow(
    "template parsing error: ",
  );
  await expect(printed(imageTable, images, { format: "{{" })).rejects.toThrow("template parsing error: ");
});

test("history shows what was built elsewhere as missing", async () => {
  const listing = historyListing({ truncate: true, human: true, now });
  expect(await printed(listing, rows)).toBe(
    "IMAGE          CREATED             CREATED BY                                      SIZE      COMMENT\n" +
      '0123456789ab   About an hour ago   CMD ["sh"]                                      0B        buildkit\n' +
      `<missing>      N/A                 ADD ${"x".repeat(40)}…   8.32MB    \n`,
  );
  expect(await printed(listing, rows, { quiet: true })).toBe("0123456789ab\n<missing>\n");
});

test("history without --human has its own column and bytes", async () => {
  const [header, , second] = (
    await printed(historyListing({ truncate: true, human: false, now }), rows)
  ).split("\n");
  expect(header).toMatch(/^IMAGE +CREATED AT +CREATED BY +SIZE +COMMENT$/);
  expect(second).toContain(" 8320000 ");
});

test("ps is Docker's table", async () => {
  expect(await printed(containerTable, containers)).toBe(
    "CONTAINER ID   IMAGE     COMMAND                  CREATED         STATUS         PORTS     NAMES\n" +
      'fedcba987654   nginx     "nginx -g \'daemon of…"   5 minutes ago   Up 4 minutes             web\n',
  );
});

test("ps -s adds the size, labels can be asked for by name", async () => {
  const sized = containerListing({ size: true, truncate: true, now });
  const list = containers.map((container) => ({ ...container, sizeRw: 2, sizeRootFs: 21_500_000 }));
  expect((await printed(sized, list)).split("\n")[1]).toEndWith("web       2B (virtual 21.5MB)");
  expect(await printed(containerTable, containers, { format: '{{.Names}} {{.Label "role"}}' })).toBe(
    "web front <end>\n",
  );
  expect(Object.keys(JSON.parse(await printed(containerTable, containers, { format: "json" })))).toEqual(
    "Command CreatedAt HealthStatus ID Image Labels LocalVolumes Mounts Names Networks Platform Ports RunningFor Size State Status".split(
      " ",
    ),
  );
});

test("control characters in names are shown, not obeyed", async () => {
  const hostile = containers.map((container) => ({ ...container, image: "\u001b]0;owned\u0007" }));
  expect(await printed(containerTable, hostile)).not.toMatch(/[\u0007\u001b]/);
});
