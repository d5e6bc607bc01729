import { describe, expect, test } from "bun:test";
import { authKey, authKeysFor, dockerServer } from "../../../src/registry/auth-key.ts";

describe("authKey", () => {
  test.each([
    ["https://index.docker.io/v1/", "docker.io"],
    ["index.docker.io", "docker.io"],
    ["docker.io/v2", "docker.io"],
    ["registry-1.docker.io", "docker.io"],
    ["https://Registry.example.com:5000/v2/", "registry.example.com:5000"],
    ["registry.example.com/team/app", "registry.example.com/team/app"],
    ["docker.io/library", "docker.io/library"],
    ["localhost:5000/", "localhost:5000"],
  ])("%s is %s", (text, key) => expect(authKey(text)).toBe(key));
});

test("the most specific key comes first", () => {
  expect(authKeysFor("Host:5000", "team/sub/app")).toEqual([
    "host:5000/team/sub/app",
    "host:5000/team/sub",
    "host:5000/team",
    "host:5000",
  ]);
  expect(authKeysFor("docker.io", undefined)).toEqual(["docker.io"]);
});

test("Docker Hub has a name of its own in Docker's files", () => {
  expect(dockerServer("docker.io")).toBe("https://index.docker.io/v1/");
  expect(dockerServer("host:5000")).toBe("host:5000");
});
