import { describe, expect, test } from "bun:test";
import { DockerfileError } from "../../../src/build/dockerfile-error.ts";
import { expand } from "../../../src/build/shell/expand.ts";
import { parseDockerfile } from "../../../src/build/syntax/parse-dockerfile.ts";
import { expectLinearTime } from "../../support/linear-time.ts";

function errorOf(work: () => unknown): DockerfileError {
  try {
    work();
  } catch (error) {
    if (error instanceof DockerfileError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("nodes know their lines, and the comments right above them", () => {
  const { nodes } = parseDockerfile("# one\n#\n# two\nFROM a\n\nRUN x \\\n # inside\n\n  y\nUSER z\n");
  expect(nodes.map(({ keyword, lines, comments }) => [keyword, lines, comments])).toEqual([
    ["FROM", { start: 4, end: 4 }, ["two"]],
    ["RUN", { start: 6, end: 9 }, []],
    ["USER", { start: 10, end: 10 }, []],
  ]);
});

test("a blank line inside a continued one is noted", () => {
  const { emptyContinuations, nodes } = parseDockerfile("FROM a\nRUN x \\\n\n  y\n");
  expect(emptyContinuations).toEqual([{ start: 2, end: 4 }]);
  expect(nodes[1]!.text).toBe("RUN x   y");
});

test("windows line ends and a byte order mark do not matter", () => {
  const { nodes } = parseDockerfile(
    "\uFEFF# escape=`\r\nFROM a\r\nRUN x `\r\n y\r\nCOPY <<E /f\r\n1\r\nE\r\n",
  );
  expect(nodes.map((node) => node.text)).toEqual(["FROM a", "RUN x  y", "COPY <<E /f"]);
  expect(nodes[2]!.heredocs).toEqual([{ name: "E", expands: true, chomps: false, content: "1\r\n" }]);
});

describe("heredocs", () => {
  const heredocsOf = (text: string) => parseDockerfile(`FROM a\n${text}`).nodes[1]!.heredocs;

  test("are read in order, with tabs and quotes as marked", () => {
    expect(heredocsOf('RUN <<A cat <<-"B"\n$a\nA\n\t$b\n\tB\n')).toEqual([
      { name: "A", expands: true, chomps: false, content: "$a\n" },
      { name: "B", expands: false, chomps: true, content: "\t$b\n" },
    ]);
  });

  test("may have blanks before the name", () => {
    expect(heredocsOf("COPY << EOF /x\n1\nEOF\n")[0]!.content).toBe("1\n");
  });

  test.each(["RUN echo '<<A'", "RUN cat <<<A", "CMD cat <<A", 'RUN ["cat", "<<A"]', "RUN echo \\<<A"])(
    "are none in %s",
    (line) => expect(heredocsOf(`${line}\n`)).toEqual([]),
  );

  test("are found behind ONBUILD", () => {
    expect(heredocsOf("ONBUILD RUN <<A\nx\nA\n")[0]!.content).toBe("x\n");
  });

  test("without end are an error at the line that announces them", () => {
    const error = errorOf(() => parseDockerfile("FROM a\nRUN <<EOF\nx\n"));
    expect(error).toMatchObject({ message: "unterminated heredoc", lines: { start: 2, end: 2 } });
  });
});

describe("directives", () => {
  test("stand at the very top", () => {
    const top = "# syntax=docker/dockerfile:1\n# check=error=true\n# escape = `\nFROM a\n";
    expect(parseDockerfile(top)).toMatchObject({
      escapeToken: "`",
      directives: { syntax: "docker/dockerfile:1", check: "error=true", escape: "`" },
    });
    expect(parseDockerfile("# a comment\n# escape=`\nFROM a\n").escapeToken).toBe("\\");
  });

  test.each([
    ["# escape=a\nFROM a", "invalid escape token 'a' does not match ` or \\", 1],
    ["# syntax=a\n# syntax=b\nFROM a", "only one syntax parser directive can be used", 2],
  ])("%j is refused", (text, message, line) => {
    expect(errorOf(() => parseDockerfile(text))).toMatchObject({ message, lines: { start: line } });
  });
});

describe("hostile text ends soon and with an error (security case D9)", () => {
  const depth = 100_000;
  test.each([
    ["a line that is too long", `FROM a\nRUN ${"x".repeat(65536)}`, /line greater than max allowed size/],
    ["a heredoc without end", `FROM a\nRUN <<E\n${"x\n".repeat(depth)}`, /unterminated heredoc/],
    ["chained ONBUILD", `FROM a\n${"ONBUILD \\\n".repeat(depth)}RUN x`, /Chaining ONBUILD/],
  ])("%s", (_, text, message) => {
    expect(errorOf(() => parseDockerfile(text)).message).toMatch(message);
  });

  test("nested substitutions", () => {
    const word = `${"${a:-".repeat(depth)}x${"}".repeat(depth)}`;
    expect(errorOf(() => expand(word, () => undefined)).message).toMatch(/nested too deep/);
  });

  test("lines without end, endless blanks and patterns full of stars take linear time", () => {
    expectLinearTime(4000, (size) => {
      const blanks = " ".repeat(size);
      parseDockerfile(`# syntax=a${blanks}b\nFROM a${blanks}b\n`);
    });
    expectLinearTime(1000, (size) => parseDockerfile(`FROM a\n${"RUN x\n".repeat(size)}`));
    expectLinearTime(2000, (size) => parseDockerfile(`FROM a\nRUN ${"y\\\n".repeat(size)}`));
    const stars = `\${a%%${"*x".repeat(100)}}`;
    expectLinearTime(1000, (size) => expect(expand(stars, () => "x".repeat(size)).text).toBe(""));
    expectLinearTime(1000, (size) => expand(`\${a//${"*x".repeat(50)}y/}`, () => "x".repeat(size)));
  });
});
