import { describe, expect, test } from "bun:test";
import { PatternList } from "../../../src/build/ignore/pattern-list.ts";
import { parseCheckOptions } from "../../../src/build/lint/check-options.ts";
import { Linter } from "../../../src/build/lint/linter.ts";
import { ruleUrl, rules, type RuleName } from "../../../src/build/lint/rules.ts";
import { planStage } from "../../../src/build/plan/plan-stage.ts";
import { planStages, readDockerfile } from "../../../src/build/plan/stage-graph.ts";
import { stateOfImage, stateOfStage } from "../../../src/build/plan/stage-state.ts";
import type { PlanOptions, StageState } from "../../../src/build/plan/types.ts";

const platform = { os: "linux", architecture: "amd64" };

interface Given extends Partial<PlanOptions> {
  readonly fixed?: string;
  readonly ignored?: readonly string[];
}

/** The linter after all three passes over all stages, as far as they came; the bases of images have a variable BASE. */
function linted(text: string, { fixed, ignored = [], ...options }: Given = {}) {
  const linter = new Linter(fixed);
  const ignore = new PatternList(ignored);
  const planning = {
    ...{ buildArgs: {}, targetPlatform: platform, buildPlatform: platform, contexts: new Map() },
    ...{ ...options, linter, ignore },
  };
  let error: string | undefined;
  try {
    const graph = planStages(readDockerfile(text, linter), planning);
    const states: StageState[] = [];
    for (const stage of graph.stages) {
      const { base } = stage;
      const start =
        base.kind === "stage"
          ? stateOfStage(states[base.index]!)
          : stateOfImage(base.kind === "image" ? { config: { Env: ["BASE=1"] } } : undefined);
      states.push(planStage(graph, stage, start, planning).state);
    }
    linter.finish();
  } catch (thrown) {
    error = (thrown as Error).message;
  }
  const found = linter.warnings.map(({ rule, lines, detail }) => [lines.start, rule, detail] as const);
  return { found, error };
}

/** Every rule: a Dockerfile that breaks it, and where. */
const broken: Readonly<
  Record<RuleName, readonly [text: string, line: number, detail: string, given?: Given]>
> = {
  ConsistentInstructionCasing: [
    "FROM a\nrun x\nRUN y\n",
    2,
    "Command 'run' should match the case of the command majority (uppercase)",
  ],
  CopyIgnoredFile: [
    "FROM a\nCOPY x ./d/f /\n",
    2,
    'Attempting to Copy file "d/f" that is excluded by .dockerignore',
    { ignored: ["d"] },
  ],
  DuplicateStageName: [
    "FROM a AS b\nFROM a AS b\n",
    2,
    'Duplicate stage name "b", stage names should be unique',
  ],
  ExposeInvalidFormat: [
    "FROM a\nEXPOSE 80 127.0.0.1:80:80\n",
    2,
    "EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:80:80'",
  ],
  ExposeProtoCasing: [
    "FROM a\nARG p=80/TcP\nEXPOSE $p\n",
    3,
    "Defined protocol '80/TcP' in EXPOSE instruction should be lowercase",
  ],
  FromAsCasing: ["FROM a as b\n", 1, "'as' and 'FROM' keywords' casing do not match"],
  FromPlatformFlagConstDisallowed: [
    "FROM --platform=linux/arm64 a AS amd64-not\n",
    1,
    'FROM --platform flag should not use constant value "linux/arm64"',
  ],
  InvalidDefaultArgInFrom: [
    "ARG v\nFROM a:$v\n",
    2,
    "Default value for ARG a:$v results in empty or invalid base image name",
    { buildArgs: { v: "1" } },
  ],
  InvalidDefinitionDescription: [
    "# check=experimental=all\n\n# about that\nARG a=1 b\nFROM a\n",
    4,
    "Comment for ARG should follow the format: `# <arg_key> <description>`",
  ],
  JSONArgsRecommended: [
    "FROM a\nCMD x\n",
    2,
    "JSON arguments recommended for CMD to prevent unintended behavior related to OS signals",
  ],
  LegacyKeyValueFormat: [
    "FROM a\nENV b c d\n",
    2,
    '"ENV key=value" should be used instead of legacy "ENV key value" format',
  ],
  MaintainerDeprecated: [
    "FROM a\nMAINTAINER b\n",
    2,
    "Maintainer instruction is deprecated in favor of using label",
  ],
  MultipleInstructionsDisallowed: [
    'FROM a\nCMD ["b"]\nCMD ["c"]\n',
    2,
    "Multiple CMD instructions should not be used in the same stage because only the last one will be used",
  ],
  NoEmptyContinuation: ["FROM a\nRUN b \\\n\n  c\n", 4, "Empty continuation line"],
  RedundantTargetPlatform: [
    "FROM --platform=$TARGETPLATFORM a\n",
    1,
    "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
  ],
  ReservedStageName: [
    "FROM a AS context\n",
    1,
    'Stage name should not use the same name as reserved stage "context"',
  ],
  SecretsUsedInArgOrEnv: [
    "FROM a\nARG GIT_TOKEN PUBLIC_KEY token_file tokens\n",
    2,
    'Do not use ARG or ENV instructions for sensitive data (ARG "GIT_TOKEN")',
  ],
  StageNameCasing: ["FROM a AS Build\n", 1, "Stage name 'Build' should be lowercase"],
  UndefinedArgInFrom: [
    "ARG VARIANT=1 EMPTY\nFROM a:$VARIENT$EMPTY\n",
    2,
    "FROM argument 'VARIENT' is not declared (did you mean VARIANT?)",
    { fixed: "skip=InvalidDefaultArgInFrom" },
  ],
  UndefinedVar: [
    "FROM a\nARG unset DIRECTORY=/d\nCOPY $unset$BASE${DIRECTRY}x /\nRUN echo $no\n",
    3,
    "Usage of undefined variable '$DIRECTRY' (did you mean $DIRECTORY?)",
  ],
  WorkdirRelativePath: [
    "FROM a AS b\nWORKDIR x\nWORKDIR y\nFROM b\nWORKDIR z\n",
    2,
    'Relative workdir "x" can have unexpected results if the base image changes',
  ],
};

