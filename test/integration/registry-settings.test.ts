/** What machine and person say about registries: registries.conf, certs.d, --tls-verify, proxies; with Debian's docker-registry. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type BerthOptions, berth as runBerth } from "../support/berth-executable.ts";
import { type Certificate, makeAuthority, makeCertificate } from "../support/certificates.ts";
import { type DockerRegistry, dockerRegistryPath, startDockerRegistry } from "../support/docker-registry.ts";
import { startForwardProxy } from "../support/forward-proxy.ts";
import { storeRoots } from "../support/store-roots.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const missing = [dockerRegistryPath, Bun.which("skopeo"), Bun.which("openssl")].includes(null);
const builtin = join(import.meta.dir, "../../dist/assets/builtin-image.tar");
const directory = temporaryDirectory();
const { roots, newRoot } = storeRoots(directory);
const running: DockerRegistry[] = [];
let authority: Certificate;
let client: Certificate;
let plain: DockerRegistry;
let secure: DockerRegistry;
let guarded: DockerRegistry;

/** A person with an empty home, and these files in it. */
function newPerson(files: Readonly<Record<string, string>> = {}): string {
  const root = newRoot();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

async function succeed(root: string, args: string[], options: BerthOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runBerth(root, args, options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("berth: ") });
  return stdout;
}

async function fail(root: string, args: string[], options: BerthOptions = {}): Promise<string> {
  const { code, stderr } = await runBerth(root, args, options);
  expect({ args, code }).toEqual({ args, code: 1 });
  return stderr;
}

const conf = ".config/containers/registries.conf";

