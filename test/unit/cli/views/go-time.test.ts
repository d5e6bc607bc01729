import { expect, test } from "bun:test";
import { join } from "node:path";

const source = join(import.meta.dir, "../../../../src/cli/views/go-time.ts");

/** The zone of a process is fixed when it starts, so each zone is asked in a process of its own. */
function inZone(zone: string): [string, string] {
  const script = `
    const { goTimeString, goRfc3339 } = await import(${JSON.stringify(source)});
    const date = new Date("2026-01-02T15:04:05Z");
    console.log(JSON.stringify([goTimeString(date), goRfc3339(date)]));
  `;
  const { stdout, stderr } = Bun.spawnSync([process.execPath, "-e", script], {
    env: { ...process.env, TZ: zone },
  });
  if (stderr.length > 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString());
}

test.each([
  ["UTC", "2026-01-02 15:04:05 +0000 UTC", "2026-01-02T15:04:05Z"],
  ["America/New_York", "2026-01-02 10:04:05 -0500 EST", "2026-01-02T10:04:05-05:00"],
  ["Asia/Kathmandu", "2026-01-02 20:49:05 +0545 +0545", "2026-01-02T20:49:05+05:45"],
])("in %s", (zone, text, rfc3339) => {
  expect(inZone(zone)).toEqual([text, rfc3339]);
});
