import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";

const source = join(import.meta.dir, "../../../../src/cli/views/go-time.ts");

/** The zone of a process is fixed when it starts, so each zone is asked in a process of its own. */
function inZone(zone: string, time: string): [string, string] {
  const script = `
    const { goTimeString, goRfc3339 } = await import(${JSON.stringify(source)});
    const date = new Date(${JSON.stringify(time)});
    console.log(JSON.stringify([goTimeString(date), goRfc3339(date)]));
  `;
  const { stdout, stderr } = Bun.spawnSync([process.execPath, "-e", script], {
    env: { ...process.env, TZ: zone },
  });
  if (stderr.length > 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString());
}

const winter = "2026-01-02T15:04:05Z";
const summer = "2026-07-02T15:04:05Z";

test.each([
  ["UTC", winter, "2026-01-02 15:04:05 +0000 UTC", "2026-01-02T15:04:05Z"],
  ["UTC", "0001-01-01T00:00:00Z", "0001-01-01 00:00:00 +0000 UTC", "0001-01-01T00:00:00Z"],
  ["No/Such_Zone", winter, "2026-01-02 15:04:05 +0000 UTC", "2026-01-02T15:04:05Z"],
])("in %s at %s", (zone, time, text, rfc3339) => {
  expect(inZone(zone, time)).toEqual([text, rfc3339]);
});

const hasZones = existsSync("/usr/share/zoneinfo/Europe/Berlin");
test.skipIf(!hasZones).each([
  ["America/New_York", winter, "2026-01-02 10:04:05 -0500 EST", "2026-01-02T10:04:05-05:00"],
  ["Europe/Berlin", winter, "2026-01-02 16:04:05 +0100 CET", "2026-01-02T16:04:05+01:00"],
  ["Europe/Berlin", summer, "2026-07-02 17:04:05 +0200 CEST", "2026-07-02T17:04:05+02:00"],
  ["Asia/Kathmandu", winter, "2026-01-02 20:49:05 +0545 +0545", "2026-01-02T20:49:05+05:45"],
  ["Australia/Adelaide", winter, "2026-01-03 01:34:05 +1030 ACDT", "2026-01-03T01:34:05+10:30"],
])("in %s at %s (skipped without a zone database)", (zone, time, text, rfc3339) => {
  expect(inZone(zone, time)).toEqual([text, rfc3339]);
});
