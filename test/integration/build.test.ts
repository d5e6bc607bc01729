/** `berth build` with the executable: steps, cache, files, failures; on every storage driver. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type BuildLab, buildLab } from "../support/build-lab.ts";
import { builtinImage } from "../support/container-lab.ts";

const from = `FROM ${builtinImage}\n`;

describe.each(["overlay", "fuse-overlayfs", "copy"])("with the %s driver", (driver) => {
  let lab: BuildLab;
  beforeAll(async () => {
    lab = await buildLab(driver);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test("RUN, COPY, WORKDIR and ENV make an image that runs, and leave nothing behind", async () => {
    const image = await lab.image({
      Dockerfile: `${from}ENV A=1\nWORKDIR /app\nCOPY . .\nRUN echo $A > out; rm gone; ln out hard; mkdir -m 700 own; chown 5:6 own\nCMD ["cat", "/app/out"]\n`,
      ".dockerignore": "Dockerfile\n.dockerignore\n",
      "sub/file": "text",
      gone: "",
    });
    expect(await lab.lab.run([image])).toMatchObject({ code: 0, stdout: "1\n" });
    const script =
      "cd /app; ls; stat -c '%h %a %u:%g' out own; cat sub/file; ls /dev /proc /etc | grep -c resolv";
    expect(await lab.sh(image, script)).toBe("hard\nout\nown\nsub\n2 644 0:0\n2 700 5:6\ntext1\n");
    expect(readdirSync(join(lab.lab.root, "data/tmp"))).toEqual([]);
  });

  test("a layer that does not describe a directory leaves it as it is below", async () => {
    const made = "WORKDIR /kept/made\nCOPY f .\nADD f /kept/added\n";
    const files = {
      Dockerfile: `${from}RUN chmod 1777 / && mkdir /kept && chown 5:6 /kept && chmod 711 /kept\n${made}`,
      f: "",
    };
    expect(await lab.sh(await lab.image(files), "stat -c '%a %u:%g' / /kept /kept/made")).toBe(
      "1777 0:0\n711 5:6\n755 0:0\n",
    );
  });

  test("stages are copied from, and only needed ones run", async () => {
    const image = await lab.image({
      Dockerfile: `${from.trim()} AS one\nRUN mkdir /d && echo 1 > /d/f && chown 7:8 /d/f && ln -s f /d/l
FROM ${builtinImage} AS broken\nRUN false\nFROM scratch\nCOPY --from=one /bin /bin\nCOPY --from=0 /d /e/\nCOPY --from=one --chown=1:2 /d/l /x\n`,
    });
    expect(await lab.sh(image, "stat -c '%n %F %u:%g' /e/f /e/l /x; cat /x")).toBe(
      "/e/f regular file 7:8\n/e/l symbolic link 0:0\n/x regular file 1:2\n1\n",
    );
  });

  test("--add-host, --shm-size and --ulimit are for every RUN, and leave no trace", async () => {
    const run =
      "RUN grep one /etc/hosts; grep ' /dev/shm ' /proc/mounts | grep -o 'size=[0-9]*k'; ulimit -Sn; ulimit -Hn";
    const { code, stderr } = await lab.build(
      lab.context({ Dockerfile: `${from}${run}\nRUN ulimit -Sn; grep -c one /etc/hosts\n` }),
      ...["--no-cache", "-t", "surrounded", "--add-host", "one:10.1.2.3", "--add-host=two=[::1]"],
      ...["--shm-size", "3m", "--ulimit", "nofile=9:9", "--ulimit", "nofile=50:60"],
    );
    const told = stderr.split("\n").flatMap((line) => /^#\d+ \d+\.\d+ (.*)/.exec(line)?.[1] ?? []);
    expect({ code, told }).toEqual({
      code: 0,
      told: ["10.1.2.3\tone", "size=3072k", "50", "60", "50", "1"],
    });
    expect(await lab.sh("surrounded", "grep -c one /etc/hosts || true")).toBe("0\n");
    for (const wrong of ["--add-host=one", "--shm-size=x", "--ulimit=nofile=2:1"])
      expect((await lab.build(lab.context({}), wrong)).code).toBe(125);
  });

  test("BUILDKIT_SANDBOX_HOSTNAME and BUILDKIT_CACHE_MOUNT_NS name the machine and set caches apart", async () => {
    const run = "RUN --mount=type=cache,target=/c hostname; ls /c; touch /c/made";
    const context = lab.context({ Dockerfile: `${from}${run}\n` });
    const told = async (...args: string[]) => {
      const { stderr } = await lab.build(
        context,
        "--no-cache",
        ...args.flatMap((arg) => ["--build-arg", arg]),
      );
      return stderr.split("\n").flatMap((line) => /^#\d+ \d+\.\d+ (.*)/.exec(line)?.[1] ?? []);
    };
    expect(await told()).toEqual(["buildkitsandbox"]);
    expect(await told("BUILDKIT_CACHE_MOUNT_NS=other")).toEqual(["buildkitsandbox"]);
    expect(await told("BUILDKIT_SANDBOX_HOSTNAME=licensed")).toEqual(["licensed", "made"]);
  });

  test("RUN --mount: binds, caches, tmpfs and scripts are there for the step, and leave no trace", async () => {
    const dockerfile = `FROM ${builtinImage} AS one\nRUN mkdir -p /o/sub && echo stage > /o/sub/f && chown 5:6 /o/sub/f
FROM ${builtinImage}\nWORKDIR /w
RUN --mount=target=ctx --mount=type=bind,from=one,source=/o,target=/deep/er,rw --mount=type=cache,target=/c,id=../../x,mode=0750,uid=3 \\
  --mount=type=tmpfs,target=/t,size=1m cat ctx/f /deep/er/sub/f; stat -c %u:%g /deep/er/sub/f; echo x >> /deep/er/new; \\
  stat -c '%a %u' /c; echo 1 >> /c/count; wc -l < /c/count; mount | grep -c ' /t type tmpfs'; ! touch ctx/x 2>/dev/null && echo ro
RUN <<EOS
#!/bin/busybox sh
echo script $0
EOS
`;
    const files = { Dockerfile: dockerfile, f: "context\n" };
    const run = async () => {
      const { code, stderr } = await lab.build(lab.context(files), "--no-cache", "-t", "mounts");
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      return stderr.split("\n").flatMap((line) => /^#\d+ \d+\.\d+ (.*)/.exec(line)?.[1] ?? []);
    };
    const told = ["context", "stage", "5:6", "750 3", "1", "1", "ro", "script /dev/pipes/EOS"];
    expect(await run()).toEqual(told);
    expect(await run()).toEqual(told.with(4, "2"));
    expect(await lab.sh("mounts", "ls -d /deep /c /t /w/ctx 2>/dev/null || true; ls /w")).toBe("");
    const { stdout } = await lab.lab.berth(["history", "-H=false", "--format", "{{.Size}}", "mounts"]);
    expect(stdout.split("\n").slice(0, 3)).toEqual(["0", "0", "0"]);
    expect(readdirSync(join(lab.lab.root, "data/tmp"))).toEqual([]);
  });
});

describe("build", () => {
  let lab: BuildLab;
  beforeAll(async () => {
    lab = await buildLab();
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test("plain progress tells every step as BuildKit does; the second time everything is cached", async () => {
    const context = lab.context({ Dockerfile: `${from}RUN echo hello\nCOPY f /f\n`, f: "1" });
    const first = await lab.build(context, "-t", "twice");
    expect(first).toMatchObject({ code: 0, stdout: "" });
    expect(first.stderr.replace(/\d+\.\d+|\d+B/g, "N").replace(/sha256:\w+/g, "ID")).toBe(
      `#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: N done
#1 DONE Ns

#2 [internal] load metadata for ${builtinImage}
#2 DONE Ns

#3 [1/3] FROM ${builtinImage}
#3 DONE Ns

#4 [2/3] RUN echo hello
#4 N hello
#4 DONE Ns

#5 [internal] load build context
#5 transferring context: N done
#5 DONE Ns

#6 [3/3] COPY f /f
#6 DONE Ns

#7 exporting to image
#7 exporting layers done
#7 writing image ID done
#7 naming to docker.io/library/twice:latest done
#7 DONE Ns

`,
    );
    const second = await lab.build(context, "-t", "twice");
    expect(second.stderr).toContain("#4 CACHED");
    expect(second.stderr).toContain("#6 CACHED");
    const ids = [first, second].map(({ stderr }) => /writing image (\S+)/.exec(stderr)![1]);
    expect(ids[0]).toBe(ids[1]!);
  });

  describe("the cache", () => {
    const dockerfile = `${from}COPY a /a\nARG v\nRUN echo $v $RANDOM > /r\n`;
    const built = async (context: string, ...flags: string[]) => {
      const { code, stdout, stderr } = await lab.build(context, "-q", ...flags);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return stdout;
    };

    test("goes by content and mode, not by time or what is ignored", async () => {
      const context = lab.context({ Dockerfile: dockerfile, a: "1" });
      const first = await built(context);
      utimesSync(join(context, "a"), 1, 1);
      writeFileSync(join(context, "other"), "2");
      expect(await built(context)).toBe(first);
      chmodSync(join(context, "a"), 0o755);
      const executable = await built(context);
      expect(executable).not.toBe(first);
      writeFileSync(join(context, "a"), "2");
      expect(await built(context)).not.toBe(executable);
    });

    test("goes by the ARG where it is used first; --no-cache and --no-cache-filter do without", async () => {
      const context = lab.context({ Dockerfile: dockerfile, a: "x" });
      const first = await built(context, "--build-arg", "v=1");
      expect(await built(context, "--build-arg", "v=1")).toBe(first);
      expect(await built(context, "--build-arg", "v=2")).not.toBe(first);
      expect(await built(context, "--build-arg", "v=1", "--no-cache")).not.toBe(first);
      expect(await built(context, "--build-arg", "v=1", "--no-cache-filter", "0")).not.toBe(first);
    });

    test("survives rmi, and ends with builder prune", async () => {
      const context = lab.context({ Dockerfile: dockerfile, a: "prune" });
      const first = await built(context);
      await lab.lab.berth(["rmi", first.trim()]);
      expect(await built(context)).toBe(first);
      await lab.lab.berth(["rmi", first.trim()]);
      const pruned = await lab.lab.berth(["builder", "prune", "-f"]);
      expect(pruned).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("Deleted build cache objects:"),
      });
      expect(await built(context)).not.toBe(first);
    });
  });

  test("a step that fails shows its output, its place, its status, and leaves what was there before", async () => {
    const context = lab.context({
      Dockerfile: `${from}RUN echo kept > /kept\nRUN echo oops; exit 3\nCMD x\n`,
    });
    const { code, stdout, stderr } = await lab.build(context);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`------
 > [3/3] RUN echo oops; exit 3:
oops
------
Dockerfile:3
--------------------
   1 |     FROM ${builtinImage}
   2 |     RUN echo kept > /kept
   3 | >>> RUN echo oops; exit 3
   4 |     CMD x
   5 |     
--------------------
`);
    expect(stderr).toEndWith(
      'berth: failed to build: failed to solve: process "/bin/sh -c echo oops; exit 3" did not complete successfully: exit code: 3\n',
    );
    const last = /image before this step is (\w{12})/.exec(stderr)![1]!;
    expect(await lab.sh(last, "cat /kept")).toBe("kept\n");
  });

  test.each([
    ["RUNN x", "dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)"],
    [
      "COPY nothing /x",
      'failed to compute cache key: failed to calculate checksum of ref: "/nothing": not found',
    ],
    [
      "COPY --chown=nobody-here Dockerfile /x",
      "unable to find user nobody-here: no matching entries in passwd file",
    ],
    ["COPY Dockerfile Dockerfile /bin", undefined],
    ["COPY sub /bin/busybox", "cannot copy to non-directory: /bin/busybox"],
    [
      "RUN --mount=type=cach,target=/x true",
      'dockerfile parse error on line 2: unsupported mount type "cach" (did you mean cache?)',
    ],
    ["STOPSIGNAL SIGFOO", "invalid signal: SIGFOO"],
    ["COPY --from=a: /f /", 'failed to parse stage name "a:": invalid reference format'],
    ["COPY --form=x a b", "dockerfile parse error on line 2: unknown flag: --form (did you mean from?)"],
    ["RUN --network=host x", "granting entitlement network.host is not allowed"],
    [
      "RUN --security=insecure x",
      "dockerfile parse error on line 2: granting entitlement security.insecure is not allowed",
    ],
  ])("%s", async (line, message) => {
    const { code, stderr } = await lab.build(lab.context({ Dockerfile: `${from}${line}\n`, "sub/f": "" }));
    if (message === undefined) expect({ code }).toEqual({ code: 0 });
    else {
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(`failed to solve: ${message}\n`),
      });
      expect(stderr).toContain(`   2 | >>> ${line}`);
    }
  });

  test("--iidfile, --metadata-file, -t and --label say what was made", async () => {
    const context = lab.context({ Dockerfile: `${from}LABEL a=1 b=2\n` });
    const iid = join(lab.lab.root, "iid");
    const metadata = join(lab.lab.root, "metadata");
    const flags = [
      "-t",
      "x/one",
      "-t",
      "two:2",
      "--label",
      "b=3",
      "--iidfile",
      iid,
      "--metadata-file",
      metadata,
    ];
    expect(await lab.build(context, ...flags)).toMatchObject({ code: 0 });
    const id = readFileSync(iid, "utf8");
    expect(JSON.parse(readFileSync(metadata, "utf8"))).toMatchObject({
      "containerimage.config.digest": id,
      "image.name": "docker.io/x/one:latest,docker.io/library/two:2",
    });
    const format = "{{.Id}} {{json .Config.Labels}}";
    for (const name of ["x/one", "two:2"])
      expect((await lab.lab.berth(["inspect", "-f", format, name])).stdout).toBe(`${id} {"a":"1","b":"3"}\n`);
  });

  test("history reads as after docker build", async () => {
    const image = await lab.image({
      Dockerfile: `${from}ARG v=1\nRUN true\nCOPY Dockerfile /d\nWORKDIR /w\nEXPOSE 80\n`,
    });
    const { stdout } = await lab.lab.berth([
      "history",
      "--no-trunc",
      "--format",
      "{{.CreatedBy}}|{{.Comment}}",
      image,
    ]);
    expect(stdout.split("\n").slice(0, 5)).toEqual([
      "EXPOSE [80/tcp]|buildkit.dockerfile.v0",
      "WORKDIR /w|buildkit.dockerfile.v0",
      "COPY Dockerfile /d # buildkit|buildkit.dockerfile.v0",
      "RUN |1 v=1 /bin/sh -c true # buildkit|buildkit.dockerfile.v0",
      "ARG v=1|buildkit.dockerfile.v0",
    ]);
  });

  test("with SOURCE_DATE_EPOCH two stores make the same image", async () => {
    await using other = await buildLab();
    const files = { Dockerfile: `${from}COPY f /f\nWORKDIR /w\nRUN echo 1 > g\n`, f: "1" };
    const env = { SOURCE_DATE_EPOCH: "1700000000" };
    const ids = await Promise.all(
      [lab, other].map(async (each) => {
        const context = each.context(files);
        return (await each.lab.berth(["build", "-q", "--network", "none", "--no-cache", context], { env }))
          .stdout;
      }),
    );
    expect(ids[0]).toMatch(/^sha256:/);
    expect(ids[1]).toBe(ids[0]!);
  });

  test("secrets reach their step and nothing else (security case D6)", async () => {
    const token = `token-${crypto.randomUUID()}`;
    const context = lab.context({
      Dockerfile: `${from}RUN --mount=type=secret,id=file --mount=type=secret,id=env,env=KEY --mount=type=secret,id=none \\
  stat -c %a /run/secrets/file; grep -c token /run/secrets/file; echo $KEY | grep -c token; ls /run/secrets\nRUN ls /run/secrets 2>&1 | tail -n 1\n`,
    });
    const secret = join(lab.lab.root, "secret");
    writeFileSync(secret, token);
    const flags = ["--secret", `id=file,src=${secret}`, "--secret", "id=env,env=TOKEN", "-t", "secret"];
    const env = { TOKEN: token };
    const { code, stderr } = await lab.lab.berth(["build", "--network", "none", ...flags, context], { env });
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(stderr).not.toContain(token);
    const told = stderr.split("\n").flatMap((line) => /^#\d+ \d+\.\d+ (.*)/.exec(line)?.[1] ?? []);
    expect(told).toEqual(["400", "1", "1", "file", "ls: /run/secrets: No such file or directory"]);
    const saved = join(lab.lab.root, "saved.tar");
    expect((await lab.lab.berth(["save", "-o", saved, "secret"])).code).toBe(0);
    const search = Bun.spawnSync(["grep", "-rlaF", token, join(lab.lab.root, "data"), saved]);
    expect(search.stdout.toString()).toBe("");
  });

  test("a mount does not lead out of the stage that it comes from (security cases D2, D4)", async () => {
    const { victim } = lab.lab;
    const context = lab.context({
      Dockerfile: `FROM ${builtinImage} AS evil\nRUN ln -s ${victim} /link
${from}RUN --mount=type=bind,from=evil,source=/link,target=/x,rw ls /x; touch /x/harm\n`,
    });
    const linked = await lab.build(context);
    expect(linked).toMatchObject({ code: 1, stderr: expect.stringContaining("not found") });
    writeFileSync(
      join(context, "Dockerfile"),
      `FROM ${builtinImage} AS evil\nRUN ln -s ../../../../../../../../.. /up
${from}RUN --mount=type=bind,from=evil,source=/up,target=/x,rw test -e /x/bin/busybox && ! test -e /x${victim}
RUN --mount=type=bind,from=evil,target=/a/b/c mkdir /a/b/d; ln -s ${victim} /a/b/l; rmdir /a/b/d\n`,
    );
    const up = await lab.build(context);
    expect({ code: up.code, stderr: up.code === 0 ? "" : up.stderr }).toEqual({ code: 0, stderr: "" });
    expect(lab.lab.harm()).toEqual({ names: ["secret"], secret: "the canary\n" });
  });

  test("nothing outside the context is read (security case D1)", async () => {
    const victim = lab.lab.victim;
    const context = lab.context({ Dockerfile: `${from}COPY . /all\n`, "sub/f": "" });
    symlinkSync(join(victim, "secret"), join(context, "link"));
    symlinkSync(victim, join(context, "directory"));
    symlinkSync("../../victim/secret", join(context, "sub/up"));
    const iid = join(lab.lab.root, "d1");
    expect(await lab.build(context, "--iidfile", iid)).toMatchObject({ code: 0 });
    const image = readFileSync(iid, "utf8");
    expect(
      await lab.sh(
        image,
        "ls -l /all | grep -c -- '->'; cat /all/link /all/sub/up 2>&1 | grep -c canary || true",
      ),
    ).toBe("2\n0\n");
    for (const source of ["link", "directory/secret", "../victim/secret", "sub/up", "/../victim/secret"]) {
      writeFileSync(join(context, "Dockerfile"), `${from}COPY ${source} /x\n`);
      const { code, stderr } = await lab.build(context);
      expect({ source, code }).toEqual({ source, code: 1 });
      expect(stderr).toContain("not found");
    }
    expect(existsSync(join(victim, "secret"))).toBe(true);
    rmSync(context, { recursive: true });
  });
});
