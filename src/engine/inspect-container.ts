import { BerthError } from "../base/errors.ts";
import { type ContainerPort, portKey } from "../oci/ports.ts";
import type { ImageExecutionConfig } from "../oci/types.ts";
import type { ContainerHealth, ContainerRecord, ContainerState } from "../store/types.ts";
import { exists } from "../sys/files.ts";
import { logPath } from "./container-logging.ts";
import { type MountPoint, mountPoints } from "./container-mounts.ts";
import { optionsOf } from "./container-record.ts";
import { isUp } from "./container-status.ts";
import { sizes } from "./containers.ts";
import type { EngineContext } from "./context.ts";
import { execsOf } from "./exec-sessions.ts";
import { hostConfig } from "./inspect-host-config.ts";
import { networkSettings } from "./inspect-network.ts";
import { knownNetworks } from "./network/members.ts";
import { settledToRead } from "./reconcile-containers.ts";

/** Docker's zero time, for what has not happened. */
const never = "0001-01-01T00:00:00Z";

/**
 * A container in the shape of `docker inspect` (moby api/types/container), keys in its order. A field that is undefined
 * is left out of the document, but templates may ask for it. `size` adds SizeRw and SizeRootFs.
 */
export async function inspectContainer(
  context: EngineContext,
  idOrName: string,
  size = false,
): Promise<Record<string, unknown>> {
  const store = context.readingStore;
  const container = await settledToRead(context, store.containers.get(idOrName));
  if (container === undefined) throw new BerthError("not-found", `No such container: ${idOrName}`);
  const { state } = container;
  const options = optionsOf(container);
  const directory = store.layout.container(container.id);
  const log = logPath(directory);
  const hasLog = exists(log);
  const image = store.images.get(container.imageId);
  const lower = store.containers.layersOf(container.id).map((diffId) => store.layers.path(diffId));
  const bytes = size ? await sizes(context, container) : undefined;
  const [path = "", ...args] = options.args;
  const execs = isUp(state) ? execsOf(context.directories, container.id) : [];
  return {
    Id: container.id,
    Created: container.createdAt,
    Path: path,
    Args: args,
    State: stateOf(state),
    Image: container.imageId,
    ResolvConfPath: `${directory}/resolv.conf`,
    HostnamePath: `${directory}/hostname`,
    HostsPath: `${directory}/hosts`,
    LogPath: hasLog ? log : "",
    Name: `/${container.name}`,
    RestartCount: state.restarts ?? 0,
    Driver: options.driver,
    Platform: image?.config.os ?? "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: execs.length > 0 ? execs : null,
    HostConfig: hostConfig(options, hasLog || state.startedAt === undefined),
    GraphDriver: {
      Data: {
        LowerDir: lower.length > 0 ? lower.toReversed().join(":") : undefined,
        UpperDir: `${directory}/upper`,
        WorkDir: `${directory}/work`,
        // The kernel's overlay is mounted where only the container sees it.
        ...(options.driver === "overlay" ? {} : { MergedDir: `${directory}/merged` }),
      },
      Name: options.driver,
    },
    SizeRw: bytes?.sizeRw,
    SizeRootFs: bytes?.sizeRootFs,
    Mounts: mountPoints(store.layout, options.mounts)
      .filter(({ type }) => type !== "tmpfs")
      .map(mountPoint),
    Config: configOf(container, image?.config.config),
    NetworkSettings: networkSettings(
      options,
      state,
      knownNetworks(context.readingStore, container.id),
      container.name,
    ),
  };
}

function stateOf(state: ContainerState): Record<string, unknown> {
  return {
    Status: state.status,
    // Docker takes one that waits for its restart for a running one, too.
    Running: isUp(state) || state.status === "restarting",
    Paused: state.status === "paused",
    Restarting: state.status === "restarting",
    OOMKilled: state.oomKilled ?? false,
    Dead: state.status === "dead",
    Pid: isUp(state) ? (state.process?.pid ?? 0) : 0,
    ExitCode: state.exitCode ?? 0,
    Error: state.error ?? "",
    StartedAt: state.startedAt ?? never,
    FinishedAt: state.finishedAt ?? never,
    Health: state.health && healthOf(state.health),
  };
}

function healthOf({ status, failingStreak, log }: ContainerHealth): Record<string, unknown> {
  return {
    Status: status,
    FailingStreak: failingStreak,
    Log: log.map(({ start, end, exitCode, output }) => ({
      Start: start,
      End: end,
      ExitCode: exitCode,
      Output: output,
    })),
  };
}

/** `image` is undefined when it was removed meanwhile. */
function configOf(
  container: ContainerRecord,
  image: ImageExecutionConfig | undefined,
): Record<string, unknown> {
  const { run, ...options } = optionsOf(container);
  // Docker sets these in the container, and does not show them as asked for.
  const fromBerth = [`HOSTNAME=${options.hostname}`, ...(run.terminal ? ["TERM=xterm"] : [])];
  return {
    Hostname: options.hostname,
    Domainname: run.domainname ?? "",
    User: options.user,
    AttachStdin: run.attached?.stdin ?? run.interactive,
    AttachStdout: run.attached?.stdout ?? true,
    AttachStderr: run.attached?.stderr ?? true,
    ExposedPorts: exposedSet(options.exposed),
    Tty: run.terminal,
    OpenStdin: run.interactive,
    StdinOnce: run.stdinOnce ?? (run.interactive && run.attached === undefined),
    Env: options.env.filter((entry) => !fromBerth.includes(entry)),
    Cmd: commandOf(container, image),
    Healthcheck: options.healthcheck,
    Image: container.image,
    Volumes: volumes(container, image),
    WorkingDir: options.workdir,
    Entrypoint: run.entrypoint === undefined ? (image?.Entrypoint ?? null) : [run.entrypoint].filter(Boolean),
    OnBuild: image?.OnBuild ?? undefined,
    Labels: container.labels,
    StopSignal: options.stopSignal,
    StopTimeout: run.stopTimeout,
    Shell: image?.Shell ?? undefined,
  };
}

/** As a set is written in JSON by Go. */
function exposedSet(ports: readonly ContainerPort[] = []): Record<string, object> | undefined {
  return ports.length === 0 ? undefined : Object.fromEntries(ports.map((port) => [portKey(port), {}]));
}

/** What was asked for; else the image's command, which counts only together with its entrypoint. */
function commandOf(
  container: ContainerRecord,
  image: ImageExecutionConfig | undefined,
): readonly string[] | null {
  const { run, args } = optionsOf(container);
  if (run.command.length > 0) return run.command;
  if (run.entrypoint !== undefined) return null;
  return image === undefined ? args : (image.Cmd ?? null);
}

/** Targets of the image's volumes, and of the anonymous ones that were asked for. */
function volumes(container: ContainerRecord, image: ImageExecutionConfig | undefined): object | null {
  const anonymous = optionsOf(container).mounts.filter((mount) => mount.kind === "volume" && mount.anonymous);
  const all = { ...image?.Volumes, ...Object.fromEntries(anonymous.map(({ target }) => [target, {}])) };
  return Object.keys(all).length > 0 ? all : null;
}

function mountPoint(mount: MountPoint): Record<string, unknown> {
  return {
    Type: mount.type,
    Name: mount.name,
    Source: mount.source,
    Destination: mount.destination,
    Driver: mount.type === "volume" ? "local" : undefined,
    Mode: mount.readOnly ? "ro" : "",
    RW: !mount.readOnly,
    Propagation: mount.propagation,
  };
}
