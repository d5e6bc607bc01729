/** buildah builds the same Dockerfiles: what comes out has to be the same tree and configuration; podman takes berth's image. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BuildLab, buildLab } from "../support/build-lab.ts";
import { builtinImage } from "../support/container-lab.ts";
import { judge, Podman } from "../support/real-image.ts";

setDefaultTimeout(120_000);

const from = `FROM ${builtinImage}`;

const dockerfiles: Readonly<Record<string, string>> = {
  "files from the context": `${from}
COPY tree /all/
COPY tree/*.txt tree/sub/ /some/
COPY --chown=33:8 --chmod=640 tree/a.txt /owned
COPY --chown=5 tree/sub /owned-tree
COPY tree/a.txt tree/b.txt /new/directory/
COPY tree/link /followed
ADD archive.tar /unpacked/
ADD tree/a.txt /added
WORKDIR /deep/er
COPY tree/b.txt .
WORKDIR ../up
COPY . relative
`,
  "files that steps make": `${from} AS first
RUN mkdir -p /d/e /gone && echo 1 >/d/f && echo 2 >/d/e/f && ln /d/f /d/hard && ln -s f /d/link && echo x >/gone/x && mkfifo /d/pipe
RUN chmod 4711 /d/f && chown 7:8 /d/e /d/e/f && chmod 2770 /d/e
${from}
COPY --from=first /d /copied
COPY --from=first /d/e/f /d/hard /two/
RUN rm -r /copied/e && mkdir /copied/e && echo new >/copied/e/g && rm /two/f && rm -r /var && mkdir -m 700 -p /var/new
RUN echo more >>/copied/f; touch -d '2001-02-03 04:05:06' /copied/link; rm -rf /two
`,
  "the configuration": `ARG VERSION=1
${from}
ARG VERSION
ARG OTHER=o
ENV A=1 B="two words" \\
    C=$A-\${OTHER:-x}-\${UNSET:+y}-$VERSION
ENV OLD form of value
LABEL one=1 two="a b" "three"=$A
LABEL one=again
EXPOSE 80 53/udp
VOLUME /v1 /v2
VOLUME ["/v 3"]
USER 5:6
WORKDIR /tmp
WORKDIR ../var/tmp
STOPSIGNAL SIGUSR1
ENTRYPOINT exec echo
CMD ["a", "b"]
`,
};

describe("buildah agrees about", () => {
  let lab: BuildLab;
  let storage: string;
  let runtime: string;
  let context: string;

  const buildah = (...args: string[]) =>
    judge([
      ...["buildah", `--root=${storage}`, `--runroot=${runtime}/run`, "--storage-driver=overlay"],
      ...args,
    ]);

  beforeAll(async () => {
    lab = await buildLab();
    storage = mkdtempSync(join(tmpdir(), "buildah-"));
    runtime = mkdtempSync("/tmp/berth-b");
    context = lab.context({
      "tree/a.txt": "a",
      "tree/b.txt": "b",
      "tree/sub/c": "c",
      "tree/sub/.hidden": "",
      "tree/sub/name with spaces": "",
      "tree/sub/ignored": "",
      ".dockerignore": "**/ignored\n",
      ...dockerfiles,
    });
    symlinkSync("a.txt", join(context, "tree/link"));
    symlinkSync("/nowhere", join(context, "tree/sub/dangling"));
    mkdirSync(join(context, "tree/empty"));
    chmodSync(join(context, "tree/b.txt"), 0o755);
    utimesSync(join(context, "tree/a.txt"), 1e9, 1e9);
    await judge([
      "tar",
      "-C",
      join(context, "tree"),
      "--owner=9",
      "--group=9",
      "-cf",
      join(context, "archive.tar"),
      ".",
    ]);
    const saved = join(lab.lab.root, "base.tar");
    await lab.lab.run([builtinImage, "true"]);
    await lab.lab.berth(["save", "-o", saved, builtinImage]);
    await buildah("pull", "-q", `docker-archive:${saved}`);
  });
  afterAll(async () => {
    await judge(["unshare", "--map-auto", "--map-root-user", "rm", "-rf", storage, runtime]);
    rmSync(runtime, { recursive: true, force: true });
    await lab[Symbol.asyncDispose]();
  });

  /** Every file of an image with its type, mode, owner, size or target, links and content; as umoci unpacks it. */
  async function treeOf(layout: string): Promise<string[]> {
    const script = `umoci unpack --image "$1:made" "$1/bundle" && cd "$1/bundle/rootfs" &&
      find . -mindepth 1 ! -type f -printf '%P %y %m %U:%G %l\\n' && find . -type f -printf '%P %y %m %U:%G %n ' -exec sha256sum {} \\; | cut -d ' ' -f 1-99 | sed 's/ .\\/.*//' &&
      rm -r "$1/bundle"`;
    const listed = await judge([
      "unshare",
      "--map-auto",
      "--map-root-user",
      "sh",
      "-euc",
      script,
      "sh",
      layout,
    ]);
    return (
      listed
        .split("\n")
        // buildah leaves what its mount stood on.
        .filter((line) => line !== "" && !line.startsWith("etc/hostname "))
        .sort()
    );
  }

  async function configOf(layout: string): Promise<unknown> {
    const { config, os, architecture } = JSON.parse(
      await judge(["skopeo", "inspect", "--config", "--raw", `oci:${layout}:made`]),
    );
    delete config.ArgsEscaped; // BuildKit's, and not buildah's
    return { config: { ...config, Env: config.Env.toSorted() }, os, architecture };
  }

  test.each(Object.keys(dockerfiles))("%s", async (name) => {
    const layouts = ["ours", "theirs"].map((side) => join(lab.lab.root, `${name}-${side}`));
    const [ours, theirs] = layouts as [string, string];
    const file = join(context, name);
    const built = await lab.build(context, "-q", "-f", file, "-t", "made");
    expect({ code: built.code, stderr: built.stderr }).toEqual({ code: 0, stderr: "" });
    await lab.lab.berth(["save", "-o", `${ours}.tar`, "made"]);
    await judge([
      "skopeo",
      "copy",
      "--quiet",
      "--insecure-policy",
      `docker-archive:${ours}.tar`,
      `oci:${ours}:made`,
    ]);
    await buildah(
      ...[
        "build",
        "-q",
        "--layers",
        "--network=none",
        "--identity-label=false",
        "-t",
        "made",
        "-f",
        file,
        context,
      ],
    );
    await buildah("push", "-q", "localhost/made", `oci:${theirs}:made`);
    expect(await treeOf(ours)).toEqual(await treeOf(theirs));
    expect(await configOf(ours)).toEqual(await configOf(theirs));
  });

  test("podman runs what was built", async () => {
    await lab.build(context, "-q", "-f", join(context, "the configuration"), "-t", "made");
    const saved = join(lab.lab.root, "made.tar");
    await lab.lab.berth(["save", "-o", saved, "made"]);
    await using podman = new Podman();
    await podman.run("load", "-q", "-i", saved);
    const flags = ["--rm", "--network=none", "--user=0", "--entrypoint=/bin/sh"];
    expect(await podman.run("run", ...flags, "docker.io/library/made", "-c", "echo $A $B $C; pwd")).toBe(
      "1 two words -o--1\n/var/tmp\n",
    );
  });
});
