import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { relaySocket } from "../../../../src/engine/build/relay-socket.ts";

/** What a server says to somebody who sends `question` and no more. */
function ask(path: string, question: Buffer): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const parts: Buffer[] = [];
  const socket = connect({ path, allowHalfOpen: true }, () => socket.end(question));
  socket.on("data", (part: Buffer) => parts.push(part));
  socket.on("end", () => resolve(Buffer.concat(parts)));
  socket.on("error", reject);
  return promise;
}

test("everybody is connected to the other socket, for both directions and as long as there is a relay", async () => {
  const directory = mkdtempSync(join(tmpdir(), "relay-"));
  const [here, there] = [join(directory, "here"), join(directory, "there")];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const parts: Buffer[] = [];
    socket.on("data", (part: Buffer) => parts.push(part));
    socket.on("end", () => socket.end(Buffer.concat(parts).reverse()));
  });
  const listening = Promise.withResolvers<void>();
  server.listen(there, listening.resolve);
  await listening.promise;
  {
    using _ = await relaySocket(here, there);
    const much = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => index % 251));
    const answers = await Promise.all([ask(here, Buffer.from("abc")), ask(here, much)]);
    expect(answers[0].toString()).toBe("cba");
    expect(answers[1].equals(Buffer.from(much).reverse())).toBe(true);
    server.close();
    rmSync(there, { force: true });
    expect((await ask(here, Buffer.from("gone")).catch(() => Buffer.alloc(0))).length).toBe(0);
  }
  expect(existsSync(here)).toBe(false);
  rmSync(directory, { recursive: true });
});
