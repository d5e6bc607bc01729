import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommandLine } from "../../../../src/cli/cli.ts";
import { type Authentication, startFaultyRegistry } from "../../../support/faulty-registry.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";
import { fakeHost } from "../fake-host.ts";

const directory = temporaryDirectory();
afterAll(() => directory[Symbol.dispose]());
const config = join(directory.path, ".docker/config.json");
beforeEach(() => rmSync(join(directory.path, ".docker"), { recursive: true, force: true }));

async function berth(args: readonly string[], stdin?: string, env: Record<string, string> = {}) {
  const host = fakeHost({ env: { HOME: directory.path, PATH: "/usr/bin:/bin", ...env } });
  const stream = async function* () {
    if (stdin !== undefined) yield Buffer.from(stdin);
  };
  const code = await runCommandLine(args, { ...host, stdin: { isTerminal: false, stream } });
  return { code, ...host.written };
}

const basic: Authentication = { kind: "basic", username: "user", password: "dTpw" };
const bearer: Authentication = { kind: "bearer", username: "user", password: "dTpw" };
const login = ["login", "-u", "user", "--password-stdin"];

describe.each([
  ["basic", basic],
  ["bearer", bearer],
])("with %s authorization", (_, auth) => {
  test("the registry's yes stores the credentials", async () => {
    await using registry = startFaultyRegistry({ auth });
    const { code, stdout, stderr } = await berth([...login, registry.host], "dTpw\n");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "Login Succeeded\n" });
    expect(stderr).toContain(`stored unencrypted in ${config}`);
    expect(JSON.parse(readFileSync(config, "utf8"))).toEqual({
      auths: { [registry.host]: { auth: btoa("user:dTpw") } },
    });
    const again = await berth(["login", registry.host]);
    expect(again).toEqual({
      code: 0,
      stdout: "Login Succeeded\n",
      stderr: "Authenticating with existing credentials... [Username: user]\n",
    });
  });

  test("the registry's no stores nothing and does not show the password", async () => {
    await using registry = startFaultyRegistry({ auth });
    const { code, stdout, stderr } = await berth([...login, registry.host], "s3cretpw");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("unauthorized: incorrect username or password");
    expect(stderr).not.toContain("s3cretpw");
    expect(existsSync(config)).toBe(false);
  });
});

test("a token service elsewhere does not get the password, and the login fails", async () => {
  await using elsewhere = startFaultyRegistry({ auth: bearer, hostname: "127.0.0.2" });
  await using registry = startFaultyRegistry({ auth: { ...bearer, realm: `${elsewhere.origin}/token` } });
  const { code, stderr } = await berth([...login, registry.host], "dTpw");
  expect(code).toBe(1);
  expect(stderr).toContain(`credentials are not sent to its token service ${elsewhere.host}`);
  expect(elsewhere.requests).toEqual([]);
  expect(existsSync(config)).toBe(false);
});

test("a registry that wants no login accepts any", async () => {
  await using registry = startFaultyRegistry();
  expect((await berth([...login, registry.host], "dTpw")).code).toBe(0);
  for (const { headers } of registry.requests) expect(headers.authorization).toBeUndefined();
});

test("the password on the command line works with Docker's warning", async () => {
  await using registry = startFaultyRegistry({ auth: basic });
  const { code, stderr } = await berth(["login", "-u", "user", "-p", "dTpw", registry.host]);
  expect(code).toBe(0);
  expect(stderr).toStartWith("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
  expect(stderr).not.toContain("dTpw");
});

test("credentials of the environment that come first are named", async () => {
  await using registry = startFaultyRegistry({ auth: basic });
  const inline = JSON.stringify({ auths: { [registry.host]: { auth: btoa("other:x") } } });
  const { stderr } = await berth([...login, registry.host], "dTpw", { DOCKER_AUTH_CONFIG: inline });
  expect(stderr).toContain(`DOCKER_AUTH_CONFIG has other credentials for ${registry.host}`);
});

describe("refusals", () => {
  test.each([
    [["login", "-u", "user", "-p", "x", "--password-stdin", "h"], "mutually exclusive"],
    [["login", "--password-stdin", "h"], "Must provide --username with --password-stdin"],
    [["login", "-u", "", "h"], "username is empty"],
    [["login", "-u", "user", "-p", "", "h"], "password is empty"],
    [["login", "-u", "user", "h"], "cannot perform an interactive login from a non-TTY device"],
    [["login", "h"], "cannot perform an interactive login from a non-TTY device"],
    [["login", "-u", "user", "--password-stdin", "ho st"], "is not the address of a registry"],
    [["login", "a", "b"], "requires at most 1 argument"],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await berth(args, "");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(message);
  });

  test("an empty password is not tried", async () => {
    await using registry = startFaultyRegistry({ auth: basic });
    expect((await berth([...login, registry.host], "\n")).stderr).toContain("password is empty");
    expect(registry.requests).toEqual([]);
  });
});

test("logout forgets, and says so", async () => {
  mkdirSync(join(directory.path, ".docker"));
  const auth = btoa("user:dTpw");
  writeFileSync(config, JSON.stringify({ auths: { "https://index.docker.io/v1/": { auth }, h: { auth } } }));
  expect((await berth(["logout", "h"])).stdout).toBe("Removing login credentials for h\n");
  expect((await berth(["logout", "h"])).stdout).toBe("Not logged in to h\n");
  expect((await berth(["logout"])).stdout).toBe(
    "Removing login credentials for https://index.docker.io/v1/\n",
  );
  expect(JSON.parse(readFileSync(config, "utf8"))).toEqual({ auths: {} });
});
