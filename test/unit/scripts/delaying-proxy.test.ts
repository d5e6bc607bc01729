import { expect, test } from "bun:test";
import { startDelayingProxy } from "../../../scripts/benchmarks/delaying-proxy.ts";

test("bodies that are larger than a socket's buffer come through whole, both ways", async () => {
  const large = Buffer.alloc(16 << 20, "0123456789");
  await using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => new Response(await request.bytes()),
  });
  using proxy = startDelayingProxy(`127.0.0.1:${server.port}`, 0);
  const answer = await fetch(`http://${proxy.host}/`, { method: "POST", body: large, keepalive: false });
  expect(large.equals(await answer.bytes())).toBe(true);
});
