import type { LintWarning } from "../../build/lint/linter.ts";
import { ruleUrl } from "../../build/lint/rules.ts";
import type { CheckResult } from "../../engine/check-build.ts";
import { excerpt } from "./excerpt.ts";

/** `JSONArgsRecommended: JSON arguments recommended … (line 3)` */
export function shortWarning({ rule, detail, lines }: LintWarning): string {
  return `${rule}: ${detail} (line ${lines.start})`;
}

/** What stands below a build whose Dockerfile has warnings; empty when it has none. */
export function warningSummary(warnings: readonly LintWarning[], color: boolean): string {
  if (warnings.length === 0) return "";
  const count = `${warnings.length} warning${warnings.length === 1 ? "" : "s"} found (use --check to expand):`;
  const title = color ? `\u001b[33m${count}\u001b[0m` : count;
  return `\n ${title}\n${warnings.map((warning) => ` - ${shortWarning(warning)}\n`).join("")}`;
}

/** What `--check` prints, in Docker's words. */
export function checkText({ dockerfile, warnings, failure }: CheckResult): string {
  const [first] = warnings;
  if (first === undefined) return failure === undefined ? "Check complete, no warnings found.\n" : "";
  const found =
    warnings.length === 1 ? "1 warning has been found!" : `${warnings.length} warnings have been found!`;
  const each = warnings.map((warning) => {
    const { rule, detail, lines } = warning;
    return ["", `WARNING: ${rule} - ${ruleUrl(rule)}`, detail, ...excerpt(dockerfile, lines), ""].join("\n");
  });
  return `Check complete, ${found}\n${each.join("")}${failure === undefined ? "" : "\n"}`;
}
