import { afterAll, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { credentialProvider } from "../../../src/registry/find-credentials.ts";
import { eraseCredentials, storeCredentials } from "../../../src/registry/stored-credentials.ts";
import { secretFile, writeCredentialProgram } from "../../support/credential-program.ts";
import { failureOf } from "../../support/registry-client.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const directory = temporaryDirectory();
afterAll(() => directory[Symbol.dispose]());
const home = join(directory.path, "home");
const docker = join(home, ".docker/config.json");
const env = { HOME: home, PATH: "/usr/bin:/bin" };
const user = { username: "user", password: "dTpw ü:" };

beforeEach(() => rmSync(home, { recursive: true, force: true }));

const find = (host: string, more = {}) =>
  credentialProvider({ env: { ...env, ...more }, warn: () => {} })(host);
const read = (path = docker): unknown => JSON.parse(readFileSync(path, "utf8"));
function write(path: string, document: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(document), { mode: 0o644 });
}

test("what was stored is found again, in a file of its owner alone", async () => {
  expect(await storeCredentials(env, "h:5000", user)).toEqual({ path: docker });
  expect(await find("h:5000")).toEqual(user);
  expect(statSync(docker).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(docker)).mode & 0o777).toBe(0o700);
  expect(readdirSync(dirname(docker))).toEqual(["config.json"]);
});

test("unknown keys and other registries stay, an open mode does not", async () => {
  write(docker, { HttpHeaders: { a: "b" }, auths: { other: { auth: "eDp5" } }, psFormat: "table" });
  await storeCredentials(env, "docker.io", user);
  expect(read()).toEqual({
    HttpHeaders: { a: "b" },
    auths: {
      other: { auth: "eDp5" },
      "https://index.docker.io/v1/": { auth: Buffer.from("user:dTpw ü:").toString("base64") },
    },
    psFormat: "table",
  });
  expect(statSync(docker).mode & 0o777).toBe(0o600);
});

test("a file that has the registry under another spelling gets the new credentials", async () => {
  const containers = join(home, ".config/containers/auth.json");
  write(containers, { auths: { "https://h/v1/": { auth: "eDp5" } } });
  expect((await storeCredentials(env, "h", user)).path).toBe(containers);
  expect(read(containers)).toEqual({
    auths: { h: { auth: Buffer.from("user:dTpw ü:").toString("base64") } },
  });
  expect(existsSync(docker)).toBe(false);
});

test("a link stays, and the file behind it is replaced", async () => {
  const real = join(home, "dotfiles/docker.json");
  write(real, { psFormat: "x" });
  mkdirSync(dirname(docker), { recursive: true });
  symlinkSync(real, docker);
  await storeCredentials(env, "h", user);
  expect(lstatSync(docker).isSymbolicLink()).toBe(true);
  expect(read(real)).toMatchObject({ psFormat: "x", auths: { h: {} } });
});

test("a program keeps the secret, and the file only knows that there is one", async () => {
  const program = writeCredentialProgram(directory.path, "keep");
  const withProgram = { ...env, PATH: `${program.directory}:${env.PATH}` };
  write(docker, { credsStore: "keep" });
  expect(await storeCredentials(withProgram, "docker.io", user)).toEqual({ path: docker, program: "keep" });
  expect(read()).toEqual({ credsStore: "keep", auths: { "https://index.docker.io/v1/": {} } });
  expect(read(secretFile(program, "https://index.docker.io/v1/"))).toEqual({
    ServerURL: "https://index.docker.io/v1/",
    Username: "user",
    Secret: user.password,
  });
  expect(await find("docker.io", withProgram)).toEqual(user);
  expect(await eraseCredentials(withProgram, "docker.io")).toBe(true);
  expect(await find("docker.io", withProgram)).toBeUndefined();
  expect(readFileSync(program.calls, "utf8")).not.toContain("dTpw");
});

test("erasing takes every spelling in every file, and says whether there was one", async () => {
  const containers = join(home, ".config/containers/auth.json");
  write(containers, { auths: { h: { auth: "eDp5" }, "h/team": { auth: "eDp5" } } });
  write(docker, { auths: { "https://h/v1/": { auth: "eDp5" } }, psFormat: "x" });
  expect(await eraseCredentials(env, "h")).toBe(true);
  expect(read(containers)).toEqual({ auths: { "h/team": { auth: "eDp5" } } });
  expect(read()).toEqual({ auths: {}, psFormat: "x" });
  expect(await eraseCredentials(env, "h")).toBe(false);
});

test("a file that cannot be written is an error without the secret", async () => {
  writeFileSync(join(directory.path, "occupied"), "");
  const more = { ...env, DOCKER_CONFIG: join(directory.path, "occupied/below") };
  const error = await failureOf(storeCredentials(more, "h", user));
  expect(error.code).toBe("denied");
  expect(error.message).toContain("cannot save credentials in");
  expect(error.message).not.toContain("dTpw");
});
