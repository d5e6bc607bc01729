import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineContext } from "../../../src/engine/context.ts";
import { noteSingleIdentity } from "../../../src/engine/note-single-identity.ts";
import type { IdentityMap } from "../../../src/sys/identity.ts";

class ContextWith extends EngineContext {
  constructor(
    root: string,
    readonly map: IdentityMap,
    said: string[],
  ) {
    super({ BERTH_ROOT: root, HOME: root }, (message) => said.push(message));
  }
  override get identity(): IdentityMap {
    return this.map;
  }
}

const single = (reason: string): IdentityMap => ({ mode: "single", reason, uids: [], gids: [] });

test("one id is told once for each reason, and what it means", () => {
  const root = mkdtempSync(join(tmpdir(), "berth-note-"));
  try {
    const said: string[] = [];
    const note = (map: IdentityMap) => noteSingleIdentity(new ContextWith(join(root, "store"), map, said));
    note({ mode: "subordinate", uids: [], gids: [] });
    expect(said).toEqual([]);
    note(single("no entry for ann in /etc/subuid"));
    note(single("no entry for ann in /etc/subuid"));
    expect(said).toHaveLength(1);
    expect(said[0]).toStartWith("no entry for ann in /etc/subuid: containers have one user id");
    note(single("newuidmap is not installed"));
    expect(said).toHaveLength(2);
  } finally {
    rmSync(root, { recursive: true });
  }
});
