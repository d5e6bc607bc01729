import { CleanupStack } from "../base/cleanup-stack.ts";
import type { FuseMount } from "../container/namespace-command.ts";
import { ContainerStreams } from "./container-streams.ts";
import type { EngineContext } from "./context.ts";
import { takeBegun } from "./head-start.ts";
import { launchNamespaces } from "./launch-namespaces.ts";
import { planNamespaces } from "./namespace-plan.ts";
import { planNetwork } from "./network-attachment.ts";
import type { PullTalk } from "./obtain-image.ts";
import { callersOpenFileLimit } from "./open-file-limit.ts";
import type { RunOptions } from "./run-options.ts";
import { SignalForwarding } from "./signal-forwarding.ts";
import { chooseDriver } from "./storage-driver.ts";

/**
 * Runs a `--rm` container without a terminal in the foreground and answers its exit status: the program's own, or
 * 128 + n for a signal. This process is the container's monitor: it owns network and record, hands on its own streams,
 * and when it ends, however it ends, the kernel ends the container.
 */
export async function runContainer(
  context: EngineContext,
  options: RunOptions,
  talk: PullTalk,
): Promise<number> {
  await using stack = new CleanupStack();
  const network = planNetwork(context, options.network);
  const namespaces = stack.use(await planNamespaces(context, options, network));
  const begun = stack.use(await takeBegun(ContainerStreams, options, namespaces, context.identity));
  const { driver } = begun ?? (await chooseDriver(context, options.storageDriver, options.userns));
  const streams = begun?.streams ?? stack.use(new ContainerStreams(options));
  const launchWith = (fuse?: FuseMount) => {
    const launching =
      begun?.launching ?? stack.use(launchNamespaces(context, namespaces, streams.stdio, fuse));
    streams.begin();
    return launching;
  };

  // Another CPU makes the namespaces while this one looks for the image; fuse-overlayfs has to know the layers first.
  const early = driver === "fuse-overlayfs" ? undefined : launchWith();
  const { obtainImage, createContainer, prepareStart } = await import("./ready-container.ts");
  const image = await obtainImage(context, options, talk);
  talk.signal?.throwIfAborted();
  const { container, life } = await createContainer(context, options, { image, driver, network }, stack);
  const { request, fuse } = await prepareStart(context, container, {
    namespaces: namespaces.modes,
    openFiles: callersOpenFileLimit(),
  });
  const launching = early ?? launchWith(fuse);
  talk.signal?.throwIfAborted();
  const starting = launching.start(request, network.attach?.(container, stack));
  // While init has its orders, the rest is made ready, and what the end needs is loaded.
  const signals = new SignalForwarding();
  life.attached();
  void Promise.all([import("../snapshot/remove-snapshot-tree.ts"), import("../sys/exit-now.ts")]);
  const launched = await starting;
  life.started(launched.pid, container.options.healthcheck);
  signals.to(launched.pid);
  if (container.options.healthcheck) {
    const { startHealthChecks } = await import("./health.ts");
    stack.use(startHealthChecks(context, container.id));
  }
  const status = await launched.exited;
  await streams.drained();
  life.exited(status);
  return status;
}
