import { describe, expect, test } from "bun:test";
import { resolveProcess } from "../../../src/engine/resolve-process.ts";
import type { RunOptions } from "../../../src/engine/run-options.ts";

const options: RunOptions = {
  image: "img",
  command: [],
  remove: false,
  interactive: false,
  terminal: false,
  env: [],
  mounts: [],
  readOnly: false,
  labels: {},
  pull: "missing",
  init: false,
  network: { kind: "none" },
};
const image = {
  Entrypoint: ["/entry"],
  Cmd: ["serve", "--all"],
  Env: ["A=1", "PATH=/opt/bin"],
  WorkingDir: "/srv",
};
const resolve = (more: Partial<RunOptions>, config: object = image) =>
  resolveProcess(config, { ...options, ...more }, "box", { FROM_CALLER: "yes", EMPTY: "" });

describe("what a container runs", () => {
  test("is the image's entrypoint and command", () => {
    expect(resolve({}).args).toEqual(["/entry", "serve", "--all"]);
  });

  test("is the entrypoint with the words given", () => {
    expect(resolve({ command: ["x", "-y"] }).args).toEqual(["/entry", "x", "-y"]);
  });

  test("loses the image's command with another entrypoint", () => {
    expect(resolve({ entrypoint: "sh" }).args).toEqual(["sh"]);
    expect(resolve({ entrypoint: "sh", command: ["-c", "ls"] }).args).toEqual(["sh", "-c", "ls"]);
    expect(resolve({ entrypoint: "", command: ["ls"] }).args).toEqual(["ls"]);
  });

  test("is refused when there is nothing to run", () => {
    expect(() => resolve({}, {})).toThrow("no command specified");
    expect(() => resolve({ entrypoint: "" })).toThrow("no command specified");
  });

  test("has Docker's variables, then the image's, then the options'", () => {
    expect(resolve({ env: ["A=2", "B=a=b", "FROM_CALLER", "NOT_THERE", "EMPTY"] }).env).toEqual([
      "PATH=/opt/bin",
      "HOSTNAME=box",
      "A=2",
      "B=a=b",
      "FROM_CALLER=yes",
      "EMPTY=",
    ]);
    expect(resolve({ terminal: true }, { Cmd: ["x"] }).env).toContain("TERM=xterm");
  });

  test("loses a variable that is named without a value and that the caller does not have", () => {
    expect(resolve({ env: ["A"] }).env).not.toContain("A=1");
  });

  test("is in the directory and by the user of image or option", () => {
    expect(resolve({})).toMatchObject({ workdir: "/srv", user: "" });
    expect(resolve({ workdir: "/x", user: "www" })).toMatchObject({ workdir: "/x", user: "www" });
    expect(resolve({}, { Cmd: ["x"] }).workdir).toBe("/");
  });
});
