import { buildInformation } from "../base/build-information.ts";

/** `berth version 0.1.0, build e6534b4`, in Docker's form; `unknown` where it runs from the source tree. */
export function versionLine(): string {
  const { version, commit } = buildInformation;
  return `berth version ${version}, build ${commit?.slice(0, 7) ?? "unknown"}`;
}
