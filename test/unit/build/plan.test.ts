import { describe, expect, test } from "bun:test";
import { changedMode, parseModeChange } from "../../../src/build/plan/mode-change.ts";
import { planStage } from "../../../src/build/plan/plan-stage.ts";
import { exposedPorts } from "../../../src/build/plan/ports.ts";
import { addTriggers, planStages, readDockerfile } from "../../../src/build/plan/stage-graph.ts";
import { stateOfImage } from "../../../src/build/plan/stage-state.ts";
import type { PlannedStage, PlanOptions, RunStep, Step } from "../../../src/build/plan/types.ts";
import type { ImageExecutionConfig } from "../../../src/oci/types.ts";

const platform = { os: "linux", architecture: "amd64" };
const plain: PlanOptions = {
  buildArgs: {},
  targetPlatform: platform,
  buildPlatform: platform,
  contexts: new Map(),
};

function graphOf(text: string, options: Partial<PlanOptions> = {}) {
  return planStages(readDockerfile(text), { ...plain, ...options });
}

/** The last stage, on an image with this configuration. */
function plan(
  text: string,
  config: ImageExecutionConfig = {},
  options: Partial<PlanOptions> = {},
): PlannedStage {
  const graph = graphOf(text, options);
  const stage = graph.stages[graph.target]!;
  return planStage(graph, stage, stateOfImage({ config }), { ...plain, ...options });
}

const runs = ({ steps }: PlannedStage) => steps.filter((step): step is Step & RunStep => step.kind === "run");
const history = ({ steps }: PlannedStage) => steps.map(({ createdBy }) => createdBy);

describe("stages", () => {
  const text =
    "FROM a AS one\nFROM one AS two\nCOPY --from=3 x y\nFROM b\nRUN --mount=from=one,target=/x y\nFROM c AS four\n";

  test("only those are needed that the target stands on or takes from", () => {
    const forward = text.replace("--from=3", "--from=one");
    expect(graphOf(forward).needed).toEqual([3]);
    expect(graphOf(forward, { target: "TWO" }).needed).toEqual([0, 1]);
    expect(graphOf(forward, { target: "2" }).needed).toEqual([0, 2]);
  });

  test.each([
    [
      text,
      { target: "two" },
      'cannot copy from stage "3", it needs to be defined before current stage "two"',
    ],
    [text, { target: "thwo" }, 'target stage "thwo" could not be found (did you mean two?)'],
    ["FROM a AS x\nCOPY --from=x a b", {}, "circular dependency detected on stage: x"],
    ["FROM a\nCOPY --from=7 a b", {}, "invalid stage index 7"],
    [
      "FROM a\nARG s=b\nCOPY --from=$s a b",
      {},
      "variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround",
    ],
    ["FROM a\nRUNN x", {}, "dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)"],
    ["RUN x\nFROM a", {}, "no build stage in current context"],
    ["ARG x", {}, "dockerfile contains no stages to build"],
    ["FROM $x", {}, "base name ($x) should not be blank"],
    [
      "FROM --platform=$TARGETPLATFROM a",
      {},
      "empty platform value from expression $TARGETPLATFROM (did you mean TARGETPLATFORM?)",
    ],
  ])("%j is refused", (dockerfile, options, message) => {
    expect(() => graphOf(dockerfile, options)).toThrow(message);
  });

  test("bases are expanded with the ARGs in front of them and the predefined ones", () => {
    const dockerfile =
      "ARG v=1\nARG n=img:$v\nFROM --platform=$BUILDPLATFORM ${n}-$TARGETARCH AS x\nFROM scratch\nFROM X\nFROM local\nFROM Other";
    const { stages } = graphOf(dockerfile, {
      buildArgs: { v: "2" },
      contexts: new Map([
        ["local", undefined],
        ["other", "img:9"],
      ]),
    });
    expect(stages.map(({ base }) => base)).toEqual([
      { kind: "image", reference: "img:2-amd64", platform: "linux/amd64" },
      { kind: "scratch" },
      { kind: "stage", index: 0 },
      { kind: "named", name: "local" },
      { kind: "image", reference: "img:9" },
    ]);
  });

  test("triggers of the base come first and may need other stages", () => {
    const graph = graphOf("FROM a AS one\nFROM b\nRUN x");
    expect(graph.needed).toEqual([1]);
    const changed = addTriggers(graph, 1, ["COPY --from=one a b", "RUN y"], plain);
    expect(changed.needed).toEqual([0, 1]);
    const planned = planStage(changed, changed.stages[1]!, stateOfImage(undefined), plain);
    expect(planned.steps.map((step) => "title" in step && step.title)).toEqual([
      "[stage-1 2/4] ONBUILD COPY --from=one a b",
      "[stage-1 3/4] ONBUILD RUN y",
      "[stage-1 4/4] RUN x",
    ]);
  });
});