describe.skipIf(missing)("registries", () => {
  beforeAll(async () => {
    authority = await makeAuthority(directory.path);
    client = await makeCertificate(directory.path, "client", { names: "DNS:client", authority });
    const names = "DNS:localhost,DNS:registry.example,IP:127.0.0.1";
    const tls = await makeCertificate(directory.path, "server", { names, authority });
    const start = async (name: string, more = {}) => {
      const path = join(directory.path, name);
      mkdirSync(path);
      const registry = await startDockerRegistry({ directory: path, ...more });
      running.push(registry);
      return registry;
    };
    plain = await start("plain");
    secure = await start("secure", { tls });
    guarded = await start("guarded", { tls: { ...tls, clientAuthority: authority.certificate } });
    const certificates = join(directory.path, "certificates");
    mkdirSync(certificates);
    for (const [from, to] of [
      [authority.certificate, "ca.crt"],
      [client.certificate, "client.cert"],
      [client.key, "client.key"],
    ] as const)
      copyFileSync(from, join(certificates, to));
    for (const [registry, flags] of [
      [plain, ["--dest-tls-verify=false"]],
      [secure, ["--dest-cert-dir", certificates]],
      [guarded, ["--dest-cert-dir", certificates]],
    ] as const) {
      const to = `docker://${registry.host}/copy/team/app:1`;
      const copied = Bun.spawnSync([
        "skopeo",
        "--insecure-policy",
        "copy",
        ...flags,
        `oci-archive:${builtin}`,
        to,
      ]);
      if (!copied.success) throw new Error(copied.stderr.toString());
    }
  });
  afterAll(async () => {
    for (const registry of running) await registry[Symbol.asyncDispose]();
    for (const root of roots) await runBerth(root, ["system", "prune", "-af"]);
    directory[Symbol.dispose]();
  });

  test("a mirror gives what it has, under the name that was asked for", async () => {
    const root = newPerson({
      [conf]: `
        [[registry]]
        prefix = "registry.example"
        [[registry.mirror]]
        location = "127.0.0.1:1/nobody"
        [[registry.mirror]]
        location = "${plain.host}/copy"
      `,
    });
    expect(await succeed(root, ["pull", "-q", "registry.example/team/app:1"])).toBe(
      "registry.example/team/app:1\n",
    );
    expect(await succeed(root, ["images", "--format", "{{.Repository}}:{{.Tag}}"])).toBe(
      "registry.example/team/app:1\n",
    );
  });

  test("a prefix has another place, for pull, tags and push", async () => {
    const root = newPerson({
      [conf]: `[[registry]]\nprefix = "registry.example/apps"\nlocation = "${plain.host}/copy/team"`,
    });
    await succeed(root, ["pull", "-q", "registry.example/apps/app:1"]);
    await succeed(root, ["tag", "registry.example/apps/app:1", "registry.example/apps/app:pushed"]);
    await succeed(root, ["push", "-q", "registry.example/apps/app:pushed"]);
    const listed = await succeed(root, ["tags", "registry.example/apps/app"]);
    expect(listed.trim().split("\n").sort()).toEqual(["1", "pushed"]);
  });

  test("a registry is searched, also with what is no name, where the configuration says something of it", async () => {
    for (const text of [
      `[[registry]]\nlocation = "${plain.host}"\ninsecure = true`,
      `[[registry]]\nprefix = "registry.example"\nlocation = "${plain.host}/copy"`,
    ]) {
      const root = newPerson({ [conf]: text });
      const host = text.includes("prefix") ? "registry.example" : plain.host;
      for (const term of ["", "team/"])
        expect(await succeed(root, ["search", "--format", "{{.Name}}", `${host}/${term}`])).toBe(
          "copy/team/app\n",
        );
    }
  });

  test("a blocked registry is not asked", async () => {
    const root = newPerson({ [conf]: `[[registry]]\nlocation = "${plain.host}"\nblocked = true` });
    for (const command of ["pull", "tags"])
      expect(await fail(root, [command, `${plain.host}/copy/team/app`])).toContain(
        `registry ${plain.host} is blocked in`,
      );
  });

  test("a short name is what an alias says, also for run, and after a drop-in what that says", async () => {
    const root = newPerson({
      [conf]: `[aliases]\nshort = "${plain.host}/copy/none"`,
      ".config/containers/registries.conf.d/10-mine.conf": `[aliases]\nshort = "${plain.host}/copy/team/app"`,
    });
    expect(await succeed(root, ["run", "--rm", "--network", "none", "short:1", "echo", "hello"])).toBe(
      "hello\n",
    );
    const again = await runBerth(root, ["run", "--rm", "--network", "none", "short:1", "true"]);
    expect(again).toEqual({ code: 0, stdout: "", stderr: expect.not.stringContaining("Unable to find") });
  });

  test("a short name finds what was pulled by it, in every command that takes an image", async () => {
    const full = `${plain.host}/copy/team/app:1`;
    const root = newPerson({ [conf]: `[aliases]\nshort = "${plain.host}/copy/team/app"` });
    expect(await succeed(root, ["tags", "short"])).toContain("1\n");
    const there = await succeed(root, ["manifest", "inspect", "--raw", "short:1"]);
    expect(there).toBe(await succeed(root, ["manifest", "inspect", "--raw", full]));
    await succeed(root, ["pull", "-q", "short:1"]);
    const id = (await succeed(root, ["images", "-q", "--no-trunc"])).trim();
    const inspect = (name: string) => succeed(root, ["inspect", "-f", "{{.Id}} {{.RepoTags}}", name]);
    expect(await inspect("short:1")).toBe(`${id} [${full}]\n`);
    expect(await succeed(root, ["history", "--no-trunc", "-q", "short:1"])).toStartWith(id);
    await succeed(root, ["create", "--pull", "never", "--name", "made", "short:1"]);
    expect(await succeed(root, ["ps", "-a", "-f", "ancestor=short:1", "--format", "{{.Names}}"])).toBe(
      "made\n",
    );
    expect(await succeed(root, ["images", "-q", "-f", "since=short:1"])).toBe("");
    await succeed(root, ["rm", "made"]);
    await succeed(root, ["tag", "short:1", "mine"]);
    expect(await inspect("mine")).toStartWith(id);
    await succeed(root, ["save", "-o", join(root, "short.tar"), "short:1"]);
    await succeed(root, ["copy", "short:1", `oci:${join(root, "layout")}`]);
    // What is called so is meant before what it could stand for.
    await succeed(root, ["tag", "mine", "short:1"]);
    expect(await succeed(root, ["rmi", "short:1"])).toBe("Untagged: short:1\n");
    expect(await succeed(root, ["rmi", "short:1"])).toStartWith(`Untagged: ${full}\n`);
    expect(await fail(root, ["rmi", "short:1"])).toContain("No such image: short:1");
    expect(await succeed(root, ["load", "-i", join(root, "short.tar")])).toBe(`Loaded image: ${full}\n`);
    expect(await succeed(root, ["pull", "-q", "-a", "short"])).toBe(`${plain.host}/copy/team/app\n`);
  });

  test("names without a registry are looked for where the configuration says", async () => {
    const root = newPerson({
      [conf]: `unqualified-search-registries = ["${plain.host}/nobody", "${plain.host}/copy"]`,
    });
    expect(await succeed(root, ["pull", "-q", "team/app:1"])).toBe(`${plain.host}/copy/team/app:1\n`);
    const refused = await fail(root, ["pull", "team/none"]);
    expect(refused).toContain(`${plain.host}/nobody/team/none`);
    expect(refused).toContain(`${plain.host}/copy/team/none`);
  });

  test("a file that cannot be understood is named", async () => {
    const root = newPerson({ [conf]: "[[registry]]\nlocation = 7" });
    expect(await fail(root, ["pull", "registry.example/x"])).toContain(join(root, conf));
    // Nothing but a pull needs it.
    expect(await fail(root, ["inspect", "nothing"])).toBe("error: no such object: nothing\n");
  });

  test("certs.d has authorities and certificates of the client, for one host and port", async () => {
    const unknown = newPerson();
    const name = (registry: DockerRegistry) => `${registry.host}/copy/team/app:1`;
    expect(await fail(unknown, ["pull", name(secure)])).toContain("x509");
    const text = (path: string) => Bun.file(path).text();
    const of = (registry: DockerRegistry) => `.config/containers/certs.d/${registry.host}`;
    const ca = await text(authority.certificate);
    const root = newPerson({
      [`${of(secure)}/ca.crt`]: ca,
      [`${of(guarded)}/ca.crt`]: ca,
      [`${of(guarded)}/client.cert`]: await text(client.certificate),
      [`${of(guarded)}/client.key`]: await text(client.key),
    });
    await succeed(root, ["pull", "-q", name(secure)]);
    await succeed(root, ["pull", "-q", name(guarded)]);
    const without = newPerson({ [`${of(guarded)}/ca.crt`]: ca });
    await fail(without, ["pull", name(guarded)]);
  });

  test("B11: --tls-verify=false is for this command, and true overrules the configuration", async () => {
    const root = newPerson({
      ".config/berth/config.toml": `insecure-registries = ["${secure.host}"]`,
    });
    const name = `${secure.host}/copy/team/app:1`;
    expect(await fail(root, ["pull", "--tls-verify", name])).toContain("x509");
    await succeed(root, ["pull", "-q", name]);
    const other = newPerson();
    await succeed(other, ["pull", "-q", "--tls-verify=false", name]);
    await succeed(other, ["push", "-q", "--tls-verify=false", name]);
    await succeed(other, ["tags", "--tls-verify=false", name.replace(":1", "")]);
    expect(await fail(other, ["push", name])).toContain("x509");
  });

  test("a proxy of the environment is used for https and http, and NO_PROXY has exceptions", async () => {
    const env = { SSL_CERT_FILE: authority.certificate };
    const name = "registry.example:5443/copy/team/app:1";
    for (const variable of ["HTTPS_PROXY", "https_proxy"]) {
      using proxy = startForwardProxy(secure.port);
      const address = `http://me:s3cret@${proxy.host}`;
      await succeed(newPerson(), ["pull", "-q", name], { env: { ...env, [variable]: address } });
      expect(new Set(proxy.requests.map(({ line }) => line))).toEqual(
        new Set(["CONNECT registry.example:5443"]),
      );
      expect(proxy.requests[0]?.authorization).toBe(`Basic ${btoa("me:s3cret")}`);
      const before = proxy.requests.length;
      const excepted = { ...env, [variable]: address, no_proxy: ".example" };
      const refused = await fail(newPerson(), ["pull", name], { env: excepted });
      expect(refused).not.toContain("s3cret");
      expect(proxy.requests.length).toBe(before);
    }
    using proxy = startForwardProxy(plain.port);
    const root = newPerson({ ".config/berth/config.toml": 'insecure-registries = ["plain.example"]' });
    await succeed(root, ["pull", "-q", "plain.example/copy/team/app:1"], {
      env: { HTTP_PROXY: proxy.host, HTTPS_PROXY: proxy.host },
    });
    expect(proxy.requests.map(({ line }) => line)).toContain(
      "GET http://plain.example/v2/copy/team/app/manifests/1",
    );
  });
});
