/** Directories to build from, and builds of them, in a container lab. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ContainerLab, containerLab } from "./container-lab.ts";
import type { Ended } from "./berth-executable.ts";

export interface BuildLab extends AsyncDisposable {
  readonly lab: ContainerLab;
  /** A new directory with these files; a Dockerfile among them is usual. */
  context(files: Readonly<Record<string, string | Uint8Array>>): string;
  /** `berth build --network none FLAGS… CONTEXT` */
  build(context: string, ...flags: string[]): Promise<Ended>;
  /** Builds files, which must succeed; answers the id of the image. */
  image(files: Readonly<Record<string, string | Uint8Array>>, ...flags: string[]): Promise<string>;
  /** What a shell script prints in an image; it must succeed. */
  sh(image: string, script: string): Promise<string>;
}

export async function buildLab(driver?: string): Promise<BuildLab> {
  const lab = await containerLab(driver);
  const context: BuildLab["context"] = (files) => {
    const directory = mkdtempSync(join(lab.root, "context-"));
    for (const [name, content] of Object.entries(files)) {
      const path = join(directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    return directory;
  };
  const build: BuildLab["build"] = (directory, ...flags) =>
    lab.berth(["build", "--network", "none", ...flags, directory]);
  return {
    lab,
    context,
    build,
    async image(files, ...flags) {
      const { code, stdout, stderr } = await build(context(files), "-q", ...flags);
      if (code !== 0) throw new Error(`the build failed: ${stderr}`);
      return stdout.trim();
    },
    async sh(image, script) {
      const { code, stdout, stderr } = await lab.sh(image, script);
      if (code !== 0) throw new Error(`the script failed: ${stderr}`);
      return stdout;
    },
    async [Symbol.asyncDispose]() {
      const ids = (await lab.berth(["images", "-aq"])).stdout.split("\n").filter(Boolean);
      await lab.berth(["rmi", "-f", ...new Set(ids)]);
      await lab.berth(["builder", "prune", "-af"]);
      await lab[Symbol.asyncDispose]();
    },
  };
}
