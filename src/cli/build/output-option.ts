import { statSync } from "node:fs";
import { resolve } from "node:path";
import { splitCommaFields } from "../../base/comma-fields.ts";
import { BerthError } from "../../base/errors.ts";
import type { BuildOutput, WriteBytes } from "../../engine/build/build-options.ts";
import type { Host } from "../host.ts";
import { openOutputFile } from "../output/output-file.ts";

/** `--output`: a directory, `-` for a tar on stdout, or `type=TYPE[,dest=PATH][,name=NAME]`. */
export function parseOutput(text: string, host: Host): BuildOutput {
  const fields = splitCommaFields(text);
  if (fields.length === 1 && fields[0] === text && !text.startsWith("type=")) {
    if (text === "-") return { kind: "tar", write: writer("tar", text, host) };
    return directory(text, host);
  }
  const { type, dest, name, ...rest } = attributes(fields);
  const names = name === undefined ? {} : { names: name.split(",") };
  const other = Object.keys(rest)[0];
  if (other !== undefined)
    throw new BerthError("unsupported", `output option ${other} is not supported`, {
      hint: "known are type, dest and name",
    });
  switch (type) {
    case undefined:
    case "":
      throw invalid("type is required for output");
    case "local":
      return directory(dest, host);
    case "tar":
      return { kind: "tar", write: writer(type, dest, host) };
    case "oci":
      return { kind: "oci-archive", ...names, write: writer(type, dest, host) };
    case "docker":
      if (dest === undefined) return { kind: "image", ...names };
      return { kind: "docker-archive", ...names, write: writer(type, dest, host) };
    case "image":
      if (dest !== undefined) throw invalid("dest is not supported for image exporter");
      return { kind: "image", ...names };
    default:
      throw new BerthError("unsupported", `output type ${JSON.stringify(type)} is not supported`, {
        hint: "choose local, tar, oci, docker or image; to send it to a registry, push it afterwards",
      });
  }
}

function attributes(fields: readonly string[]): Record<string, string> {
  const given: Record<string, string> = {};
  for (const field of fields) {
    const at = field.indexOf("=");
    if (at < 1) throw invalid(`invalid value ${field}`);
    given[field.slice(0, at).trim().toLowerCase()] = field.slice(at + 1);
  }
  return given;
}

function directory(dest: string | undefined, host: Host): BuildOutput {
  if (!dest) throw invalid("dest is required for local exporter");
  if (dest === "-") throw invalid("dest cannot be stdout for local exporter");
  return { kind: "local", directory: resolve(host.workingDirectory, dest) };
}

/** What can be known to fail is refused before the build. */
function writer(type: string, dest: string | undefined, host: Host): WriteBytes {
  if (!dest || dest === "-") {
    if (host.stdout.isTerminal)
      throw invalid(`dest file is required for ${type} exporter. refusing to write to console`);
    return async (bytes) => {
      for await (const chunk of bytes) host.stdout.write(chunk);
    };
  }
  const path = resolve(host.workingDirectory, dest);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw invalid(`destination file ${dest} is a directory`);
  return async (bytes) => {
    using file = openOutputFile(path);
    for await (const chunk of bytes) file.write(chunk);
    file.commit();
  };
}

const invalid = (message: string) => new BerthError("invalid-argument", message);
