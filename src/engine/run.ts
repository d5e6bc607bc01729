import { type Launch, type LaunchedContainer, launch } from "../container/launch.ts";
import { namespaceCommand } from "../container/namespace-command.ts";
import { planContainer } from "../container/plan.ts";
import { isTerminal } from "../sys/libc.ts";
import { compileSeccomp } from "../sys/seccomp.ts";
import { selfCommand } from "../sys/self-command.ts";
import { ContainerStreams, rawTerminal, setWindowSize, windowSize } from "./container-streams.ts";
import type { EngineContext } from "./context.ts";
import { obtainImage, type PullTalk } from "./obtain-image.ts";
import { type PreparedContainer, prepareContainer } from "./prepare-container.ts";
import type { RunOptions } from "./run-options.ts";
import { SignalForwarding } from "./signal-forwarding.ts";

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
  const image = await obtainImage(context, options, talk);
  talk.signal?.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const container = await prepareContainer(context, options, image, stack);
  const signals = stack.use(new SignalForwarding());
  const streams = stack.use(new ContainerStreams(options));
  const launched = await start(context, container, streams, stack);
  container.life.started(launched.pid);
  signals.to(launched.pid);

  if (launched.terminal !== undefined) {
    connectTerminal(launched.terminal, options, stack);
    streams.beginTerminal(
      launched.terminal,
      launched.exited.catch(() => undefined),
      options,
    );
  }
  const status = await launched.exited.catch((error) => {
    container.life.failed(error);
    throw error;
  });
  await streams.drained();
  container.life.exited(status);
  return status;
}

async function start(
  context: EngineContext,
  container: PreparedContainer,
  streams: ContainerStreams,
  stack: AsyncDisposableStack,
): Promise<LaunchedContainer> {
  const { spec } = container;
  const starting: Launch = launch({
    command: namespaceCommand({
      helpers: context.helpers,
      identity: context.identity,
      self: selfCommand(),
      root: spec.root,
      network: spec.network,
    }),
    env: { PATH: context.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin" },
    stdio: streams.stdio,
  });
  streams.begin();
  try {
    // The namespaces come into being on another CPU while the rest is made ready here.
    const size = spec.process.terminal ? windowSize(1) : undefined;
    const seccomp = compileSeccomp({
      capabilities: spec.process.capabilities,
      pretendOwnership: spec.singleIdentity,
    });
    return await starting.start(
      {
        operations: planContainer(spec),
        process: spec.process,
        seccomp: Buffer.from(seccomp).toString("base64"),
        singleIdentity: spec.singleIdentity,
        ownNetwork: spec.network === "private",
        ...(size === undefined ? {} : { windowSize: size }),
      },
      container.network.attach?.(stack),
    );
  } catch (error) {
    starting.abandon();
    container.life.failed(error);
    throw error;
  }
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
