import type { CleanupStack } from "../../base/cleanup-stack.ts";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { systemErrorCode } from "../../base/errors.ts";
import { randomHex } from "../../sys/random-hex.ts";
import { DockerfileError } from "../../build/dockerfile-error.ts";
import type { PlannedMount } from "../../build/plan/types.ts";
import { ensurePrivateDirectory } from "../../sys/unpack-helpers.ts";
import type { BuildEnvironment } from "./build-environment.ts";
import type { MadeMount } from "./made-mount.ts";

/**
 * A secret as a file or a variable of one RUN. It is no part of the step's key, and is on a disk only while the step runs,
 * in the runtime directory.
 */
export function secretMount(build: BuildEnvironment, stack: CleanupStack, mount: PlannedMount): MadeMount {
  const id = mount.id || mount.source || basename(mount.target);
  const value = readSecret(build, id);
  if (value === undefined) {
    if (mount.required) throw new DockerfileError(`secret ${id}: not found`);
    return {};
  }
  const env = mount.env === undefined ? {} : { env: `${mount.env || id}=${value.toString()}` };
  if (mount.env !== undefined && mount.target === "") return env;
  if ((mount.uid ?? 0) !== 0 || (mount.gid ?? 0) !== 0)
    throw new DockerfileError("secrets of another owner than root are not supported yet", undefined, {
      hint: "mode=0444 lets everybody in the step read it",
    });
  const { runtime } = build.context.directories;
  ensurePrivateDirectory(runtime);
  const source = join(runtime, `secret-${randomHex(16)}`);
  stack.defer(() => rmSync(source, { force: true }));
  writeFileSync(source, value, { mode: 0o600, flag: "wx" });
  chmodSync(source, mount.mode ?? 0o400);
  const target = resolve("/run/secrets", mount.target || id);
  return { ...env, mount: { kind: "bind", source, target, readOnly: true, createSource: false } };
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

/** The socket of the person's ssh agent. */
export function sshMount({ options }: BuildEnvironment, mount: PlannedMount, index: number): MadeMount {
  const id = mount.id || "default";
  const source = options.ssh[id];
  if (source === undefined) {
    if (mount.required)
      throw new DockerfileError(`unset ssh forward key ${id}`, undefined, {
        hint: `berth build --ssh ${id} passes on the agent of SSH_AUTH_SOCK`,
      });
    return {};
  }
  const target = mount.target || `/run/buildkit/ssh_agent.${index}`;
  return {
    mount: { kind: "bind", source, target, readOnly: true, createSource: false },
    env: `SSH_AUTH_SOCK=${target}`,
  };
}
