import { BerthError } from "../../../base/errors.ts";

const prefix = "template parsing error: ";

/** Docker's prefix for whatever goes wrong with a template, be it parsed or executed. */
export function templateError(detail: string): BerthError {
  return new BerthError("invalid-argument", prefix + detail, {
    hint: "--format takes 'json' or a Go template such as '{{.ID}}'; lists also take 'table {{.ID}}\\t{{.Size}}'",
  });
}

/** Whether an error comes from a template; `inspect`, `info`, `version` and `events` then exit with 64. */
export function isTemplateError(error: unknown): error is BerthError {
  return error instanceof BerthError && error.message.startsWith(prefix);
}

/** What a builtin refuses; the executor says where it was called. */
export class FunctionFault extends Error {
  override readonly name = "FunctionFault";
}
