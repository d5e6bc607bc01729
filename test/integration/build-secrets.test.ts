/** Whose secrets and agents of a RUN are. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildLab, buildLab } from "../support/build-lab.ts";
import { builtinImage } from "../support/container-lab.ts";

setDefaultTimeout(60_000);

describe.each(["overlay", "fuse-overlayfs"])("with the %s driver", (driver) => {
  let lab: BuildLab;
  let agent: Bun.UnixSocketListener<undefined>;
  beforeAll(async () => {
    lab = await buildLab(driver);
    writeFileSync(join(lab.lab.root, "token"), Buffer.from("t\xff\0k", "latin1"));
    agent = Bun.listen({ unix: join(lab.lab.root, "agent"), socket: { data() {} } });
    chmodSync(join(lab.lab.root, "agent"), 0o600);
  });
  afterAll(async () => {
    agent.stop(true);
    await lab[Symbol.asyncDispose]();
  });

  test("a secret and an agent belong to whom the mount says, with its mode, and only meanwhile", async () => {
    const shown = `stat -c '%a %u:%g' /run/secrets/token $SSH_AUTH_SOCK; od -An -c /run/secrets/token`;
    const Dockerfile = `FROM ${builtinImage}
RUN --mount=type=secret,id=token --mount=type=ssh ${shown}
USER 33:8
RUN --mount=type=secret,id=token,uid=33 --mount=type=ssh,uid=33,gid=8 ${shown}
RUN --mount=type=secret,id=token,gid=8,mode=0440 --mount=type=ssh,gid=8,mode=0660 ${shown}
`;
    const flags = [`--secret=id=token,src=${lab.lab.root}/token`, `--ssh=default=${lab.lab.root}/agent`];
    const context = lab.context({ Dockerfile });
    const runtime = lab.context({});
    const { code, stderr } = await lab.lab.berth(["build", "--network", "none", ...flags, context], {
      env: { XDG_RUNTIME_DIR: runtime },
    });
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    const told = stderr.split("\n").flatMap((line) => /^#\d+ \d+\.\d+ (.*)/.exec(line)?.[1]?.trim() ?? []);
    const bytes = "t 377  \\0   k";
    expect(told).toEqual([
      ...["400 0:0", "600 0:0", bytes],
      ...["400 33:0", "600 33:8", bytes],
      ...["440 0:8", "660 0:8", bytes],
    ]);
    expect(readdirSync(join(runtime, "berth")).filter((name) => /secret|agent/.test(name))).toEqual([]);
  });
});
