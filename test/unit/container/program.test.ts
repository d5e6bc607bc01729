import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isBerthError } from "../../../src/base/errors.ts";
import { executionError, findProgram, refuseOutsideProgram } from "../../../src/container/program.ts";

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "berth-program-"));
  for (const directory of ["a", "b", "b/folder"]) mkdirSync(join(root, directory));
  writeFileSync(join(root, "a/plain"), "");
  writeFileSync(join(root, "b/plain"), "");
  chmodSync(join(root, "b/plain"), 0o755);
  writeFileSync(join(root, "a/locked"), "");
});
afterAll(() => rmSync(root, { recursive: true }));

const codeOf = (action: () => unknown) => {
  try {
    action();
  } catch (error) {
    if (isBerthError(error)) return `${error.code}: ${error.message.replace(/^.*exec: /, "")}`;
  }
  return "no error";
};

describe("finding the program", () => {
  test("goes through PATH and passes over what is not executable", () => {
    expect(findProgram("plain", `${root}/a:${root}/b`)).toBe(`${root}/b/plain`);
  });

  test("takes a path with a slash as it is", () => {
    expect(findProgram(`${root}/b/plain`, undefined)).toBe(`${root}/b/plain`);
  });

  test("tells missing programs (127) from those that may not be run (126)", () => {
    expect(codeOf(() => findProgram("nothing", `${root}/a`))).toBe(
      'command-not-found: "nothing": executable file not found in $PATH',
    );
    expect(codeOf(() => findProgram("locked", `${root}/a`))).toBe(
      'command-not-executable: "locked": permission denied',
    );
    expect(codeOf(() => findProgram("/nothing", ""))).toBe(
      'command-not-found: "/nothing": stat /nothing: no such file or directory',
    );
    expect(codeOf(() => findProgram(`${root}/b/folder`, ""))).toContain("command-not-executable");
    expect(codeOf(() => findProgram("", `${root}/b`))).toContain("command-not-found");
  });

  test("never looks into relative entries of PATH", () => {
    expect(codeOf(() => findProgram("program.test.ts", `:.:${import.meta.dir.slice(1)}`))).toContain(
      "executable file not found",
    );
  });

  test("explains what execve refused", () => {
    expect(executionError("/x", "ENOEXEC").message).toBe("exec /x: exec format error");
    expect(executionError("/x", "ENOENT").code).toBe("command-not-found");
    expect(executionError("/x", "EACCES").code).toBe("command-not-executable");
  });
});

describe("a program outside the root", () => {
  const script = (name: string, text: string) => {
    writeFileSync(join(root, name), text, { mode: 0o755 });
    return join(root, name);
  };

  test.each(["/proc/self/exe", "/proc/self/fd/0", "/proc/thread-self/exe"])("is refused as %s", (path) => {
    expect(codeOf(() => refuseOutsideProgram(path))).toContain("command-not-executable");
  });

  test("is refused through a link, as the interpreter of a script, and through a script in between", () => {
    symlinkSync("/proc/self/exe", join(root, "link"));
    expect(codeOf(() => refuseOutsideProgram(join(root, "link")))).toContain("outside the container's root");
    const direct = script("direct", "#! \t/proc/self/exe --version\n");
    expect(codeOf(() => refuseOutsideProgram(direct))).toContain("outside the container's root");
    expect(codeOf(() => refuseOutsideProgram(script("indirect", `#!${direct} x`)))).toContain("outside");
  });

  test("is not what an ordinary program, script or file without a program is", () => {
    const endless = join(root, "endless");
    script("endless", `#!${endless}\n`);
    for (const path of [
      "/bin/sh",
      script("plain-script", "#!/bin/sh\n"),
      script("empty", ""),
      endless,
      "/none",
    ])
      expect(codeOf(() => refuseOutsideProgram(path))).toBe("no error");
  });
});
