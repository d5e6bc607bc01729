import { BerthError } from "../../base/errors.ts";
import { parseSize } from "../../base/parse-size.ts";
import type { BuildOptions, BuildOutput, RunSurroundings } from "../../engine/build/build-options.ts";
import { parseLimits } from "../run/limit-option.ts";
import { parseHost } from "../run/network-options.ts";
import { parseCacheFrom, parseCacheTo } from "./cache-option.ts";
import { parseOutput } from "./output-option.ts";
import { parseAgent, parseSecret } from "./secret-options.ts";
import type { Host } from "../host.ts";
import { truthOf } from "../../build/truth.ts";

/** The flags of `build` that reach the engine. */
export interface BuildFlags {
  readonly "add-host": readonly string[];
  readonly "build-arg": readonly string[];
  readonly "build-context": readonly string[];
  readonly "cache-from": readonly string[];
  readonly "cache-to": readonly string[];
  readonly file: string | undefined;
  readonly label: readonly string[];
  readonly load: boolean;
  readonly network: string | undefined;
  readonly "no-cache": boolean;
  readonly "no-cache-filter": readonly string[];
  readonly output: readonly string[];
  readonly platform: string | undefined;
  readonly pull: boolean;
  readonly rm: boolean;
  readonly secret: readonly string[];
  readonly "shm-size": string | undefined;
  readonly squash: boolean;
  readonly ssh: readonly string[];
  readonly "storage-driver": string | undefined;
  readonly tag: readonly string[];
  readonly target: string | undefined;
  readonly ulimit: readonly string[];
}

/** What `build` was asked for. Throws `usage` or `invalid-argument`. */
export function buildOptions(flags: BuildFlags, context: string, host: Host): BuildOptions {
  const buildArgs = keyValues(flags["build-arg"], (name) => host.env[name]);
  if (!flags.rm)
    throw new BerthError("usage", "--rm=false is not supported: the containers of RUN are always removed");
  const outputs = outputsOf(flags, host);
  const platform = platformOf(flags.platform ?? "");
  return {
    context,
    workingDirectory: host.workingDirectory,
    stdin: host.stdin.stream,
    ...(flags.file === undefined ? {} : { dockerfile: flags.file }),
    tags: flags.tag,
    outputs,
    labels: keyValues(flags.label, () => ""),
    buildArgs,
    ...(flags.target === undefined || flags.target === "" ? {} : { target: flags.target }),
    ...(platform === undefined ? {} : { platform }),
    noCache: flags["no-cache"],
    noCacheFilter: flags["no-cache-filter"].flatMap((names) => names.split(",")),
    cacheFrom: flags["cache-from"].map(parseCacheFrom),
    inlineCache: asksForInlineCache(flags, buildArgs, outputs),
    squash: flags.squash,
    pull: flags.pull,
    network: networkOf(flags.network ?? "default"),
    ...(flags["storage-driver"] === undefined ? {} : { storageDriver: flags["storage-driver"] }),
    secrets: flags.secret.map(parseSecret),
    ssh: Object.fromEntries(flags.ssh.map((text) => parseAgent(text, host.env))),
    contexts: keyValues(flags["build-context"], () => undefined),
    surroundings: surroundingsOf(flags, buildArgs),
  };
}

/** To be an image of the store, if nothing else was asked for. */
function outputsOf({ output, load }: BuildFlags, host: Host): readonly BuildOutput[] {
  const outputs = output.map((text) => parseOutput(text, host));
  const isKept = outputs.some(({ kind }) => kind === "image");
  return outputs.length === 0 || (load && !isKept) ? [...outputs, { kind: "image" }] : outputs;
}

/** The one platform that is built for; undefined for this machine's. */
function platformOf(text: string): string | undefined {
  const [platform, other] = new Set(text.split(","));
  if (other !== undefined)
    throw new BerthError("usage", "multi-platform builds are not supported", {
      hint: "build for one platform after the other, with a tag for each",
    });
  return platform === "" || platform === "local" ? undefined : platform;
}

/** `--provenance` and `--sbom`: there are none, so that nobody has to be told to leave them out. */
export function refuseAttestation(value: string): void {
  if (truthOf(value) !== false)
    throw new BerthError("usage", "berth build makes no attestations, only false is possible");
}

/** Whether the image shall tell how its layers were made. */
function asksForInlineCache(
  flags: BuildFlags,
  { BUILDKIT_INLINE_CACHE }: Readonly<Record<string, string>>,
  outputs: readonly BuildOutput[],
): boolean {
  const byFlag = flags["cache-to"].map(parseCacheTo).includes("inline");
  if (!byFlag && BUILDKIT_INLINE_CACHE !== "1") return false;
  if (flags.squash)
    throw new BerthError(
      "usage",
      `--squash and ${byFlag ? "--cache-to" : "BUILDKIT_INLINE_CACHE=1"} cannot be used together`,
      { hint: "the layer of a squashed image was made by no step that could be found again" },
    );
  if (byFlag && outputs.every(({ kind }) => kind === "tar" || kind === "local"))
    throw new BerthError("usage", "--cache-to type=inline needs an output that is an image", {
      hint: "leave it out, or add --output type=image",
    });
  return true;
}

function surroundingsOf(
  flags: BuildFlags,
  { BUILDKIT_SANDBOX_HOSTNAME: hostname }: Readonly<Record<string, string>>,
): RunSurroundings {
  const hosts = flags["add-host"].map(parseHost);
  const limits = parseLimits(flags.ulimit);
  const sharedMemorySize = flags["shm-size"] ? parseSize(flags["shm-size"]) : 0;
  return {
    ...(hostname ? { hostname } : {}),
    ...(hosts.length > 0 ? { names: { servers: [], search: [], options: [], hosts } } : {}),
    ...(limits.length > 0 ? { limits } : {}),
    ...(sharedMemorySize > 0 ? { sharedMemorySize } : {}),
  };
}

function networkOf(text: string): BuildOptions["network"] {
  if (text === "bridge" || text === "slirp4netns") return "default";
  if (text === "default" || text === "none" || text === "host") return text;
  throw new BerthError("invalid-argument", `network mode "${text}" not supported by berth build`, {
    hint: "choose default, none or host",
  });
}

/** `NAME=value`, or `NAME` alone for what `otherwise` says; nothing when it says nothing. */
function keyValues(
  entries: readonly string[],
  otherwise: (name: string) => string | undefined,
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const entry of entries) {
    const at = entry.indexOf("=");
    const name = at === -1 ? entry : entry.slice(0, at);
    if (name === "")
      throw new BerthError("invalid-argument", `invalid key-value pair ${JSON.stringify(entry)}: empty key`);
    const value = at === -1 ? otherwise(name) : entry.slice(at + 1);
    if (value !== undefined) values[name] = value;
  }
  return values;
}