describe("ARG", () => {
  test("of a stage: the command line, then the default, then the one before FROM", () => {
    const dockerfile = "ARG a=1\nARG b=2\nFROM x\nARG a\nARG b=3\nARG c=4\nARG d\nRUN y";
    const planned = plan(dockerfile, {}, { buildArgs: { c: "5" } });
    expect(history(planned).at(-1)).toBe("RUN |4 a=1 b=3 c=5 d= /bin/sh -c y # buildkit");
    expect(runs(planned)[0]!.env.slice(1)).toEqual(["a=1", "b=3", "c=5"]);
  });

  test("counts from where it is declared", () => {
    const [before, after] = runs(plan("FROM x\nRUN a\nARG v=1\nRUN b"));
    expect(before!.env.some((entry) => entry.startsWith("v="))).toBe(false);
    expect(after!.env).toContain("v=1");
  });
});

test("configuration and history read as BuildKit writes them", () => {
  const planned = plan(
    [
      "FROM x",
      "ENV A=1 B=$A PATH=/b:$PATH",
      'LABEL l="$A x"',
      "WORKDIR sub",
      "WORKDIR /top",
      "EXPOSE 80 5000-5001/UDP",
      "USER $A",
      "VOLUME /v /w",
      "STOPSIGNAL SIGTERM",
      'SHELL ["/bin/bash", "-c"]',
      "CMD echo $A",
      'ENTRYPOINT ["run", "it"]',
      "HEALTHCHECK --interval=90s CMD a",
      "ONBUILD RUN x",
      "MAINTAINER me <me@x>",
      "COPY --chown=$A --chmod=644 a b/ c/",
      "RUN echo",
    ].join("\n"),
    { Cmd: ["old"], WorkingDir: "/base", Env: ["PATH=/a", "Z=1"], OnBuild: ["RUN old"] },
  );
  expect(history(planned)).toEqual([
    "ENV A=1 B= PATH=/b:/a",
    "LABEL l=1 x",
    "WORKDIR /base/sub",
    "WORKDIR /top",
    "EXPOSE [5000/udp 5001/udp 80/tcp]",
    "USER 1",
    "VOLUME [/v /w]",
    "STOPSIGNAL SIGTERM",
    "SHELL [/bin/bash -c]",
    'CMD ["/bin/bash" "-c" "echo $A"]',
    'ENTRYPOINT ["run" "it"]',
    "HEALTHCHECK {Test:[CMD-SHELL a] Interval:1m30s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0}",
    "MAINTAINER me <me@x>",
    "COPY --chown=1 --chmod=644 a b/ c/ # buildkit",
    "RUN /bin/bash -c echo # buildkit",
  ]);
  expect(planned.state).toMatchObject({
    author: "me <me@x>",
    config: {
      Env: ["PATH=/b:/a", "Z=1", "A=1", "B="],
      Labels: { l: "1 x" },
      WorkingDir: "/top",
      User: "1",
      ExposedPorts: { "80/tcp": {}, "5000/udp": {}, "5001/udp": {} },
      Volumes: { "/v": {}, "/w": {} },
      Cmd: ["/bin/bash", "-c", "echo $A"],
      Entrypoint: ["run", "it"],
      OnBuild: ["RUN x"],
    },
  });
});

test("an ENTRYPOINT drops the CMD of the base, but not one that the stage has set", () => {
  expect(plan('FROM x\nENTRYPOINT ["e"]', { Cmd: ["old"] }).state.config.Cmd).toBeUndefined();
  expect(plan('FROM x\nCMD ["c"]\nENTRYPOINT ["e"]').state.config.Cmd).toEqual(["c"]);
});

