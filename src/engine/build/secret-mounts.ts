import type { CleanupStack } from "../../base/cleanup-stack.ts";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { systemErrorCode } from "../../base/errors.ts";
import { randomHex } from "../../sys/random-hex.ts";
import { DockerfileError } from "../../build/dockerfile-error.ts";
import type { PlannedMount } from "../../build/plan/types.ts";
import { ensurePrivateDirectory } from "../../sys/unpack-helpers.ts";
import type { BuildEnvironment } from "./build-environment.ts";
import { askBuildWorker } from "./build-worker.ts";
import type { MadeMount } from "./made-mount.ts";
import { relaySocket } from "./relay-socket.ts";

/**
 * A secret as a file or a variable of one RUN. It is no part of the step's key, and is on a disk only while the step runs,
 * in the runtime directory.
 */
export async function secretMount(
  build: BuildEnvironment,
  stack: CleanupStack,
  mount: PlannedMount,
): Promise<MadeMount> {
  const id = mount.id || mount.source || basename(mount.target);
  const value = readSecret(build, id);
  if (value === undefined) {
    if (mount.required) throw new DockerfileError(`secret ${id}: not found`);
    return {};
  }
  const env = mount.env === undefined ? {} : { env: `${mount.env || id}=${value.toString()}` };
  if (mount.env !== undefined && mount.target === "") return env;
  const source = newName(build, stack, "secret");
  writeFileSync(source, value, { mode: 0o600, flag: "wx" });
  await give(build, source, { mode: 0o400, ...mount });
  const target = resolve("/run/secrets", mount.target || id);
  return { ...env, mount: { kind: "bind", source, target, readOnly: true, createSource: false } };
}

/** A name in the runtime directory, for as long as the step runs. */
function newName({ context }: BuildEnvironment, stack: CleanupStack, kind: string): string {
  const { runtime } = context.directories;
  ensurePrivateDirectory(runtime);
  const path = join(runtime, `${kind}-${randomHex(16)}`);
  stack.defer(() => rmSync(path, { force: true }));
  return path;
}

/** Gives a file the owner and mode that a mount wants. With one id everybody is its owner. */
async function give(
  { context, signal }: BuildEnvironment,
  path: string,
  { mode, uid = 0, gid = 0 }: Pick<PlannedMount, "uid" | "gid"> & { readonly mode: number },
): Promise<void> {
  chmodSync(path, mode);
  if ((uid === 0 && gid === 0) || context.identity.mode === "single") return;
  const place = { directory: dirname(path), name: basename(path) };
  await askBuildWorker(context, { kind: "give", ...place, uid, gid }, signal);
}

function readSecret({ options, context }: BuildEnvironment, id: string): Buffer | undefined {
  const secret = options.secrets.find((each) => each.id === id);
  if (secret === undefined) return undefined;
  if ("variable" in secret) {
    const value = context.env[secret.variable];
    return value === undefined ? undefined : Buffer.from(value);
  }
  try {
    return readFileSync(resolve(options.workingDirectory, secret.file));
  } catch (error) {
    throw new DockerfileError(
      `failed to read secret ${id}: ${secret.file}: ${systemErrorCode(error) ?? "unreadable"}`,
      undefined,
      { cause: error },
    );
  }
}

/** The socket of the person's ssh agent, or one of ours that leads there and belongs to whom the mount says. */
export async function sshMount(
  build: BuildEnvironment,
  stack: CleanupStack,
  mount: PlannedMount,
  index: number,
): Promise<MadeMount> {
  const id = mount.id || "default";
  const agent = build.options.ssh[id];
  if (agent === undefined) {
    if (mount.required)
      throw new DockerfileError(`unset ssh forward key ${id}`, undefined, {
        hint: `berth build --ssh ${id} passes on the agent of SSH_AUTH_SOCK`,
      });
    return {};
  }
  const { uid, gid, mode = 0o600 } = mount;
  let source = agent;
  if (uid || gid || mode !== 0o600) {
    source = newName(build, stack, "agent");
    stack.use(await relaySocket(source, agent));
    await give(build, source, { ...mount, mode });
  }
  const target = mount.target || `/run/buildkit/ssh_agent.${index}`;
  return {
    mount: { kind: "bind", source, target, readOnly: true, createSource: false },
    env: `SSH_AUTH_SOCK=${target}`,
  };
}
