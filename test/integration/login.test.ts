/** login, logout and pull with credentials, against Debian's docker-registry; skopeo reads what we wrote and the reverse. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BerthOptions, berth as runBerth } from "../support/berth-executable.ts";
import { type Certificate, makeAuthority, makeCertificate } from "../support/certificates.ts";
import { type DockerRegistry, dockerRegistryPath, startDockerRegistry } from "../support/docker-registry.ts";
import { tarOf } from "../support/image-archives.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startInTerminal } from "../support/terminal-session.ts";
import { writeOciLayout } from "../support/write-oci-layout.ts";
import { storeRoots } from "../support/store-roots.ts";

const missing = [dockerRegistryPath, Bun.which("skopeo"), Bun.which("openssl")].includes(null);
const user = { name: "user", password: "dTpw-s3cret" };
const encoded = btoa(`${user.name}:${user.password}`);
const directory = temporaryDirectory();
let authority: Certificate;
let registry: DockerRegistry;
let plain: DockerRegistry;
let layout: string;
const { roots, newRoot } = storeRoots(directory);

const berth = (root: string, args: string[], options: BerthOptions = {}) =>
  runBerth(root, args, { ...options, env: { SSL_CERT_FILE: authority.certificate, ...options.env } });

async function skopeo(...args: string[]): Promise<string> {
  const child = Bun.spawn(["skopeo", "--insecure-policy", ...args], {
    env: { PATH: process.env.PATH ?? "", HOME: "/nonexistent", SSL_CERT_FILE: authority.certificate },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`skopeo ${args[0]} fails: ${stderr}`);
  return stdout;
}

/** Every file below a directory, as far as its owner may read it. */
function* filesBelow(path: string): Generator<string> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const full = join(path, entry.name);
    if (entry.isDirectory()) yield* filesBelow(full);
    else if (entry.isFile()) yield full;
  }
}

function expectNoSecret(text: string): void {
  expect(text).not.toContain(user.password);
  expect(text).not.toContain(encoded);
}

