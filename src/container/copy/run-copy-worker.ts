import {
  converse,
  type RunWorkerOptions,
  type WorkerEnvironment,
  workerEnvironment,
} from "../../snapshot/run-worker.ts";
import { HeldNamespaces } from "../../sys/held-namespaces.ts";
import { type NamespaceProcess, spawnInUserNamespace } from "../../sys/namespaces.ts";
import { besideRootCommand } from "../namespace-command.ts";
import type { CopyRequest, CopyResult } from "./protocol.ts";

/**
 * Has an `internal-copy` send or receive files through `data`, where it can see the container's files with the
 * container's ids. It is given `data` at once, before this returns.
 */
export async function runCopyWorker(
  environment: WorkerEnvironment,
  request: CopyRequest,
  options: RunWorkerOptions & { readonly data: number },
): Promise<CopyResult> {
  const start = () => startWorker(environment, request, options.data);
  return (await converse(start, "copy", options)) as CopyResult; // what the worker answers with
}

function startWorker(
  { helpers, identity, selfCommand }: WorkerEnvironment,
  request: CopyRequest,
  data: number,
): NamespaceProcess {
  const stdio = [Buffer.from(`${JSON.stringify(request)}\n`), "pipe", "pipe", data] as const;
  const common = { helpers, identity, env: workerEnvironment(), stdio };
  const worker = [...selfCommand, "internal-copy"];
  const { place } = request;
  if (place.kind === "stopped")
    return spawnInUserNamespace({ ...common, argv: besideRootCommand(helpers, place.root, worker) });
  // Of the container's own user namespace, because nobody else may see a FUSE mount that was made there.
  using held = new HeldNamespaces();
  held.hold(place.process, "mnt");
  const { descriptors } = held;
  const joined = { numbers: held.numbersFrom(stdio.length + 2), descriptors };
  return spawnInUserNamespace({ ...common, argv: worker, joined });
}
