/**
 * Dockerfiles as people write them, on a real Debian, with its packages: built, run and pushed on both storage drivers and
 * with one id. Most of it is one Dockerfile, whose stages are built at once.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { berth as runBerth } from "../support/berth-executable.ts";
import { judge, noRealImage, type RealImage, realImage, realPackagesArchive } from "../support/real-image.ts";

setDefaultTimeout(120_000);

const files: Readonly<Record<string, string>> = {
  Dockerfile: `# syntax=docker/dockerfile:1
ARG BASE
FROM \${BASE} AS base
RUN --mount=from=packages,target=/packages <<EOF
set -e
echo 'deb [trusted=yes] file:/packages ./' >/etc/apt/sources.list
apt-get update
EOF

FROM base AS nginx
LABEL maintainer="berth tests"
ENV NGINX_VERSION=1.22
RUN --mount=from=packages,target=/packages set -x \\
    && groupadd --system --gid 901 web \\
    && useradd --system --gid web --no-create-home --home /nonexistent --shell /bin/false --uid 901 web \\
    && apt-get install --no-install-recommends --no-install-suggests --reinstall -y nginx-light \\
    && rm -rf /var/lib/apt/lists/* \\
    && ln -sf /dev/stdout /var/log/nginx/access.log \\
    && ln -sf /dev/stderr /var/log/nginx/error.log \\
    && mkdir -p /var/lib/web && chown -R web:adm /var/lib/web && chmod 2750 /var/lib/web
COPY --chmod=755 entrypoint.sh /
ENTRYPOINT ["/entrypoint.sh"]
EXPOSE 80
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]

FROM base AS python
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN --mount=from=packages,target=/packages apt-get install -y --no-install-recommends python3-minimal
RUN useradd --create-home --uid 1000 app
WORKDIR /app
RUN chown app:app /app
USER app
COPY --chown=app:app app.py .
RUN python3 -c 'open("made", "w").write("by python\\n")' && mkdir data && chmod 700 data
CMD ["python3", "app.py"]

FROM base AS node
ARG NODE_ENV=production
ENV NODE_ENV=$NODE_ENV
RUN --mount=from=packages,target=/packages apt-get install -y --no-install-recommends nodejs
WORKDIR /usr/src/app
COPY package.json ./
RUN --mount=type=cache,target=/root/.npm node -p 'require("./package.json").version' | tee /root/.npm/version >version
COPY --chown=www-data:www-data . .
HEALTHCHECK --interval=30s CMD node -e 'process.exit(0)'
CMD ["node", "server.js"]

FROM base AS compiler
RUN --mount=from=packages,target=/packages apt-get install -y --no-install-recommends tcc libc6-dev
COPY hello.c .
RUN tcc -o /hello hello.c
FROM base AS c
COPY --from=compiler /hello /usr/local/bin/
CMD ["hello"]

FROM base AS bundler
COPY hello.ts /
RUN --mount=from=tools,target=/tools /tools/bun build --compile --outfile /hello /hello.ts
FROM base AS bun
COPY --from=bundler /hello /hello
ENTRYPOINT ["/hello"]

FROM scratch AS all
COPY --from=nginx /entrypoint.sh /
COPY --from=python /app /python
COPY --from=node /usr/src/app /node
COPY --from=c /usr/local/bin/hello /c
COPY --from=bun /hello /bun
`,
  every: `# escape=\\
ARG BASE
FROM \${BASE} AS parent
MAINTAINER berth tests
ONBUILD RUN echo on build >/on-build
FROM parent AS child
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ARG WHO=world
ENV GREETING="hello \${WHO}"
LABEL purpose=tests
ADD archive.tar /added/
COPY --chown=33:8 --chmod=640 app.py /copied
COPY <<-"END" /heredoc
	$not expanded
END
WORKDIR /work
RUN [[ -e /on-build ]] && echo "$GREETING" | tee out
VOLUME /data
EXPOSE 80/tcp 53/udp
HEALTHCHECK NONE
STOPSIGNAL SIGTERM
USER root
ENTRYPOINT ["/bin/cat"]
CMD ["out", "/heredoc", "/on-build", "/added/app.py"]
`,
  ".dockerignore": "ignored\n",
  ignored: "",
  "entrypoint.sh": '#!/bin/sh\necho entry\nexec "$@"\n',
  "app.py": "print(open('made').read(), end='')\n",
  "package.json": '{"version": "1.2.3"}',
  "server.js": 'console.log(require("fs").readFileSync("version", "utf8").trim(), process.env.NODE_ENV);\n',
  "hello.c": '#include <stdio.h>\nint main(void) { puts("hello from C"); return 0; }\n',
  "hello.ts": 'console.log("hello from Bun");\n',
};

const modes = ["overlay", "fuse-overlayfs", "one id"] as const;
const targets = ["nginx", "python", "node", "c", "bun", "every"] as const;
/** What the first mode made, by target. */
const trees = new Map<string, string>();

