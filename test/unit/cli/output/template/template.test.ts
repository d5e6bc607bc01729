import { describe, expect, test } from "bun:test";
import { isBerthError } from "../../../../../src/base/errors.ts";
import { parseTemplate, type TemplateOptions } from "../../../../../src/cli/output/template/template.ts";
import { isTemplateError } from "../../../../../src/cli/output/template/template-error.ts";
import { GoMap, GoStruct, TypedNil } from "../../../../../src/cli/output/template/values.ts";
import golden from "./go-template-cases.json";
import { expectLinearTime } from "../../../../support/linear-time.ts";

const run = (text: string, value: unknown = {}, options: TemplateOptions = {}) =>
  parseTemplate(text).execute(value, options);

/** Recorded from Go's text/template by way of the Docker command line's `inspect --format`. */
describe("templates do what Go does", () => {
  const data = { ...golden.data, Raw: { ...golden.data.Raw, n: null } };
  for (const item of golden.cases) {
    test(item.template, () => {
      const execute = () => run(item.template, data, { missing: "error" });
      if (item.error !== undefined) expect(execute).toThrow(new Error(item.error));
      else expect(execute()).toBe(item.text ?? "");
    });
  }
});

describe("a missing field is what the caller chose", () => {
  test("no value by default, also below", () => {
    expect(run("{{.A}} {{.A.B}}", {})).toBe("<no value> <no value>");
    expect(run("{{.A}}", { A: null })).toBe("<no value>");
    expect(run("{{index . `A`}}", {})).toBe("<no value>");
  });

  test("an error where strictness is asked for", () => {
    expect(() => run("{{.A}}", {}, { missing: "error" })).toThrow('map has no entry for key "A"');
  });

  test("inherited properties are no fields", () => {
    for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
      expect(run(`{{.${name}}}`, {})).toBe("<no value>");
      expect(run(`{{index . "${name}"}}`, {})).toBe("<no value>");
      expect(() => run(`{{.${name}}}`, new GoStruct("T", {}))).toThrow("can't evaluate field");
    }
    expect(() => run("{{.length}}", [1])).toThrow("can't evaluate field length in type []interface {}");
  });
});

describe("typed values behave as their Go types", () => {
  const value = new GoStruct(
    "*image.Inspect",
    {
      Id: "sha256:1",
      Labels: new GoMap("map[string]string", null, ""),
      Health: new TypedNil("pointer", "*container.Health"),
      Cmd: new TypedNil("list", "[]string"),
      Label: (name: string) => `<${name}>`,
    },
    { ID: "Id" },
  );
  const cases: readonly (readonly [string, string])[] = [
    ["{{.Id}} {{.ID}}", "sha256:1 sha256:1"],
    ["{{.Labels}} {{len .Labels}} {{.Labels.a}}", "map[] 0 <no value>"],
    ['[{{index .Labels "a"}}]', "[]"],
    ["{{.Health}} {{if .Health}}a{{else}}b{{end}}", "<nil> b"],
    ["{{.Cmd}} {{len .Cmd}} {{range .Cmd}}x{{else}}none{{end}}", "[] 0 none"],
    ['{{json .Labels}} {{json .Cmd}} {{join .Cmd ","}}', "null null "],
    ['{{.Label "a.b"}} {{"c" | .Label}}', "<a.b> <c>"],
    ["{{json .}}", '{"Id":"sha256:1","Labels":null,"Health":null,"Cmd":null}'],
  ];
  test.each(cases)("%s", (text, expected) => expect(run(text, value)).toBe(expected));

  const refused: readonly (readonly [string, string])[] = [
    [
      "{{.Nope}}",
      'template: :1:2: executing "" at <.Nope>: can\'t evaluate field Nope in type *image.Inspect',
    ],
    ["{{.Health.Status}}", "nil pointer evaluating *container.Health.Status"],
    ["{{.Id 1}}", "Id has arguments but cannot be invoked as function"],
    ["{{.Label}}", "wrong number of args for Label: want 1 got 0"],
  ];
  test.each(refused)("%s is refused", (text, message) => expect(() => run(text, value)).toThrow(message));
});

describe("hostile templates end with an error", () => {
  test("deep parentheses and blocks", () => {
    expect(() => run(`{{${"(".repeat(100_000)}1${")".repeat(100_000)}}}`)).toThrow("nested more than");
    expect(() => run("{{if 1}}".repeat(100_000))).toThrow("nested more than");
    expect(() => run(`{{if 1}}${"{{else if 1}}".repeat(100_000)}{{end}}`)).toThrow("nested more than");
  });

  test("templates that call themselves", () => {
    expect(() => run('{{define "f"}}{{template "f"}}{{end}}{{template "f"}}')).toThrow(
      "maximum template depth",
    );
    expect(() =>
      run('{{define "f"}}{{if gt . 0}}{{template "f" (slice . 1)}}{{end}}{{end}}{{template "f" "x"}}'),
    ).toThrow("incompatible types");
    const names = Array.from({ length: 40 }, (_, i) => i);
    const doubling = names.map(
      (i) => `{{define "t${i}"}}{{template "t${i + 1}"}}{{template "t${i + 1}"}}{{end}}`,
    );
    expect(() => run(`${doubling.join("")}{{define "t40"}}x{{end}}{{template "t0"}}`)).toThrow("limit of");
  });

  test("endless ranges and output", () => {
    expect(() => run("{{range 9000000000000}}{{end}}")).toThrow("limit of");
    expect(() => run('{{range 2000}}{{printf "%900000s" "x"}}{{end}}')).toThrow("too long");
  });

  test("deeply nested data is printed without overflowing", () => {
    let value: unknown = 1;
    for (let i = 0; i < 5000; i++) value = [value];
    expect(run("{{.}}", value)).toContain("...");
  });

  test("long input is read in linear time", () => {
    for (const text of ["{{", "{{/*", '{{"', "{{`", " {{- ", "{{1", "}}", "{{$", "{{.a "])
      expectLinearTime(2000, (size) => {
        try {
          run(text.repeat(size), {});
        } catch (error) {
          expect(isTemplateError(error)).toBe(true);
        }
      });
  });

  test("no text whatever throws anything else", () => {
    const pieces = [
      "{{",
      "}}",
      "if",
      "range",
      "end",
      "else",
      "with",
      " ",
      ".",
      "a",
      "$",
      "x",
      ":=",
      "=",
      "|",
      "(",
      ")",
      '"',
      "1",
      "-",
      "/*",
      "*/",
      "define",
      "template",
      "nil",
      ",",
      "index",
      "printf",
      "\n",
      "block",
      "break",
    ];
    let seed = 42;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    for (let round = 0; round < 20_000; round++) {
      const text = Array.from({ length: random(14) }, () => pieces[random(pieces.length)]).join("");
      const wrapped = round % 2 === 0 ? text : `{{${text}}}`;
      try {
        run(wrapped, { a: { x: [1, "b", null] }, x: "y" });
      } catch (error) {
        if (!isBerthError(error)) throw new Error(`${JSON.stringify(wrapped)} threw ${error}`);
      }
    }
  });
});

test("a template is parsed once and executed often", () => {
  const template = parseTemplate("{{$x := .A}}{{$x}}");
  expect([1, 2, 3].map((A) => template.execute({ A }))).toEqual(["1", "2", "3"]);
});

test("template errors are told from others", () => {
  expect(() => run("{{.A")).toThrow("template parsing error: template: :1: unclosed action");
  expect(isTemplateError(new Error("x"))).toBe(false);
});
