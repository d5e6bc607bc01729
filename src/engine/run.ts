import { type Launch, launch } from "../container/launch.ts";
import { type FuseMount, namespaceCommand } from "../container/namespace-command.ts";
import { planContainer } from "../container/plan.ts";
import type { ContainerSpec } from "../container/spec.ts";
import { isTerminal } from "../sys/libc.ts";
import { compileSeccomp } from "../sys/seccomp.ts";
import { selfCommand } from "../sys/self-command.ts";
import { ContainerStreams, rawTerminal, setWindowSize, windowSize } from "./container-streams.ts";
import type { EngineContext } from "./context.ts";
import { callersOpenFileLimit } from "./open-file-limit.ts";
import { type NetworkPlan, planNetwork } from "./network-attachment.ts";
import type { PullTalk } from "./obtain-image.ts";
import type { RunOptions } from "./run-options.ts";
import { SignalForwarding } from "./signal-forwarding.ts";
import { chooseDriver } from "./storage-driver.ts";

/**
 * Runs a container in the foreground and answers its exit status: the program's own, or 128 + n for a signal. This
 * process is the container's monitor: it owns streams, network and record, and when it ends, however it ends, the
 * kernel ends the container.
 */
export async function runContainer(
  context: EngineContext,
  options: RunOptions,
  talk: PullTalk,
): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const streams = stack.use(new ContainerStreams(options));
  const { driver } = await chooseDriver(context, options.storageDriver);
  const network = planNetwork(options.network, () => context.helpers);
  const launchWith = (fuse?: FuseMount) => stack.use(launchNamespaces(context, network, streams, fuse));

  // Another CPU makes the namespaces while this one looks for the image; fuse-overlayfs has to know the layers first.
  const early = driver === "fuse-overlayfs" ? undefined : launchWith();
  const { obtainImage, createContainer, containerSpec } = await import("./ready-container.ts");
  const image = await obtainImage(context, options, talk);
  talk.signal?.throwIfAborted();
  const signals = new SignalForwarding();
  const { container, life } = await createContainer(context, options, { image, driver, network }, stack);
  const spec = await containerSpec(context, container, { network, openFiles: callersOpenFileLimit() });
  const launching = early ?? launchWith(spec.root.kind === "fuse-overlayfs" ? spec.root : undefined);
  try {
    const launched = await launching.start(startRequest(spec), network.attach?.(stack));
    life.started(launched.pid);
    signals.to(launched.pid);
    if (launched.terminal !== undefined) {
      connectTerminal(launched.terminal, options, stack);
      streams.beginTerminal(
        launched.terminal,
        launched.exited.catch(() => undefined),
        options,
      );
    }
    const status = await launched.exited;
    await streams.drained();
    life.exited(status);
    return status;
  } catch (error) {
    life.failed(error);
    throw error;
  }
}

function launchNamespaces(
  context: EngineContext,
  network: NetworkPlan,
  streams: ContainerStreams,
  fuse: FuseMount | undefined,
): Launch {
  const { helpers, identity } = context;
  const launching = launch({
    helpers,
    identity,
    command: namespaceCommand({ helpers, self: selfCommand(), network: network.namespace, fuse }),
    env: { PATH: context.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin" },
    stdio: streams.stdio,
  });
  streams.begin();
  return launching;
}

function startRequest(spec: ContainerSpec): Parameters<Launch["start"]>[0] {
  const { capabilities, terminal } = spec.process;
  const size = terminal ? windowSize(1) : undefined;
  const seccomp = compileSeccomp({ capabilities, pretendOwnership: spec.singleIdentity });
  return {
    operations: planContainer(spec),
    process: spec.process,
    seccomp: seccomp.toBase64(),
    singleIdentity: spec.singleIdentity,
    ownNetwork: spec.network === "private",
    ...(size === undefined ? {} : { windowSize: size }),
  };
}

function connectTerminal(master: number, options: RunOptions, stack: AsyncDisposableStack): void {
  if (options.interactive && isTerminal(0)) stack.use(rawTerminal(0));
  const resize = () => {
    const size = windowSize(1);
    if (size) setWindowSize(master, size);
  };
  process.on("SIGWINCH", resize);
  stack.defer(() => void process.removeListener("SIGWINCH", resize));
}
