import { ExitError, exitCode } from "../exit-codes.ts";
import { goJson } from "../output/go-json.ts";
import { parseTemplate } from "../output/template/template.ts";
import { isTemplateError } from "../output/template/template-error.ts";

/**
 * One object as `--format` of `info` and `version` asks: `json`, or a Go template. Ends with a line break.
 * A template that cannot be parsed or used is exit status 64 (docker/cli system/info.go).
 */
export function formatObject(object: Readonly<Record<string, unknown>>, format: string): string {
  if (format === "json") return `${goJson(object)}\n`;
  try {
    return `${parseTemplate(format).execute(object, { missing: "error" })}\n`;
  } catch (error) {
    throw isTemplateError(error) ? new ExitError(exitCode.template, error) : error;
  }
}
