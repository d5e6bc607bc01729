import { expect, test } from "bun:test";
import { homedir } from "node:os";
import { configurationHome, resolveDirectories } from "../../../src/base/directories.ts";

const resolve = (env: Record<string, string>) => resolveDirectories(env, 7);

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
