import type { BuildWorkerRequest, BuildWorkerResults } from "../../build/copy/protocol.ts";
import { converse, workerEnvironment } from "../../snapshot/run-worker.ts";
import { ownMountsCommand, spawnInUserNamespace } from "../../sys/namespaces.ts";
import { selfCommand } from "../../sys/self-command.ts";
import type { EngineContext } from "../context.ts";

/** Has a build worker do what it is asked for. */
export async function askBuildWorker<Request extends BuildWorkerRequest>(
  { helpers, identity }: EngineContext,
  request: Request,
  signal: AbortSignal,
): Promise<BuildWorkerResults[Request["kind"]]> {
  const start = () =>
    spawnInUserNamespace({
      helpers,
      identity,
      argv: ownMountsCommand(helpers, [...selfCommand(), "internal-build-worker"]),
      env: workerEnvironment(),
      stdio: [Buffer.from(`${JSON.stringify(request)}\n`), "pipe", "pipe"],
    });
  const result = await converse(start, request.kind, { signal });
  return result as BuildWorkerResults[Request["kind"]]; // what the request is answered with
}
