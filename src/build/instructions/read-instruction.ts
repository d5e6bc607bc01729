import { atLines, DockerfileError } from "../dockerfile-error.ts";
import { didYouMean } from "../suggest.ts";
import { parseHeredocMark } from "../syntax/heredoc.ts";
import type { DockerfileNode, NamedValue } from "../syntax/types.ts";
import { trim } from "../syntax/whitespace.ts";
import { readFlags } from "./flags.ts";
import { readHealthcheck } from "./healthcheck.ts";
import { readAdd, readCopy } from "./read-copy.ts";
import { checkMount } from "./run-mount.ts";
import type {
  CommandLine,
  DeclaredArg,
  FromInstruction,
  Instruction,
  Located,
  RunInstruction,
} from "./types.ts";

const keywords =
  "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR".split(
    " ",
  );

/** The second pass, for one node. Throws DockerfileError with the lines of the node. */
export function readInstruction(node: DockerfileNode): Instruction {
  const { lines, comments } = node;
  return atLines(lines, () => ({ ...read(node), source: trim(node.text), lines, comments }));
}

type Unlocated<I> = I extends Instruction ? Omit<I, keyof Located> : never;

function read(node: DockerfileNode): Unlocated<Instruction> {
  const { body } = node;
  const words = body.kind === "words" ? body.words : [];
  const json = body.kind === "words" && body.json;
  const keyword = node.keyword.toUpperCase();
  switch (keyword) {
    case "ADD":
      return readAdd(node, words);
    case "COPY":
      return readCopy(node, words);
    case "FROM":
      return readFrom(node, words);
    case "RUN":
      return readRun(node, words, json);
    case "HEALTHCHECK":
      return { kind: "healthcheck", check: readHealthcheck(words, json, node.flags) };
    case "ONBUILD":
      return { kind: "onbuild", expression: readTrigger(node) };
    case "ARG":
      return { kind: "arg", args: atLeastOne(keyword, words).map(readArg) };
  }
  readFlags(node.flags, {});
  switch (keyword) {
    case "ENV":
      return { kind: "env", pairs: readPairs(keyword, body.kind === "pairs" ? body.pairs : []) };
    case "LABEL":
      return { kind: "label", pairs: readPairs(keyword, body.kind === "pairs" ? body.pairs : []) };
    case "CMD":
      return { kind: "cmd", ...commandLine(words, json) };
    case "ENTRYPOINT":
      return { kind: "entrypoint", ...commandLine(words, json) };
    case "EXPOSE":
      return { kind: "expose", ports: atLeastOne(keyword, words).toSorted() };
    case "MAINTAINER":
      return { kind: "maintainer", name: exactlyOne(keyword, words) };
    case "SHELL":
      if (!json && words.length > 0)
        throw new DockerfileError(
          `SHELL requires the arguments to be in JSON form, not: ${JSON.stringify(trim(node.text))}`,
        );
      return { kind: "shell", shell: atLeastOne(keyword, words) };
    case "STOPSIGNAL":
      return { kind: "stopsignal", signal: exactlyOne(keyword, words) };
    case "USER":
      return { kind: "user", user: exactlyOne(keyword, words) };
    case "VOLUME":
      return { kind: "volume", paths: readVolumes(atLeastOne(keyword, words)) };
    case "WORKDIR":
      return { kind: "workdir", path: exactlyOne(keyword, words) };
    default:
      throw new DockerfileError(`unknown instruction: ${node.keyword}${suggestion(node.keyword)}`);
  }
}

function suggestion(keyword: string): string {
  const text = didYouMean(keyword, keywords);
  return keyword === keyword.toLowerCase() ? text.replace(/mean (\w+)/, (all) => all.toLowerCase()) : text;
}

function commandLine(words: readonly string[], json: boolean): CommandLine {
  return { words, shell: !json };
}

function atLeastOne(keyword: string, words: readonly string[]): readonly string[] {
  if (words.length === 0) throw new DockerfileError(`${keyword} requires at least one argument`);
  return words;
}

function exactlyOne(keyword: string, words: readonly string[]): string {
  if (words.length !== 1) throw new DockerfileError(`${keyword} requires exactly one argument`);
  return words[0]!;
}

function readPairs(keyword: string, pairs: readonly NamedValue[]): readonly NamedValue[] {
  if (pairs.length === 0) throw new DockerfileError(`${keyword} requires at least one argument`);
  if (pairs.some(({ name }) => name === "")) throw new DockerfileError(`${keyword} names can not be blank`);
  return pairs;
}

function readArg(word: string): DeclaredArg {
  const at = word.indexOf("=");
  if (at === 0) throw new DockerfileError("ARG names can not be blank");
  return at === -1 ? { name: word } : { name: word.slice(0, at), value: word.slice(at + 1) };
}

function readVolumes(words: readonly string[]): string[] {
  return words.map((word) => {
    const path = trim(word);
    if (path === "") throw new DockerfileError("VOLUME specified can not be an empty string");
    return path;
  });
}

function readFrom(node: DockerfileNode, words: readonly string[]): FromInstruction {
  const [image, as, given] = words;
  const named = words.length === 3 && as!.toLowerCase() === "as";
  if (image === undefined || !(named || words.length === 1))
    throw new DockerfileError("FROM requires either one or three arguments");
  const name = given?.toLowerCase();
  if (name !== undefined && !/^[a-z][a-z0-9-_.]*$/.test(name))
    throw new DockerfileError(
      `invalid name for build stage: ${JSON.stringify(given)}, name can't start with a number or contain symbols`,
    );
  const { platform } = readFlags(node.flags, { platform: "text" });
  return {
    kind: "from",
    image,
    ...(name === undefined ? {} : { name }),
    ...(platform === "" ? {} : { platform }),
  };
}

function readRun(node: DockerfileNode, words: readonly string[], json: boolean): RunInstruction {
  const flags = readFlags(node.flags, { mount: "list", network: "text", security: "text" });
  const network = flags.network === "" ? "default" : flags.network;
  if (network !== "default" && network !== "none" && network !== "host")
    throw new DockerfileError(`invalid network mode ${JSON.stringify(network)}`);
  if (flags.security === "insecure")
    throw new DockerfileError("granting entitlement security.insecure is not allowed", undefined, {
      hint: "berth has no more rights than its user; leave --security=insecure out",
    });
  if (flags.security !== "" && flags.security !== "sandbox")
    throw new DockerfileError(`security ${JSON.stringify(flags.security)} is not valid`);
  for (const mount of flags.mount) checkMount(mount);
  return {
    kind: "run",
    ...commandLine(words, json),
    heredocs: node.heredocs,
    mounts: flags.mount,
    network,
  };
}

/** What follows ONBUILD, heredocs included, as an image keeps it. */
function readTrigger(node: DockerfileNode): string {
  const trigger = node.body.kind === "trigger" ? node.body.node : undefined;
  if (trigger === undefined) throw new DockerfileError("ONBUILD requires at least one argument");
  readFlags(node.flags, {});
  const keyword = trigger.keyword.toUpperCase();
  if (keyword === "MAINTAINER" || keyword === "FROM")
    throw new DockerfileError(`${keyword} isn't allowed as an ONBUILD trigger`);
  const expression = node.text.replace(/^\s*ONBUILD\s*/i, "");
  return [expression, ...node.heredocs.map(({ name, content }) => `${content}${name}`)].join("\n");
}

/** Whether a RUN is nothing but one heredoc. */
export function isOnlyHeredoc(run: RunInstruction): boolean {
  const [first] = run.words;
  return run.heredocs.length > 0 && first !== undefined && parseHeredocMark(first) !== undefined;
}
