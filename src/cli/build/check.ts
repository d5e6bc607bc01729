import { BerthError, messageOf } from "../../base/errors.ts";
import type { BuildOptions } from "../../engine/build/build-options.ts";
import { checkBuild } from "../../engine/check-build.ts";
import type { EngineContext } from "../../engine/context.ts";
import type { Host } from "../host.ts";
import { interruptible } from "../interruption.ts";
import type { BuildDisplay } from "../progress/build-display.ts";
import { failureText } from "./failure-text.ts";
import { checkText } from "./lint-text.ts";

/** `build --check`: what the linter says goes to stdout; warnings are status 1, as in Docker. */
export async function check(
  context: EngineContext,
  options: BuildOptions,
  shown: BuildDisplay,
  host: Host,
): Promise<number> {
  const result = await interruptible((signal) =>
    checkBuild(context, options, shown, signal).finally(() => shown.end()),
  );
  host.stdout.write(checkText(result));
  const { failure, warnings } = result;
  if (failure === undefined) return warnings.length === 0 ? 0 : 1;
  host.stderr.write(failureText(failure, []));
  const { code, cause, hint } = failure;
  throw new BerthError(code, messageOf(cause), hint === undefined ? {} : { hint });
}
