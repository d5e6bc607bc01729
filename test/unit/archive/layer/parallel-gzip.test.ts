import { expect, test } from "bun:test";
import { ParallelGzip } from "../../../../src/archive/layer/parallel-gzip.ts";
import { patternedBytes } from "../../../support/registry-client.ts";

async function compressed(data: Uint8Array, pieceSize: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const gzip = new ParallelGzip((bytes) => parts.push(bytes.slice()));
  for (let at = 0; at < data.length; at += pieceSize) await gzip.write(data.subarray(at, at + pieceSize));
  await gzip.finish();
  return Buffer.concat(parts);
}

test("what comes out is one gzip member, the same however the bytes came in", async () => {
  const data = Buffer.concat([patternedBytes(5_300_000, 1), Buffer.alloc(3_000_000)]);
  const whole = await compressed(data, data.length);
  expect((await compressed(data, 70_001)).equals(whole)).toBe(true);
  expect(whole.length).toBeLessThan(data.length);
  const judged = Bun.spawnSync(["gzip", "-dc"], { stdin: whole });
  expect({ code: judged.exitCode, stderr: judged.stderr.toString() }).toEqual({ code: 0, stderr: "" });
  expect(judged.stdout.equals(data)).toBe(true);
});

test("nothing is a valid stream, too", async () => {
  expect(Bun.gunzipSync(new Uint8Array(await compressed(Buffer.alloc(0), 1))).length).toBe(0);
});