describe.skipIf(missing)("a registry with passwords", () => {
  beforeAll(async () => {
    authority = await makeAuthority(directory.path);
    const names = "DNS:localhost,IP:127.0.0.1";
    const tls = await makeCertificate(directory.path, "server", { names, authority });
    const [secure, open] = [join(directory.path, "secure"), join(directory.path, "open")];
    mkdirSync(secure);
    mkdirSync(open);
    registry = await startDockerRegistry({ directory: secure, user, tls });
    plain = await startDockerRegistry({ directory: open, user });
    layout = join(directory.path, "layout");
    const layer = Bun.gzipSync(await tarOf([{ name: "hello", content: "hello" }]));
    writeOciLayout(layout, { layers: [layer] });
    const to = `docker://${registry.host}/team/app:latest`;
    await skopeo("copy", "--dest-creds", `${user.name}:${user.password}`, `oci:${layout}:latest`, to);
  });
  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    await plain?.[Symbol.asyncDispose]();
    for (const root of roots) await runBerth(root, ["rmi", "-f", `${registry?.host}/team/app`]);
    directory[Symbol.dispose]();
  });

  test("is pulled from after a login and no more after a logout, and skopeo reads the same file", async () => {
    const root = newRoot();
    const name = `${registry.host}/team/app`;
    const refused = await berth(root, ["pull", name]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`pull access denied for ${name}`);
    const login = ["login", "--username", user.name, "--password-stdin", registry.host];
    const done = await berth(root, login, { stdin: `${user.password}\n` });
    expect({ code: done.code, stdout: done.stdout }).toEqual({ code: 0, stdout: "Login Succeeded\n" });
    const config = join(root, ".docker/config.json");
    expect(statSync(config).mode & 0o777).toBe(0o600);
    const pulled = await berth(root, ["pull", name]);
    expect({ code: pulled.code, stderr: pulled.stderr }).toEqual({
      code: 0,
      stderr: expect.not.stringContaining("berth:"),
    });
    expect(await skopeo("inspect", "--authfile", config, `docker://${name}`)).toContain('"Digest"');
    for (const { stdout, stderr } of [refused, done, pulled]) expectNoSecret(stdout + stderr);
    for (const file of filesBelow(join(root, "data"))) {
      const text = readFileSync(file, "latin1");
      expectNoSecret(text);
    }
    expect((await berth(root, ["logout", registry.host])).stdout).toBe(
      `Removing login credentials for ${registry.host}\n`,
    );
    expect((await berth(root, ["pull", name])).code).toBe(1);
  });

  test("B12: is used without the password in any output, argument, or file but the one for it", async () => {
    const root = newRoot();
    const name = `${registry.host}/team/app`;
    const login = ["login", "--username", user.name, "--password-stdin", registry.host];
    const seen = new Set<string>();
    let working = true;
    const watching = (async () => {
      for (; working; await Bun.sleep(2))
        for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)))
          try {
            seen.add(readFileSync(`/proc/${pid}/cmdline`, "latin1"));
          } catch {
            // It has ended.
          }
    })();
    for (const [args, stdin] of [
      [login, user.password],
      [["--debug", "pull", name]],
      [["--debug", "tag", name, `${registry.host}/other/app:1`]],
      [["--debug", "push", `${registry.host}/other/app:1`]],
      [["--debug", "pull", `${registry.host}/other/none`]],
      [["tags", name]],
      [["inspect", name]],
      [["info"]],
      [["events", "--since", "1h", "--until", "0s"]],
    ] as const) {
      const { stdout, stderr } = await berth(root, [...args], stdin === undefined ? {} : { stdin });
      expectNoSecret(stdout + stderr);
    }
    working = false;
    await watching;
    expect([...seen].filter((line) => line.includes(name))).not.toEqual([]);
    expectNoSecret([...seen].join("\n"));
    for (const file of filesBelow(root))
      if (!file.endsWith("/.docker/config.json")) expectNoSecret(readFileSync(file, "latin1"));
  });

  test("is logged in to where registries.conf says something of it", async () => {
    const root = newRoot();
    const conf = join(root, ".config/containers/registries.conf");
    mkdirSync(join(root, ".config/containers"), { recursive: true });
    const logIn = (host: string) =>
      berth(root, ["login", "-u", user.name, "--password-stdin", host], { stdin: user.password });
    writeFileSync(conf, `[[registry]]\nlocation = "${plain.host}"\ninsecure = true`);
    expect(await logIn(plain.host)).toMatchObject({ code: 0, stdout: "Login Succeeded\n" });
    writeFileSync(conf, `[[registry]]\nlocation = "${plain.host}"\nblocked = true`);
    const blocked = await logIn(plain.host);
    expect(blocked).toMatchObject({ code: 1, stderr: expect.stringContaining("is blocked in") });
  });

  test("refuses a wrong password, and nothing is kept of it", async () => {
    const root = newRoot();
    const login = ["login", "--username", user.name, "--password-stdin", registry.host];
    const { code, stdout, stderr } = await berth(root, login, { stdin: "wr0ng-pw" });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("unauthorized");
    expect(stderr).not.toContain("wr0ng-pw");
    expect(existsSync(join(root, ".docker"))).toBe(false);
  });

  test("is pulled from with what skopeo logged in with", async () => {
    const root = newRoot();
    const authfile = join(directory.path, "skopeo-auth.json");
    await skopeo("login", "--authfile", authfile, "-u", user.name, "-p", user.password, registry.host);
    const pulled = await berth(root, ["pull", `${registry.host}/team/app`], {
      env: { REGISTRY_AUTH_FILE: authfile },
    });
    expect(pulled.code).toBe(0);
  });

  test("asks at a terminal, and does not show the password", async () => {
    const root = newRoot();
    using session = startInTerminal(root, ["login", plain.host]);
    await session.shows(/Username: /);
    session.type(`${user.name}\n`);
    await session.shows(/Password: /);
    session.type(`${user.password}\n`);
    await session.shows(/Login Succeeded/);
    expect(await session.exited).toBe(0);
    expectNoSecret(session.output());
    expect(readFileSync(join(root, ".docker/config.json"), "utf8")).toContain(encoded);
  });

  test("a terminal shows again what is typed after an interrupted password", async () => {
    using session = startInTerminal(newRoot(), ["login", "-u", user.name, plain.host]);
    await session.shows(/Password: /);
    expect(session.echoes()).toBe(false);
    session.type("\u0003");
    expect(await session.exited).toBe(130);
    expect(session.echoes()).toBe(true);
  });
});
