import { arch, release } from "node:os";
import { buildInformation } from "../base/build-information.ts";

/**
 * Which berth, on which Bun and kernel, in the shape of `docker version`. There is no daemon; the engine that scripts look
 * for as `.Server` is the same executable. It has no API, so there is no `ApiVersion`.
 */
export function version(): Record<string, unknown> {
  const build = {
    Version: buildInformation.version,
    GitCommit: buildInformation.commit ?? "",
    BuildTime: buildInformation.date ?? "",
    BunVersion: Bun.version,
    Os: "linux",
    Arch: goArchitecture(),
  };
  const { Version, ...details } = build;
  const kernel = { KernelVersion: release() };
  return {
    Client: { Platform: { Name: "berth" }, ...build },
    Server: {
      Platform: { Name: "berth" },
      Components: [{ Name: "Engine", Version, Details: { ...details, ...kernel } }],
      ...build,
      ...kernel,
    },
  };
}

function goArchitecture(): string {
  return arch() === "x64" ? "amd64" : arch();
}