describe.skipIf(noRealImage !== undefined).each(modes)("with %s", (mode) => {
  let image: RealImage;
  let root: string;
  let context: string;
  let base: string;

  const succeed = async (...args: string[]) => {
    const env: Record<string, string> =
      mode === "one id" ? { PATH: "/nonexistent" } : { BERTH_STORAGE_DRIVER: mode };
    const { code, stdout, stderr } = await runBerth(root, args, { env });
    if (code !== 0) throw new Error(`${args.join(" ")}: status ${code}: ${stderr}`);
    return stdout;
  };
  const build = (target: string, ...flags: string[]) =>
    succeed(
      ...["build", "--progress", "plain", "--network", "none", "--build-arg", `BASE=${base}`],
      ...["packages", "tools"].flatMap((name) => ["--build-context", `${name}=${join(root, name)}`]),
      ...(target === "every" ? ["-f", join(context, "every")] : ["--target", target]),
      ...[...flags, context],
    );

  beforeAll(async () => {
    if (realPackagesArchive === undefined) throw new Error("no BERTH_DEBIAN_PACKAGES: see scripts/test");
    image = await realImage();
    base = image.name("OCI with gzip layers");
    root = image.newDirectory("build");
    context = join(root, "context");
    for (const name of ["context", "packages", "tools"]) mkdirSync(join(root, name));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(context, name), content);
    await judge(["tar", "-C", context, "-cf", join(context, "archive.tar"), "app.py"]);
    await judge(["tar", "-C", join(root, "packages"), "-xf", realPackagesArchive]);
    copyFileSync(process.execPath, join(root, "tools/bun"));
  });
  afterAll(async () => {
    const ids = (await succeed("images", "-aq")).split("\n").filter(Boolean);
    await succeed("rmi", "-f", ...new Set(ids));
    await succeed("builder", "prune", "-af");
  });

  test("all of them are built, at once", async () => {
    await build("all", "-t", "all");
    await build("every", "-t", "every");
  });

  test("they run", async () => {
    // With one id nobody can be the image's user.
    const asRoot = mode === "one id" ? ["-u", "root"] : [];
    const outputs = [];
    for (const target of targets) {
      if (target !== "every") await build(target, "-t", target);
      const command = target === "nginx" ? ["sh", "-c", "nginx -v 2>&1"] : [];
      outputs.push(await succeed("run", "--rm", "--network", "none", ...asRoot, target, ...command));
    }
    expect(outputs).toEqual([
      expect.stringMatching(/^entry\nnginx version: nginx\/1\.22/),
      "by python\n",
      "1.2.3 production\n",
      "hello from C\n",
      "hello from Bun\n",
      `hello world\n$not expanded\non build\n${files["app.py"]}`,
    ]);
  });

  test("they are pushed, and skopeo has them", async () => {
    for (const target of targets) {
      const name = `${image.host}/build/${target}:${mode.replace(" ", "-")}`;
      await succeed("tag", target, name);
      await succeed("push", "-q", name);
      const remote = ["skopeo", "inspect", "--config", "--tls-verify=false", `docker://${name}`];
      const [local] = JSON.parse(await succeed("image", "inspect", target));
      expect(JSON.parse(await judge(remote)).config.Cmd).toEqual(local.Config.Cmd ?? undefined);
    }
  });

  test("owners, modes, sizes and links are the same in every mode", async () => {
    for (const target of ["nginx", "python", "node", "every"]) {
      const archive = join(root, `${target}.tar`);
      await build(target, "-o", `type=tar,dest=${archive}`);
      const listed = await judge(["tar", "--numeric-owner", "--full-time", "-tvf", archive]);
      const tree = listed
        .split("\n")
        // With one id a copy has its maker's owner, not that of what was copied (/etc/shadow- is one), and apt is root.
        .filter((line) => !/ var\/(log|cache|lib\/apt)\/| etc\/g?shadow-$/.test(line))
        .map((line) => line.replace(/ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? /, " "))
        .join("\n");
      const expected = trees.get(target) ?? tree;
      trees.set(target, expected);
      expect(tree).toBe(expected);
    }
  });
});
