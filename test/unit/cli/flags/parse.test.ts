import { describe, expect, test } from "bun:test";
import { FlagError, parseFlags } from "../../../../src/cli/flags/parse.ts";
import { flag } from "../../../../src/cli/flags/spec.ts";

const specs = {
  env: flag.list("Set variables", { short: "e" }),
  interactive: flag.boolean("Keep STDIN open", { short: "i" }),
  tty: flag.boolean("A terminal", { short: "t" }),
  name: flag.text("A name"),
  network: flag.text("A network", { hiddenNames: ["net"], default: "slirp4netns" }),
  last: flag.integer("How many", { short: "n", default: -1 }),
  "no-trunc": flag.boolean("Don't truncate"),
};

const parse = (words: readonly string[], interspersed = true) => {
  const parsed = parseFlags(specs, words, { interspersed, notYet: "detach:d publish:p memory" });
  if (parsed.kind !== "values") throw new Error("asked for help");
  return parsed;
};

test("flags that were not given have their defaults", () => {
  const { values, positionals, given } = parse([]);
  expect(values).toEqual({
    env: [],
    interactive: false,
    tty: false,
    name: undefined,
    network: "slirp4netns",
    last: -1,
    "no-trunc": false,
  });
  expect(positionals).toEqual([]);
  expect([...given]).toEqual([]);
});

describe("every spelling of pflag is read", () => {
  const rows: Array<[string, string[], Record<string, unknown>]> = [
    ["a value in the next word", ["--name", "x"], { name: "x" }],
    ["a value after =", ["--name=x=y"], { name: "x=y" }],
    ["an empty value after =", ["--name="], { name: "" }],
    ["a value that looks like a flag", ["--name", "--tty"], { name: "--tty", tty: false }],
    ["the last of several texts", ["--name", "a", "--name", "b"], { name: "b" }],
    ["a repeated list", ["-e", "A=1", "--env", "B=2", "--env=C=3"], { env: ["A=1", "B=2", "C=3"] }],
    ["letters together", ["-it"], { interactive: true, tty: true }],
    ["letters with a value", ["-iteA=1"], { interactive: true, tty: true, env: ["A=1"] }],
    ["a letter with = and a value", ["-e=A=1"], { env: ["A=1"] }],
    ["a letter and the next word", ["-ie", "A=1"], { interactive: true, env: ["A=1"] }],
    ["a boolean that is refused", ["--tty=false", "-i=0"], { tty: false, interactive: false }],
    ["a boolean never takes the next word", ["--tty", "false"], { tty: true }],
    ["an integer right after its letter", ["-n5"], { last: 5 }],
    ["a negative integer", ["-n", "-1"], { last: -1 }],
    ["a hidden name", ["--net", "host"], { network: "host" }],
    ["a name that begins with no-", ["--no-trunc"], { "no-trunc": true }],
  ];
  test.each(rows)("%s", (_, words, expected) => {
    expect(parse(words).values).toMatchObject(expected);
  });
});

test("flags may stand anywhere, unless the words belong to a command", () => {
  expect(parse(["a", "-i", "b"]).positionals).toEqual(["a", "b"]);
  const strict = parse(["-i", "a", "-t", "--unknown", "--", "b"], false);
  expect(strict.positionals).toEqual(["a", "-t", "--unknown", "--", "b"]);
  expect(strict.values.tty).toBe(false);
});

test("two dashes end the flags and are no word themselves", () => {
  expect(parse(["a", "--", "-i", "--", "b"]).positionals).toEqual(["a", "-i", "--", "b"]);
  expect(parse(["--", "-i"], false).positionals).toEqual(["-i"]);
});

test("a single dash is a word", () => {
  expect(parse(["-"]).positionals).toEqual(["-"]);
});

test("help is noticed in both spellings, unless a flag claims the letter", () => {
  expect(parseFlags(specs, ["--help"], { interspersed: true }).kind).toBe("help");
  expect(parseFlags(specs, ["-h"], { interspersed: true }).kind).toBe("help");
  const withHost = { hostname: flag.text("A host name", { short: "h" }) };
  const parsed = parseFlags(withHost, ["-h", "box"], { interspersed: true });
  expect(parsed.kind === "values" && parsed.values.hostname).toBe("box");
});

describe("what is wrong is refused in pflag's words", () => {
  test.each([
    [["--foo"], "unknown flag: --foo"],
    [["--foo=bar"], "unknown flag: --foo"],
    [["--constructor"], "unknown flag: --constructor"],
    [["-x"], "unknown shorthand flag: 'x' in -x"],
    [["-ixyz"], "unknown shorthand flag: 'x' in -xyz"],
    [["--name"], "flag needs an argument: --name"],
    [["-ie"], "flag needs an argument: 'e' in -e"],
    [["--=x"], "bad flag syntax: --=x"],
    [["---name"], "bad flag syntax: ---name"],
    [
      ["--tty=maybe"],
      'invalid argument "maybe" for "-t, --tty" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [
      ["-n", "x"],
      'invalid argument "x" for "-n, --last" flag: strconv.ParseInt: parsing "x": invalid syntax',
    ],
    [
      ["--no-trunc="],
      'invalid argument "" for "--no-trunc" flag: strconv.ParseBool: parsing "": invalid syntax',
    ],
  ])("%j", (words, message) => {
    expect(() => parse(words)).toThrow(new FlagError(message));
  });
});

describe("Docker's flags that are still to come are told apart from unknown ones", () => {
  test.each([
    [["--detach"], "--detach (-d) is not supported yet"],
    [["-itd"], "--detach (-d) is not supported yet"],
    [["-p", "80:80"], "--publish (-p) is not supported yet"],
    [["--memory=1g"], "--memory is not supported yet"],
  ])("%j", (words, message) => {
    expect(() => parse(words)).toThrow(message);
    try {
      parse(words);
    } catch (error) {
      expect(error instanceof FlagError && error.notYet).toBe(true);
    }
  });
});

test("a check's reason is part of the message", () => {
  const checked = {
    mount: flag.list("A mount", {
      check: (value) => {
        if (value === "bad") throw new Error("target is required");
      },
    }),
  };
  expect(() => parseFlags(checked, ["--mount", "bad"], { interspersed: true })).toThrow(
    'invalid argument "bad" for "--mount" flag: target is required',
  );
  expect(parseFlags(checked, ["--mount", "good"], { interspersed: true })).toMatchObject({
    values: { mount: ["good"] },
  });
});
