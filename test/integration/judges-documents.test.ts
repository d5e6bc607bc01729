import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { berth } from "../support/berth-executable.ts";
import { judge, noRealImage, Podman, type RealImage, realImage } from "../support/real-image.ts";

setDefaultTimeout(120_000);

interface PodmanImage {
  readonly Id: string;
  readonly Digest: string;
  readonly Created: string;
  readonly Author: string;
  readonly Architecture: string;
  readonly Os: string;
  readonly Config: Record<string, unknown>;
  readonly RootFS: { readonly Type: string; readonly Layers: readonly string[] };
}

describe.skipIf(noRealImage !== undefined)("what berth tells of Debian with nginx", () => {
  let image: RealImage;
  let podman: Podman;
  let root: string;
  let name: string;
  const shown = async (...args: string[]) => {
    const { code, stdout, stderr } = await berth(root, args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  };

  beforeAll(async () => {
    image = await realImage();
    podman = new Podman();
    root = image.newDirectory("documents");
    name = image.name("OCI with gzip layers");
    await Promise.all([shown("pull", "-q", name), podman.run("pull", "-q", "--tls-verify=false", name)]);
  });
  afterAll(async () => {
    await berth(root, ["rmi", "-f", name]);
    await podman?.[Symbol.asyncDispose]();
  });

  test("inspect has the fields of podman's inspect, with the same values", async () => {
    const [ours] = JSON.parse(await shown("inspect", name));
    const [theirs] = JSON.parse(await podman.run("image", "inspect", name)) as [PodmanImage];
    expect(ours).toMatchObject({
      Id: `sha256:${theirs.Id}`,
      RepoTags: [name],
      RepoDigests: [`${name.replace(/:nginx$/, "")}@${theirs.Digest}`],
      Created: theirs.Created,
      Author: theirs.Author,
      Architecture: theirs.Architecture,
      Os: theirs.Os,
      Config: theirs.Config,
      RootFS: theirs.RootFS,
    });
  });

  test("inspect agrees with the configuration and the manifest that skopeo reads at the registry", async () => {
    const [ours] = JSON.parse(await shown("inspect", name));
    const skopeo = (...flags: string[]) =>
      judge(["skopeo", "inspect", ...flags, "--tls-verify=false", `docker://${name}`]).then((text) =>
        JSON.parse(text),
      );
    const config = await skopeo("--config");
    const manifest = await skopeo();
    expect(ours.Config).toMatchObject(config.config);
    expect(ours.RootFS.Layers).toEqual(config.rootfs.diff_ids);
    expect(ours.Descriptor.digest).toBe(manifest.Digest);
    expect(ours.Config.Env).toEqual(manifest.Env);
    expect(ours.Config.Labels).toEqual(manifest.Labels);
  });

  test("history has podman's rows: times, commands, comments; only the first has an id", async () => {
    const ours = (await shown("history", "--no-trunc", "--format", "json", name)).trimEnd().split("\n");
    const rows = ours.map((line) => JSON.parse(line) as Record<string, string>);
    const theirs = JSON.parse(await podman.run("history", "--format", "json", name)) as {
      id: string;
      created: string;
      CreatedBy: string;
      comment?: string;
    }[];
    expect(rows.map(({ CreatedBy, Comment }) => ({ CreatedBy, Comment }))).toEqual(
      theirs.map(({ CreatedBy, comment }) => ({ CreatedBy, Comment: comment ?? "" })),
    );
    expect(rows.map(({ CreatedAt }) => Date.parse(CreatedAt!))).toEqual(
      theirs.map(({ created }) => Date.parse(created)),
    );
    expect(rows.map(({ ID }) => ID)).toEqual([`sha256:${theirs[0]!.id}`, "<missing>", "<missing>"]);
  });

  test("sizes are those of the files in the layers, as Docker counts them", async () => {
    // Of regular files in each layer's tar, by tar itself; hard links and directories count nothing.
    const manifest = JSON.parse(
      await judge(["skopeo", "inspect", "--raw", `oci:${image.layout}:${image.tag}`]),
    ) as { layers: { digest: string }[] };
    const sizes = await Promise.all(
      manifest.layers.map(async ({ digest }) => {
        const script = `tar --numeric-owner -tvzf "$1" | awk '/^-/ && !/\\/\\.wh\\./ { sum += $3 } END { print sum }'`;
        const path = `${image.layout}/blobs/sha256/${digest.slice("sha256:".length)}`;
        return Number(await judge(["sh", "-c", script, "sh", path]));
      }),
    );
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const [ours] = JSON.parse(await shown("inspect", name));
    expect(ours.Size).toBe(total);
    const history = await shown("history", "--human=false", "--format", "{{.Size}}", name);
    expect(history).toBe(`0\n${sizes[1]}\n${sizes[0]}\n`);
    expect(await shown("images", "--format", "{{.Repository}}:{{.Tag}} {{.Size}}")).toBe(
      `${name} ${Math.round(total / 1e6)}MB\n`,
    );
  });

  test("images lists the id and the digest that podman lists", async () => {
    const format = "{{.ID}} {{.Digest}}";
    const ours = await shown("images", "--no-trunc", "--digests", "--format", format);
    expect(ours).toBe(await podman.run("images", "--no-trunc", "--format", format));
  });
});
