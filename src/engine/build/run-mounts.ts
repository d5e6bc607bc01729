import { CleanupStack } from "../../base/cleanup-stack.ts";
import { BerthError } from "../../base/errors.ts";
import { stubsOf } from "../../build/copy/remove-stubs.ts";
import type { PlannedMount, RunStep } from "../../build/plan/types.ts";
import type { GrownTree } from "../../snapshot/types.ts";
import type { SettledMount } from "../container-record.ts";
import { askBuildWorker } from "./build-worker.ts";
import { type BuildEnvironment, directoriesOf, type StageFiles } from "./build-environment.ts";
import { cacheMount } from "./cache-mounts.ts";
import { withTree } from "./host-tree.ts";
import type { MadeMount } from "./made-mount.ts";
import { boundFile, boundTree } from "./mount-files.ts";
import { secretMount, sshMount } from "./secret-mounts.ts";
import type { SourceTrees } from "./source-trees.ts";

/** What a RUN sees besides its root. */
export interface PreparedMounts {
  readonly definition: unknown;
  readonly inputs: readonly unknown[];
  mount(base: StageFiles): Promise<Mounted>;
}

export interface Mounted extends AsyncDisposable {
  readonly mounts: readonly SettledMount[];
  readonly env: readonly string[];
  /** Removes the empty files and directories that the mounts stood on. */
  removeTraces(grown: GrownTree): Promise<void>;
}

/** The mounts of one RUN. Secrets and agents are no part of what decides its result. */
export async function prepareMounts(
  build: BuildEnvironment,
  step: RunStep,
  trees: SourceTrees,
): Promise<PreparedMounts> {
  const inputs = await Promise.all(step.mounts.map((mount) => inputOf(mount, trees)));
  return {
    definition: step.mounts,
    inputs,
    async mount(base) {
      await using stack = new CleanupStack();
      const made: MadeMount[] = [];
      for (const [index, mount] of step.mounts.entries())
        made.push(await makeMount(build, mount, index, trees, stack));
      if (step.script !== undefined)
        made.push(
          await boundFile(build, stack, { target: step.args.at(-1)!, content: step.script, mode: 0o755 }),
        );
      const layers = directoriesOf(build, base);
      if (build.context.identity.mode === "single") made.push(...(await aptAsRoot(build, stack, layers)));
      const mounts = made.flatMap(({ mount }) => mount ?? []).toSorted(outerFirst);
      const targets = mounts.map(({ target }) => target).filter((target) => !target.startsWith("/dev/"));
      const stubs = withTree(layers, (tree) => stubsOf(tree, targets));
      const kept = stack.move();
      return {
        mounts,
        env: made.flatMap(({ env }) => env ?? []),
        async removeTraces({ directory }) {
          if (stubs.length === 0) return;
          const request = { kind: "remove-stubs" as const, tree: directory, base: layers, stubs };
          await askBuildWorker(build.context, request, build.signal);
        },
        [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
      };
    },
  };
}

/** With one id apt cannot become the user as whom it fetches; it makes sure of that, so no pretence helps. */
async function aptAsRoot(
  build: BuildEnvironment,
  stack: CleanupStack,
  layers: readonly string[],
): Promise<MadeMount[]> {
  const directory = "/etc/apt/apt.conf.d";
  const has = withTree(layers, (tree) => {
    using place = tree.resolve(directory);
    return !place.stack.isEmpty;
  });
  const file = { target: `${directory}/zz-one-id`, content: 'APT::Sandbox::User "root";\n', mode: 0o644 };
  return has ? [await boundFile(build, stack, file)] : [];
}

/** So that no mount hides another one. */
function outerFirst(a: SettledMount, b: SettledMount): number {
  return a.target.split("/").length - b.target.split("/").length;
}

/** What a bind mount shows counts; caches are left out on purpose. */
async function inputOf(mount: PlannedMount, trees: SourceTrees): Promise<unknown> {
  if (mount.type !== "bind" || mount.from === undefined) return null;
  const { key, ...tree } = await trees.tree(mount.from);
  if (key !== undefined) return key;
  const path = mount.source === "" ? "/" : mount.source;
  const item = { kind: "tree" as const, ...tree, path, exclude: [], archive: false };
  return (await trees.digest([item])).digest;
}

async function makeMount(
  build: BuildEnvironment,
  mount: PlannedMount,
  index: number,
  trees: SourceTrees,
  stack: CleanupStack,
): Promise<MadeMount> {
  const { target, readOnly, size } = mount;
  switch (mount.type) {
    case "bind":
      return boundTree(build, stack, await trees.tree(mount.from!), mount);
    case "cache":
      return cacheMount(build, stack, mount, mount.from && (await trees.tree(mount.from)));
    case "tmpfs": {
      const limit = size === undefined ? {} : { size };
      return { mount: { kind: "tmpfs", target, readOnly, flags: ["exec"], ...limit } };
    }
    case "secret":
      return secretMount(build, stack, mount);
    case "ssh":
      return sshMount(build, stack, mount, index);
    default:
      mount.type satisfies never;
      throw new BerthError("internal", "unknown mount of RUN");
  }
}