describe("RUN", () => {
  test.each<[string, readonly string[]]>([
    ["RUN a  b", ["/bin/sh", "-c", "a  b"]],
    ['RUN ["a", "$b"]', ["a", "$b"]],
    ["RUN <<E\none\ntwo\nE", ["/bin/sh", "-c", "one\ntwo\n"]],
    ["RUN <<-E\n\tone\n\tE", ["/bin/sh", "-c", "one\n"]],
    ["RUN cat <<A <<B\n1\nA\n2\nB", ["/bin/sh", "-c", "cat <<A <<B\n1\nA\n2\nB"]],
    ["RUN <<E\n#!/usr/bin/python3\nE", ["/bin/sh", "-c", "/dev/pipes/E"]],
  ])("%j", (line, args) => expect(runs(plan(`FROM x\n${line}`))[0]!.args).toEqual(args));

  test("mounts are expanded, absolute, and know where they come from", () => {
    const dockerfile =
      "FROM x AS one\nFROM y\nWORKDIR /w\nENV d=/data\n" +
      "RUN --mount=from=one,target=$d --mount=type=cache,target=c --mount=type=bind,target=/z,from=img --mount=type=secret,id=s z";
    expect(runs(plan(dockerfile))[0]!.mounts).toMatchObject([
      { type: "bind", target: "/data", from: { kind: "stage", index: 0 } },
      { type: "cache", target: "/w/c", id: "c" },
      { type: "bind", from: { kind: "image", reference: "img" } },
      { type: "secret", id: "s" },
    ]);
  });
});

describe("COPY and ADD", () => {
  const copyOf = (line: string) => plan(`FROM x\nWORKDIR /w\n${line}`).steps.at(-1);

  test.each<[string, object]>([
    ["COPY a b", { destination: "/w/b", sources: [{ kind: "path", path: "a", unpack: false }] }],
    ["COPY a .", { destination: "/w/" }],
    ["COPY a b/", { destination: "/w/b/" }],
    ["COPY a /", { destination: "/" }],
    ["COPY --from=img --parents a /b", { from: { kind: "image", reference: "img" }, parents: true }],
    ["ADD a.tar /b", { sources: [{ kind: "path", path: "a.tar", unpack: true }] }],
    ["ADD http://x/a%20b?q /b", { sources: [{ kind: "url", name: "a b", unpack: false }] }],
    ["ADD https://x/y.git#main /b", { sources: [{ kind: "git", url: "https://x/y.git#main" }] }],
    [
      "COPY <<A <<\"B\" /c/\n$HOME-${d:-e} '$x'\nA\n$HOME\nB",
      {
        sources: [
          { kind: "file", name: "A", content: "-e ''\n" },
          { kind: "file", name: "B", content: "$HOME\n" },
        ],
      },
    ],
  ])("%j", (line, expected) => expect(copyOf(line)).toMatchObject({ kind: "copy", ...expected }));

  test.each([
    ["COPY http://x/y /z", "source can't be a URL for COPY"],
    ["ADD --checksum=sha256:00 a /z", "checksum requires HTTP(S) or Git sources"],
    [
      "COPY --chmod=999 a /z",
      "invalid chmod parameter: '999'. it should be octal string and between 0 and 07777",
    ],
    ["ADD file:///etc/passwd /z", "only http, https and git URLs are"],
    ["ADD gopher://x/y /z", "only http, https and git URLs are"],
  ])("%s is refused", (line, message) => expect(() => copyOf(line)).toThrow(message));
});

test.each([
  ["80", ["80/tcp"]],
  ["80/udp", ["80/udp"]],
  ["8000-8002", ["8000/tcp", "8001/tcp", "8002/tcp"]],
  ["127.0.0.1:1:2", ["2/tcp"]],
])("EXPOSE %s", (text, ports) => expect(exposedPorts(text)).toEqual(ports));

test.each(["", "a", "70000", "80/x", "9-8"])("EXPOSE %j is refused", (text) =>
  expect(() => exposedPorts(text)).toThrow(/[Pp]ort/),
);

test.each<[string, number, boolean, number]>([
  ["755", 0o600, false, 0o755],
  ["u+x", 0o644, false, 0o744],
  ["a-w,o=", 0o666, false, 0o440],
  ["u=rwX,go=rX", 0o600, false, 0o644],
  ["u=rwX,go=rX", 0o600, true, 0o755],
  ["+s", 0o755, false, 0o6755],
])("--chmod=%s of %o", (text, mode, directory, result) =>
  expect(changedMode(mode, directory, parseModeChange(text))).toBe(result),
);
