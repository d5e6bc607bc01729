import { expect, test } from "bun:test";
import { type Challenge, parseChallenges } from "../../../src/registry/challenge.ts";
import { expectLinearTime } from "../../support/linear-time.ts";

const cases: [string, string, Challenge[]][] = [
  [
    "a bearer challenge",
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
    [
      {
        scheme: "bearer",
        parameters: {
          realm: "https://auth.docker.io/token",
          service: "registry.docker.io",
          scope: "repository:a/b:pull,push",
        },
      },
    ],
  ],
  [
    "several challenges in one value",
    'Negotiate, Digest abc==, Basic realm="a, b", Bearer realm=x',
    [
      { scheme: "negotiate", parameters: {} },
      { scheme: "digest", parameters: {} },
      { scheme: "basic", parameters: { realm: "a, b" } },
      { scheme: "bearer", parameters: { realm: "x" } },
    ],
  ],
  [
    "quoted pairs",
    'Basic realm="a \\"b\\" \\\\c"',
    [{ scheme: "basic", parameters: { realm: 'a "b" \\c' } }],
  ],
  ["spaces around the equals sign", 'BASIC Realm = "x"', [{ scheme: "basic", parameters: { realm: "x" } }]],
  ["empty list elements", ',, Basic realm="x",, ,', [{ scheme: "basic", parameters: { realm: "x" } }]],
  [
    "the first of two parameters of one name",
    'Basic realm="x", realm="y"',
    [{ scheme: "basic", parameters: { realm: "x" } }],
  ],
  [
    "a name that is a property of objects",
    'Basic __proto__="x"',
    [{ scheme: "basic", parameters: JSON.parse('{"__proto__":"x"}') }],
  ],
  ["a string without an end", 'Bearer realm="x', [{ scheme: "bearer", parameters: {} }]],
  ["nothing", "", []],
  ["no token", '"x"', []],
];

for (const [name, header, want] of cases) {
  test(name, () => {
    expect(
      parseChallenges(header).map(({ scheme, parameters }) => ({ scheme, parameters: { ...parameters } })),
    ).toEqual(want.map(({ scheme, parameters }) => ({ scheme, parameters: { ...parameters } })));
  });
}

test("a long hostile header is read in linear time", () => {
  expectLinearTime(1250, (size) => parseChallenges("a ".repeat(size)));
  expectLinearTime(2500, (size) => parseChallenges(`Basic realm="${"\\".repeat(size + 1)}`));
  expectLinearTime(2500, (size) => parseChallenges(`Basic ${"a".repeat(size)}=${"=".repeat(size)}!`));
});
