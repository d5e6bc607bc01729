import { expect, test } from "bun:test";
import { homedir } from "node:os";
import { configurationHome, ofOwnSession, resolveDirectories } from "../../../src/base/directories.ts";

const resolve = (env: Readonly<Record<string, string | undefined>>) => resolveDirectories(env, 7);

test("are below the home directory, or where the XDG variables say", () => {
  expect(resolve({ HOME: "/home/a/" })).toEqual({
    data: "/home/a/.local/share/berth",
    runtime: "/tmp/berth-7",
    configuration: "/home/a/.config/berth",
  });
  const xdg = { XDG_DATA_HOME: "/d", XDG_RUNTIME_DIR: "/run/user/7/", XDG_CONFIG_HOME: "/c" };
  expect(resolve({ HOME: "/home/a", ...xdg })).toEqual({
    data: "/d/berth",
    runtime: "/run/user/7/berth",
    configuration: "/c/berth",
  });
});

test("a relative XDG variable and an empty HOME say nothing", () => {
  expect(resolve({ HOME: "/home/a", XDG_DATA_HOME: "d" }).data).toBe("/home/a/.local/share/berth");
  for (const env of [{}, { HOME: "" }]) expect(configurationHome(env)).toBe(`${homedir()}/.config`);
});

test("a relative BERTH_ROOT is refused", () => {
  expect(resolve({ HOME: "/", BERTH_ROOT: "/store" }).data).toBe("/store");
  expect(() => resolve({ HOME: "/", BERTH_ROOT: "store" })).toThrow("must be an absolute path");
});

test("the runtime directory is that of the person's own sessions", () => {
  const runtime = (told: string | undefined, sessions = ["/run/user/7"]) =>
    ofOwnSession({ XDG_RUNTIME_DIR: told }, 7, (path) => sessions.includes(path)).XDG_RUNTIME_DIR;
  for (const told of [undefined, "", "relative", "/run/user/0", "/run/user/77/"]) {
    expect(runtime(told)).toBe("/run/user/7");
    expect(resolve({ HOME: "/", ...ofOwnSession({ XDG_RUNTIME_DIR: told }, 7, () => false) }).runtime).toBe(
      "/tmp/berth-7",
    );
  }
  for (const told of ["/run/user/7", "/run/user/7/", "/run/user/7/nested", "/elsewhere"])
    expect(runtime(told, [])).toBe(told);
});
