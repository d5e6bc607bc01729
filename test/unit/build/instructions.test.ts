import { describe, expect, test } from "bun:test";
import { DockerfileError } from "../../../src/build/dockerfile-error.ts";
import { readInstruction } from "../../../src/build/instructions/read-instruction.ts";
import { parseMount } from "../../../src/build/instructions/run-mount.ts";
import type { Instruction } from "../../../src/build/instructions/types.ts";
import { parseDockerfile } from "../../../src/build/syntax/parse-dockerfile.ts";

function read(text: string): Instruction {
  return readInstruction(parseDockerfile(text).nodes.at(-1)!);
}

describe("instructions are typed", () => {
  test.each<[string, object]>([
    ["FROM --platform=linux/arm64 a AS B", { kind: "from", image: "a", name: "b", platform: "linux/arm64" }],
    ["RUN echo a  b", { kind: "run", words: ["echo a  b"], shell: true, network: "default" }],
    ['RUN --network=none ["a", "b"]', { kind: "run", words: ["a", "b"], shell: false, network: "none" }],
    [
      'COPY --link --from=x --exclude=*.c --exclude=b ["a b", "/c"]',
      {
        kind: "copy",
        sources: ["a b"],
        destination: "/c",
        from: "x",
        link: true,
        exclude: ["*.c", "b"],
      },
    ],
    [
      "ADD --checksum=sha256:00 --unpack=false http://x/y /z",
      {
        kind: "add",
        sources: ["http://x/y"],
        checksum: "sha256:00",
        unpack: false,
      },
    ],
    [
      "COPY a <<B /c/\n1\nB",
      {
        kind: "copy",
        sources: ["a"],
        files: [{ name: "B", content: "1\n" }],
        destination: "/c/",
      },
    ],
    ["ENV a b c", { kind: "env", pairs: [{ name: "a", value: "b c", equals: false }] }],
    ["ARG A B=c", { kind: "arg", args: [{ name: "A" }, { name: "B", value: "c" }] }],
    ["EXPOSE 80 443/udp", { kind: "expose", ports: ["443/udp", "80"] }],
    [
      "HEALTHCHECK --interval=1m30s --retries=2 CMD a b",
      {
        kind: "healthcheck",
        check: { Test: ["CMD-SHELL", "a b"], Interval: 90e9, Retries: 2 },
      },
    ],
    ["HEALTHCHECK none", { kind: "healthcheck", check: { Test: ["NONE"] } }],
    ['SHELL ["/bin/bash", "-c"]', { kind: "shell", shell: ["/bin/bash", "-c"] }],
    ["onbuild copy a b", { kind: "onbuild", expression: "copy a b" }],
    ["ONBUILD RUN <<A\nx\nA", { kind: "onbuild", expression: "RUN <<A\nx\nA" }],
    ['VOLUME ["/a", " /b "]', { kind: "volume", paths: ["/a", "/b"] }],
    ["CMD", { kind: "cmd", words: [], shell: true }],
  ])("%s", (text, expected) => expect(read(text)).toMatchObject(expected));
});

describe("a wrong instruction is refused with its line, in BuildKit's words", () => {
  test.each([
    ["RUNN x", "unknown instruction: RUNN (did you mean RUN?)"],
    ["copyy a b", "unknown instruction: copyy (did you mean copy?)"],
    ["FROM a b", "FROM requires either one or three arguments"],
    ["FROM a AS 1b", `invalid name for build stage: "1b", name can't start with a number or contain symbols`],
    [
      "COPY a",
      "COPY requires at least two arguments, but only one was provided. Destination could not be determined",
    ],
    ["COPY --form=x a b", "unknown flag: --form (did you mean from?)"],
    ["COPY --link=maybe a b", "expecting boolean value for flag --link, not: maybe"],
    ["COPY --from a b c", "missing a value on flag: --from"],
    ["COPY --chown=1 --chown=2 a b", "duplicate flag specified: --chown"],
    ["COPY a <<B\n1\nB", "COPY cannot accept a heredoc as a destination"],
    ["ENV a=b c", 'Syntax error - can\'t find = in "c". Must be of the form: name=value'],
    ["ENV =b", "ENV names can not be blank"],
    ["USER --x=y a", "unknown flag: --x"],
    ["HEALTHCHECK TCP 1", 'Unknown type "TCP" in HEALTHCHECK (try CMD)'],
    ["HEALTHCHECK --interval=1us CMD a", 'Interval "interval" cannot be less than 1ms'],
    ["ONBUILD FROM a", "FROM isn't allowed as an ONBUILD trigger"],
    ["SHELL a b", 'SHELL requires the arguments to be in JSON form, not: "SHELL a b"'],
    ["RUN --network=x y", 'invalid network mode "x"'],
    ["RUN --security=insecure y", "granting entitlement security.insecure is not allowed"],
    ["RUN --mount=from=$x y", "'from' doesn't support variable expansion, define alias stage instead"],
  ])("%s", (text, message) => {
    let thrown: unknown;
    try {
      read(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(DockerfileError);
    expect(thrown).toMatchObject({ message, lines: { start: 1 } });
  });
});

describe("mounts of RUN", () => {
  const expand = (word: string) => word.replaceAll("$d", "/data");
  test.each<[string, object]>([
    ["target=/a", { type: "bind", target: "/a", readOnly: true, from: "", source: "" }],
    ["target=$d,rw,from=b,src=c", { type: "bind", target: "/data", readOnly: false, from: "b", source: "c" }],
    ["type=cache,dst=/c", { type: "cache", target: "/c", readOnly: false, sharing: "shared", id: "" }],
    [
      "type=cache,target=/c,sharing=locked,mode=0700,uid=5,ro",
      { sharing: "locked", mode: 0o700, uid: 5, readOnly: true },
    ],
    ["type=tmpfs,target=/t,size=1m", { type: "tmpfs", size: 1048576, readOnly: false }],
    ["type=secret,id=k,env=KEY,required", { type: "secret", id: "k", env: "KEY", required: true }],
    ["type=ssh", { type: "ssh", required: false }],
  ])("%s", (text, expected) => expect(parseMount(text, expand)).toMatchObject(expected));

  test.each([
    ["type=cach,target=/c", 'unsupported mount type "cach" (did you mean cache?)'],
    ["type=bind,tarket=/c", "unexpected key 'tarket' in 'tarket=/c' (did you mean target?)"],
    ["target", "invalid field 'target' must be a key=value pair"],
    ["mode=1,target=/a", 'mode not allowed for "bind" type mounts'],
    ["type=secret", "invalid secret mount. one of source, target required"],
    ["size=1,target=/a", "unexpected key 'size' for mount type 'bind'"],
    ["target=/a,bind-propagation=shared", "unexpected key 'bind-propagation' in 'bind-propagation=shared'"],
    ["sharing=locked,target=/a", "invalid cache sharing set for bind mount"],
  ])("%s is refused", (text, message) => expect(() => parseMount(text, expand)).toThrow(message));
});
