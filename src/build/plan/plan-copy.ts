import { posix } from "node:path";
import { DockerfileError } from "../dockerfile-error.ts";
import type { CopyInstruction } from "../instructions/types.ts";
import { chomp } from "../syntax/heredoc.ts";
import { parseModeChange } from "./mode-change.ts";
import type { Surroundings } from "./plan-mounts.ts";
import type { CopySource, CopyStep } from "./types.ts";

/** A COPY or ADD with everything expanded. Throws DockerfileError. */
export function planCopy(
  instruction: CopyInstruction,
  { word, content, workdir, from }: Surroundings & { content(text: string): string },
): CopyStep & { readonly createdBy: string } {
  const adds = instruction.kind === "add";
  const paths = instruction.sources.map(word);
  const destination = word(instruction.destination);
  const [chown, chmod, checksum] = [instruction.chown, instruction.chmod, instruction.checksum].map(word) as [
    string,
    string,
    string,
  ];
  const sources = paths.map((path) => sourceOf(path, instruction, checksum));
  if (checksum !== "") checkChecksum(sources);
  const files = instruction.files.map((file): CopySource => {
    const chomped = file.chomps ? chomp(file.content) : file.content;
    return { kind: "file", name: file.name, content: file.expands ? content(chomped) : chomped };
  });
  const shown = [
    adds ? "ADD" : "COPY",
    ...(instruction.parents ? ["--parents"] : []),
    ...(chown === "" ? [] : [`--chown=${chown}`]),
    ...(chmod === "" ? [] : [`--chmod=${chmod}`]),
    ...paths,
    ...instruction.files.map(({ name }) => `<<${name}`),
    destination,
  ];
  return {
    kind: "copy",
    createdBy: `${shown.join(" ")} # buildkit`,
    from: instruction.from === undefined ? { kind: "context" } : from(instruction.from),
    sources: [...sources, ...files],
    destination: absolute(workdir, destination),
    chown,
    ...(chmod === "" ? {} : { chmod: parseModeChange(chmod) }),
    link: instruction.link,
    parents: instruction.parents,
    exclude: instruction.exclude,
  };
}

/** A slash at the end, which `.` and the empty path have, too, means a directory. */
function absolute(workdir: string, path: string): string {
  const directory = path === "" || /(^|\/)\.?$/.test(path);
  const resolved = posix.resolve(workdir, path);
  return directory && resolved !== "/" ? `${resolved}/` : resolved;
}

function sourceOf(path: string, instruction: CopyInstruction, checksum: string): CopySource {
  const adds = instruction.kind === "add";
  const given = checksum === "" ? {} : { checksum };
  if (isGitUrl(path)) {
    if (!adds) throw new DockerfileError("source can't be a git ref for COPY");
    return { kind: "git", url: path, keepGitDirectory: instruction.keepGitDirectory ?? false, ...given };
  }
  if (/^https?:\/\//.test(path)) {
    if (!adds) throw new DockerfileError("source can't be a URL for COPY");
    return { kind: "url", url: path, name: nameOfUrl(path), unpack: instruction.unpack ?? false, ...given };
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path) && adds)
    throw new DockerfileError(
      `ADD of ${JSON.stringify(path)} is not supported: only http, https and git URLs are`,
    );
  return { kind: "path", path, unpack: instruction.unpack ?? adds };
}

/** As BuildKit tells git repositories from other URLs. */
export function isGitUrl(text: string): boolean {
  return /^git(\+ssh)?:\/\/|^ssh:\/\/|^[\w-]+@[\w.-]+:|^https?:\/\/[^?#]+\.git([?#].*)?$/.test(text);
}

function nameOfUrl(text: string): string {
  const base = URL.canParse(text) ? posix.basename(new URL(text).pathname) : "";
  return base === "" ? "__unnamed__" : decodeURIComponentSafely(base);
}

function decodeURIComponentSafely(text: string): string {
  try {
    const decoded = decodeURIComponent(text);
    return decoded.includes("/") || decoded.includes("\0") || decoded === ".." ? text : decoded;
  } catch {
    return text;
  }
}

function checkChecksum(sources: readonly CopySource[]): void {
  if (sources.length !== 1) throw new DockerfileError("checksum can't be specified for multiple sources");
  if (sources[0]!.kind === "path") throw new DockerfileError("checksum requires HTTP(S) or Git sources");
}