describe("the linter's rules", () => {
  test.each(Object.entries(broken))("%s", (rule, [text, line, detail, given]) => {
    expect(linted(text, given).found).toEqual([[line, rule as RuleName, detail]]);
    const skip = given?.fixed === undefined ? `skip=Other, ${rule}` : `${given.fixed},${rule}`;
    expect(linted(text, { ...given, fixed: skip }).found).toEqual([]);
  });

  test("an orderly Dockerfile keeps all of them", () => {
    const text = `# syntax=docker/dockerfile:1
# check=error=true
ARG VERSION=3
FROM --platform=$BUILDPLATFORM a:$VERSION AS build
ARG VERSION
WORKDIR /x
WORKDIR y
ENV A=1 B="\${VERSION:-2}"
COPY . . 
COPY --from=a missing .
RUN --mount=type=bind,target=/m echo $anything
SHELL ["/bin/bash", "-c"]
CMD not $JSON but said how
HEALTHCHECK CMD true
EXPOSE 80/udp
`;
    expect(linted(text, { ignored: ["missing", ".*"] })).toEqual({ found: [], error: undefined });
  });

  test("an ARG that demands a --build-arg has no default that could be judged", () => {
    const text = `ARG TAG\nARG IMAGE=alpine:\${TAG:?needed}\nFROM $IMAGE\n`;
    expect(linted(text, { buildArgs: { TAG: "3.20" } })).toEqual({ found: [], error: undefined });
    expect(linted(text).error).toContain("TAG: needed");
  });

  test("their addresses are Docker's", () => {
    const urls = (Object.keys(rules) as RuleName[]).map(ruleUrl);
    for (const name of [
      "json-args-recommended",
      "secrets-used-in-arg-or-env",
      "undefined-arg-in-from",
      "from-as-casing",
    ])
      expect(urls).toContain(`https://docs.docker.com/go/dockerfile/rule/${name}/`);
  });
});

describe("what is checked", () => {
  const two = "FROM a as b\nCMD x\n";

  test("the check directive skips rules and makes the others errors", () => {
    const { found, error } = linted(`# check=skip=FromAsCasing;error=true\n${two}`);
    expect(found.map(([line, rule]) => `${line} ${rule}`)).toEqual(["3 JSONArgsRecommended"]);
    expect(error).toBe("lint violation found for rules: JSONArgsRecommended");
    expect(linted(`#check=skip=all;error=true\n${two}`)).toEqual({ found: [], error: undefined });
  });

  test("BUILDKIT_DOCKERFILE_CHECK wins over it", () => {
    const { found, error } = linted(`# check=error=true\n${two}`, { fixed: "skip=JSONArgsRecommended" });
    expect({ rules: found.map(([, rule]) => rule), error }).toEqual({
      rules: ["FromAsCasing"],
      error: undefined,
    });
  });

  test("a comment above an instruction skips rules for it alone", () => {
    const text =
      "FROM a\n# check=skip=SecretsUsedInArgOrEnv // on purpose\nARG password\nARG password\n# check=what\nARG auth\n";
    expect(linted(text).found.map(([line]) => line)).toEqual([4, 6]);
  });

  test("warnings come before the error that ends it all", () => {
    const { found, error } = linted("FROM a AS B\nMAINTAINER b\nBADCMD\n");
    expect(found.map(([, rule]) => rule)).toEqual(["StageNameCasing", "MaintainerDeprecated"]);
    expect(error).toBe("dockerfile parse error on line 3: unknown instruction: BADCMD");
  });

  test.each([
    ["skip", 'invalid check option "skip"'],
    ["warn=all", 'invalid check option "warn"'],
    ["error=maybe", 'failed to parse check option "error=maybe"'],
  ])("check=%s is refused", (text, message) => {
    expect(() => parseCheckOptions(text)).toThrow(`failed to parse check options: ${message}`);
    expect(linted(`# check=${text}\n${two}`).error).toContain(message);
  });
});
