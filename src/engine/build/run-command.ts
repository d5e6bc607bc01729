import type { RunStep } from "../../build/plan/types.ts";
import { DockerfileError } from "../../build/dockerfile-error.ts";
import { addLayer } from "../../image/add-layer.ts";
import type { NetworkOption } from "../run-options.ts";
import { resolveOwner } from "./copy-owner.ts";
import { type BuildEnvironment, directoriesOf, temporaryPath } from "./build-environment.ts";
import type { RunSurroundings } from "./build-options.ts";
import { prepareMounts } from "./run-mounts.ts";
import { runStep } from "./run-step.ts";
import type { SourceTrees } from "./source-trees.ts";
import type { StepWork } from "./step-work.ts";

/** RUN: what its result depends on, and how it is run. Files that it reads elsewhere do not count, as in Docker. */
export async function runWork(build: BuildEnvironment, step: RunStep, trees: SourceTrees): Promise<StepWork> {
  const { args, env, workdir, user, network, script } = step;
  const settledNetwork = networkOf(build, network);
  const prepared = await prepareMounts(build, step, trees);
  return {
    definition: [
      "run",
      { args, env, workdir, user, script, network: settledNetwork.kind },
      prepared.definition,
      ...surroundingsKey(build.options.surroundings),
    ],
    inputs: prepared.inputs,
    async perform(base, vertex) {
      const { context, driver, signal, tools, lease, epoch, options } = build;
      const directory = temporaryPath(build, "build");
      await using mounted = await prepared.mount(base);
      const grown = await runStep(context, {
        step,
        env: [...env, ...proxyEnvironment(build), ...mounted.env],
        driver,
        layers: base.layers.map(({ diffId }) => diffId),
        directory,
        mounts: mounted.mounts,
        network: settledNetwork,
        surroundings: options.surroundings,
        output: (bytes) => vertex.output(bytes),
        signal,
      });
      await mounted.removeTraces(grown);
      const latest = epoch === undefined ? {} : { latest: epoch };
      // With one id it was root in the end, in another one's name.
      const maker =
        context.identity.mode === "single" && user !== ""
          ? { maker: resolveOwner(user, directoriesOf(build, base)) }
          : {};
      const layer = await addLayer(
        tools,
        lease,
        (target) => context.treeReader.writeLayer({ tree: grown, ...target, ...latest, ...maker }, signal),
        signal,
      );
      await tools.removeTree(directory);
      return layer;
    },
  };
}

function networkOf({ options }: BuildEnvironment, asked: RunStep["network"]): NetworkOption {
  if (asked === "host" && options.network !== "host")
    throw new DockerfileError("granting entitlement network.host is not allowed", undefined, {
      hint: "allow it with berth build --network=host",
    });
  const kind = asked === "default" ? options.network : asked;
  return kind === "default" ? { kind: "slirp4netns" } : { kind };
}

/** As in BuildKit, limits count, and names of hosts, but not where they are; nothing is the same as not being there. */
function surroundingsKey({ names, ...surroundings }: RunSurroundings): unknown[] {
  if (names === undefined && Object.keys(surroundings).length === 0) return [];
  return [{ hosts: names?.hosts.map((host) => host.slice(0, host.indexOf(":"))), ...surroundings }];
}

const proxyNames = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"];

/** Proxies given as build arguments reach every RUN, and are no part of any key. */
function proxyEnvironment({ options }: BuildEnvironment): string[] {
  return Object.entries(options.buildArgs)
    .filter(([name]) => proxyNames.includes(name.toUpperCase()))
    .flatMap(([name, value]) => [`${name.toUpperCase()}=${value}`, `${name.toLowerCase()}=${value}`]);
}
