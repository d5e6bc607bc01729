import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { berth } from "../support/berth-executable.ts";
import { judge, noRealImage, Podman, type RealImage, realImage } from "../support/real-image.ts";

setDefaultTimeout(120_000);

/** What an archive keeps: the image's own manifest, or the configuration only. */
type Kept = "manifest" | "configuration";

const archives: Readonly<
  Record<
    string,
    { readonly kept: Kept; readonly make: (at: Place) => Promise<unknown>; readonly loaded: string }
  >
> = {
  "an OCI layout of umoci": {
    kept: "manifest",
    make: ({ image, path }) => judge(["cp", "-a", image.layout, path]),
    loaded: "image ID",
  },
  "an OCI archive of skopeo": {
    kept: "manifest",
    make: ({ path, skopeo }) => skopeo(`oci-archive:${path}:example.org/debian:made`),
    loaded: "example.org/debian:made",
  },
  "a gzipped OCI archive": {
    kept: "manifest",
    async make({ path, skopeo }) {
      await skopeo(`oci-archive:${path}:example.org/debian:made`);
      await judge(["sh", "-c", 'gzip -1 "$1" && mv "$1.gz" "$1"', "sh", path]);
    },
    loaded: "example.org/debian:made",
  },
  "a docker archive of skopeo": {
    kept: "configuration",
    make: ({ path, skopeo }) => skopeo(`docker-archive:${path}:example.org/debian:made`),
    loaded: "example.org/debian:made",
  },
  "a docker archive of podman": {
    kept: "configuration",
    make: ({ path, podman, name }) =>
      podman.run("save", "-q", "--format", "docker-archive", "-o", path, name),
    loaded: "name",
  },
  "an OCI archive of podman": {
    kept: "configuration",
    make: ({ path, podman, name }) => podman.run("save", "-q", "--format", "oci-archive", "-o", path, name),
    loaded: "name",
  },
  "an OCI layout of podman": {
    kept: "configuration",
    make: ({ path, podman, name }) => podman.run("save", "-q", "--format", "oci-dir", "-o", path, name),
    loaded: "name",
  },
};

interface Place {
  readonly image: RealImage;
  readonly path: string;
  /** Of the image at the registry. */
  readonly name: string;
  readonly podman: Podman;
  readonly skopeo: (target: string) => Promise<string>;
}

describe.skipIf(noRealImage !== undefined)("load takes what other tools wrote", () => {
  let image: RealImage;
  let podman: Podman;
  let name: string;
  let id: string;
  let digest: string;

  beforeAll(async () => {
    image = await realImage();
    name = image.name("OCI with gzip layers");
    podman = new Podman();
    await podman.run("pull", "-q", "--tls-verify=false", name);
    const raw = await judge(["skopeo", "inspect", "--raw", `oci:${image.layout}:${image.tag}`]);
    digest = `sha256:${new Bun.CryptoHasher("sha256").update(raw).digest("hex")}`;
    id = JSON.parse(raw).config.digest;
  });
  afterAll(async () => {
    await podman?.[Symbol.asyncDispose]();
  });

  test.each(Object.keys(archives))("%s", async (what) => {
    const { kept, make, loaded } = archives[what]!;
    const root = image.newDirectory("load");
    const path = join(root, "archive");
    const skopeo = (target: string) =>
      judge(["skopeo", "copy", "-q", "--insecure-policy", `oci:${image.layout}:${image.tag}`, target]);
    await make({ image, path, name, podman, skopeo });
    const { code, stdout, stderr } = await berth(root, ["load", "-i", path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const said = loaded === "name" ? `Loaded image: ${name}\n` : `Loaded image: ${loaded}\n`;
    expect(stdout).toBe(loaded === "image ID" ? `Loaded image ID: ${id}\n` : said);
    const [shown] = JSON.parse((await berth(root, ["inspect", id])).stdout);
    expect(shown.Id).toBe(id);
    if (kept === "manifest") expect(shown.Descriptor.digest).toBe(digest);
    const run = [
      "run",
      "--rm",
      "--network",
      "none",
      id,
      "sh",
      "-c",
      "cat /etc/motd; ls -ld /tmp; nginx -v 2>&1",
    ];
    expect((await berth(root, run)).stdout).toMatch(
      /^made for tests\ndrwxrwxrwt .*\nnginx version: nginx\/1\./,
    );
    expect(readdirSync(join(root, "data/tmp"))).toEqual([]);
    await berth(root, ["rmi", "-f", id]);
    expect(readdirSync(join(root, "data/layers"))).toEqual([]);
  });
});
