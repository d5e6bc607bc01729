import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { credentialProvider } from "../../../src/registry/find-credentials.ts";
import { secretFile, writeCredentialProgram } from "../../support/credential-program.ts";
import { failureOf } from "../../support/registry-client.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const directory = temporaryDirectory();
afterAll(() => directory[Symbol.dispose]());
const home = join(directory.path, "home");
const runtime = join(directory.path, "runtime");
const base = { HOME: home, XDG_RUNTIME_DIR: runtime, PATH: "/usr/bin:/bin" };
const docker = join(home, ".docker/config.json");
const containers = join(home, ".config/containers/auth.json");

beforeEach(() => rmSync(home, { recursive: true, force: true }));

function write(path: string, document: unknown): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof document === "string" ? document : JSON.stringify(document));
  return path;
}
const entry = (username: string, password: string) => ({ auth: btoa(`${username}:${password}`) });
const file = (key: string, username: string) => ({ auths: { [key]: entry(username, "dTpw") } });

async function find(host: string, path?: string, env: Record<string, string> = {}) {
  const warnings: string[] = [];
  const provider = credentialProvider({ env: { ...base, ...env }, warn: (text) => warnings.push(text) });
  const found = await provider(host, undefined, path);
  return { name: found && ("username" in found ? found.username : found.identityToken), found, warnings };
}

describe("places", () => {
  test("nothing anywhere is nothing", async () => {
    expect((await find("docker.io")).found).toBeUndefined();
  });

  test("come one after the other, Docker's last", async () => {
    const other = join(directory.path, "other");
    const all: [string, Record<string, string>][] = [];
    write(docker, file("h", "docker"));
    all.push(["docker", {}]);
    write(join(other, "config.json"), file("h", "DOCKER_CONFIG"));
    all.push(["DOCKER_CONFIG", { DOCKER_CONFIG: other }]);
    for (const [name, env] of all) expect((await find("h", undefined, env)).name).toBe(name);
    write(containers, file("h", "containers"));
    expect((await find("h", undefined, { DOCKER_CONFIG: other })).name).toBe("containers");
    const session = write(join(runtime, "containers/auth.json"), file("h", "session"));
    expect((await find("h")).name).toBe("session");
    const REGISTRY_AUTH_FILE = write(join(directory.path, "auth.json"), file("h", "file"));
    expect((await find("h", undefined, { REGISTRY_AUTH_FILE })).name).toBe("file");
    const DOCKER_AUTH_CONFIG = JSON.stringify(file("h", "inline"));
    expect((await find("h", undefined, { REGISTRY_AUTH_FILE, DOCKER_AUTH_CONFIG })).name).toBe("inline");
    rmSync(session);
  });

  test("REGISTRY_AUTH_FILE is the only file when it is set", async () => {
    write(docker, file("h", "docker"));
    const REGISTRY_AUTH_FILE = write(join(directory.path, "auth.json"), {});
    expect((await find("h", undefined, { REGISTRY_AUTH_FILE })).found).toBeUndefined();
  });

  test("a place without the registry does not hide the next one", async () => {
    write(containers, file("other", "containers"));
    write(docker, file("h", "docker"));
    expect((await find("h")).name).toBe("docker");
  });

  test("a broken file is an error that does not quote it", async () => {
    write(docker, '{"auths": {"h": {"auth": "dXNlcjpkVHB3"');
    const error = await failureOf(find("h"));
    expect(error.message).toBe(`${docker} is not valid JSON`);
    expect(`${error.message}${error.stack}${String(error.cause)}`).not.toContain("dXNlcjpkVHB3");
  });
});

describe("keys", () => {
  test("the most specific namespace wins, and another port is another registry", async () => {
    write(docker, {
      auths: {
        "h:1": entry("host", "dTpw"),
        "h:1/team": entry("team", "dTpw"),
        "h:1/team/app": entry("app", "dTpw"),
      },
    });
    expect((await find("h:1", "team/app")).name).toBe("app");
    expect((await find("h:1", "team/other")).name).toBe("team");
    expect((await find("h:1", "teams/app")).name).toBe("host");
    expect((await find("h:1")).name).toBe("host");
    for (const host of ["h", "h:2", "sub.h:1"]) expect((await find(host, "team/app")).found).toBeUndefined();
  });

  test("Docker Hub is found under its old address", async () => {
    write(docker, file("https://index.docker.io/v1/", "hub"));
    expect((await find("docker.io", "library/alpine")).name).toBe("hub");
  });
});

describe("entries", () => {
  test("an identity token wins over the name beside it", async () => {
    write(docker, { auths: { h: { ...entry("user", "x"), identitytoken: "refresh" } } });
    expect((await find("h")).found).toEqual({ identityToken: "refresh" });
  });

  test("a password may hold colons and other characters than ASCII", async () => {
    const auth = Buffer.from("user:d:T pw ü").toString("base64");
    write(docker, { auths: { h: { auth } } });
    expect((await find("h")).found).toEqual({ username: "user", password: "d:T pw ü" });
  });

  test.each([[{}], [{ auth: "" }], [{ auth: btoa("nocolon") }], [null], ["text"], [7]])(
    "%p holds no credentials",
    async (value) => {
      write(docker, { auths: { h: value } });
      expect((await find("h")).found).toBeUndefined();
    },
  );
});

describe("programs", () => {
  const program = writeCredentialProgram(directory.path, "test");
  const PATH = `${program.directory}:${base.PATH}`;
  const put = (server: string, Username: string, Secret: string) =>
    writeFileSync(secretFile(program, server), JSON.stringify({ ServerURL: server, Username, Secret }));

  test("credsStore is asked for the host, credHelpers for its registry", async () => {
    put("h", "stored", "dTpw");
    put("https://index.docker.io/v1/", "hub", "dTpw");
    write(docker, { auths: { h: {} }, credsStore: "test" });
    expect((await find("h", "team/app", { PATH })).found).toEqual({ username: "stored", password: "dTpw" });
    expect((await find("docker.io", undefined, { PATH })).name).toBe("hub");
    expect((await find("unknown", undefined, { PATH })).found).toBeUndefined();
    write(docker, { credHelpers: { h: "test" } });
    expect((await find("h", undefined, { PATH })).name).toBe("stored");
    expect((await find("docker.io", undefined, { PATH })).found).toBeUndefined();
    expect(readFileSync(program.calls, "utf8")).toMatch(/^(get\n)+$/);
  });

  test("a secret of the user <token> is an identity token", async () => {
    put("t", "<token>", "refresh");
    write(docker, { credsStore: "test" });
    expect((await find("t", undefined, { PATH })).found).toEqual({ identityToken: "refresh" });
  });

  test("one that is missing or fails is told, and the search goes on", async () => {
    write(containers, { credHelpers: { h: "absent" } });
    write(docker, file("h", "docker"));
    const { name, warnings } = await find("h", undefined, { PATH });
    expect(name).toBe("docker");
    expect(warnings).toEqual([
      'cannot get credentials for h: exec: "docker-credential-absent": executable file not found in $PATH',
    ]);
  });

  test("a name that would lead elsewhere is not run", async () => {
    write(docker, { credsStore: "../../bin/test" });
    expect((await find("h", undefined, { PATH })).warnings).toHaveLength(1);
  });
});
