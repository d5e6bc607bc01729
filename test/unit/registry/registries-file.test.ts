import { expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatReference, parseReference } from "../../../src/oci/reference.ts";
import {
  loadRegistriesConfiguration,
  mergeRegistries,
  parseRegistries,
  registriesFiles,
} from "../../../src/registry/registries-file.ts";
import {
  endpointsFor,
  hostEndpoint,
  ownEndpoint,
  resolveShortName,
} from "../../../src/registry/registry-rules.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const parse = (...texts: string[]) =>
  mergeRegistries(texts.map((text, index) => parseRegistries(text, `/conf/${index}`)));
const endpoints = (text: string, name: string) =>
  endpointsFor(parseReference(name), parse(text)).map(({ reference, insecure }) => ({
    name: formatReference(reference),
    insecure,
  }));
const digest = `sha256:${"a".repeat(64)}`;

test("the longest prefix that ends with a component decides, and its location takes its place", () => {
  const text = `
    [[registry]]
    location = "example.com"
    [[registry]]
    prefix = "example.com/team"
    location = "localhost:5000/copies/team"
    insecure = true
  `;
  expect(endpoints(text, "example.com/team/app:1")).toEqual([
    { name: "localhost:5000/copies/team/app:1", insecure: true },
  ]);
  expect(endpoints(text, "example.com/teams/app:1")).toEqual([
    { name: "example.com/teams/app:1", insecure: false },
  ]);
  expect(endpoints(text, "example.com:5000/team/app:1")).toEqual([
    { name: "example.com:5000/team/app:1", insecure: false },
  ]);
});

test("mirrors come first, each for what it is for", () => {
  const text = `
    [[registry]]
    prefix = "docker.io"
    [[registry.mirror]]
    location = "mirror.one/hub"
    [[registry.mirror]]
    location = "localhost:5001"
    insecure = true
    pull-from-mirror = "digest-only"
    [[registry.mirror]]
    location = "mirror.tags"
    pull-from-mirror = "tag-only"
  `;
  expect(endpoints(text, "nginx:1").map(({ name }) => name)).toEqual([
    "mirror.one/hub/library/nginx:1",
    "mirror.tags/library/nginx:1",
    "docker.io/library/nginx:1",
  ]);
  expect(endpoints(text, `nginx@${digest}`)).toEqual([
    { name: `mirror.one/hub/library/nginx@${digest}`, insecure: false },
    { name: `localhost:5001/library/nginx@${digest}`, insecure: true },
    { name: `docker.io/library/nginx@${digest}`, insecure: false },
  ]);
});

test("a wildcard fits every host below a domain", () => {
  const text = '[[registry]]\nprefix = "*.corp.example"\ninsecure = true';
  expect(endpoints(text, "a.b.corp.example:5000/x:1")).toEqual([
    { name: "a.b.corp.example:5000/x:1", insecure: true },
  ]);
  expect(endpoints(text, "corp.example/x:1")[0]?.insecure).toBe(false);
  expect(endpoints(text, "evilcorp.example/x:1")[0]?.insecure).toBe(false);
});

test("a blocked registry is refused with the file that says so", () => {
  const { registries } = parse('[[registry]]\nlocation = "evil.example"\nblocked = true');
  expect(() => ownEndpoint(parseReference("evil.example/x"), registries)).toThrow(
    "registry evil.example is blocked in /conf/0",
  );
});

test("names without a registry are aliases, or looked for where the configuration says, or Docker Hub's", () => {
  const short = (name: string, ...texts: string[]) =>
    resolveShortName(name, parse(...texts)).candidates.map(formatReference);
  const alias = '[aliases]\n"hello" = "quay.io/podman/hello"\n"team/app" = "r.example/t/app"';
  const search = 'unqualified-search-registries = ["one.example", "two.example:5000"]';
  expect(short("hello:1", alias, search)).toEqual(["quay.io/podman/hello:1"]);
  expect(short(`team/app@${digest}`, alias)).toEqual([`r.example/t/app@${digest}`]);
  expect(short("nginx", alias)).toEqual(["docker.io/library/nginx"]);
  expect(short("nginx", search)).toEqual(["one.example/nginx", "two.example:5000/nginx"]);
  for (const whole of ["docker.io/library/hello", "localhost/hello", "r.example:5000/hello"])
    expect(short(whole, alias, search)).toEqual([whole]);
});

test("an alias is told of only where it changes what a name means", () => {
  const configuration = parse('[aliases]\ndebian = "docker.io/library/debian"\nx = "r.example/x"');
  expect(resolveShortName("debian:12", configuration).aliasOf).toBeUndefined();
  expect(resolveShortName("x", configuration).aliasOf).toBe("/conf/0");
});

test("an alias that leads nowhere is refused when it is used", () => {
  const parsed = parseRegistries('[aliases]\nx = "a b"\ny = "r.example/y"', "/conf/x");
  expect(parsed.aliases?.get("y")?.target).toBe("r.example/y");
  expect(() => parsed.aliases?.get("x")?.target).toThrow("/conf/x: alias x must be host");
});

test("a later file overrides", () => {
  const merged = parse(
    'unqualified-search-registries = ["one.example"]\n[[registry]]\nprefix = "a.example"\nblocked = true\n[aliases]\nx = "a.example/x"',
    'unqualified-search-registries = []\n[[registry]]\nprefix = "a.example"\n[aliases]\nx = "b.example/x"',
  );
  expect(merged.search).toEqual([]);
  expect(merged.registries).toMatchObject([{ prefix: "a.example", blocked: false }]);
  expect(merged.aliases.get("x")).toEqual({ target: "b.example/x", file: "/conf/1" });
});

test("a host has another place as a whole, wherever its entry's namespace leads", () => {
  const { registries } = parse(`
    [[registry]]
    location = "plain.example"
    insecure = true
    [[registry]]
    prefix = "moved.example"
    location = "localhost:5000/copies"
    [[registry]]
    prefix = "*.wild.example"
    insecure = true
    [[registry]]
    prefix = "closed.example/team"
    location = "closed.example"
    blocked = true
  `);
  const of = (name: string) => Object.values(hostEndpoint(name, registries));
  expect(of("plain.example")).toEqual(["plain.example", true]);
  expect(of("moved.example")).toEqual(["localhost:5000", false]);
  expect(of("a.wild.example:5000")).toEqual(["a.wild.example:5000", true]);
  expect(of("closed.example")).toEqual(["closed.example", false]);
  expect(of("other.example/team")).toEqual(["other.example", false]);
  expect(() => of("closed.example/team")).toThrow("blocked in /conf/0: closed.example/team is not asked for");
});

test("of entries with one prefix in a file the first counts, and none is silently left open", () => {
  const twice = (more: string) =>
    `[[registry]]\nlocation = "a.example"\n[[registry]]\nprefix = "a.example"\nlocation = "b.example"\n${more}`;
  expect(endpoints(twice(""), "a.example/x:1")).toEqual([{ name: "a.example/x:1", insecure: false }]);
  for (const [key, said] of [
    ["blocked", "blocked"],
    ["insecure", "insecure"],
  ])
    expect(() => parse(twice(`${key} = true`))).toThrow(`a.example is there twice, and once it is ${said}`);
});

test("what names no registry never becomes a repository of Docker Hub", () => {
  const leads = "which names no registry";
  expect(() => endpoints('[[registry]]\nprefix = "a.example"\nlocation = "b"', "a.example/x")).toThrow(leads);
  expect(() => resolveShortName("x", parse('unqualified-search-registries = ["b"]'))).toThrow(leads);
  for (const target of ["b", "b/x"])
    expect(() => resolveShortName("x", parse(`[aliases]\nx = "${target}"`))).toThrow(leads);
});

test("an empty alias takes back what an earlier file said", () => {
  const configuration = parse(
    'unqualified-search-registries = ["r.example"]\n[aliases]\nx = "a.example/x"',
    '[aliases]\nx = ""',
  );
  expect(resolveShortName("x:1", configuration).candidates.map(formatReference)).toEqual(["r.example/x:1"]);
});

test.each([
  ["[registries.search]\nregistries = []", "version 1"],
  ["[[registry]]", "prefix of a registry must be host"],
  ['[[registry]]\nlocation = "https://example.com"', "without scheme"],
  ['[[registry]]\nlocation = "a.example"\ninsecure = "yes"', "insecure must be true or false"],
  [
    '[[registry]]\nlocation = "a.example"\n[[registry.mirror]]\nlocation = "b.example"\npull-from-mirror = "x"',
    "pull-from-mirror",
  ],
  ['unqualified-search-registries = "docker.io"', "must be a list of strings"],
  ["registry = 1", "must be a list of tables"],
  ["= 1", "not valid TOML"],
])("%j is refused with the file's name", (text, message) => {
  expect(() => parseRegistries(text, "/conf/x")).toThrow("/conf/x: ");
  expect(() => parseRegistries(text, "/conf/x")).toThrow(message);
});

test("the person's file takes the place of the system's, and drop-ins come after it in order", () => {
  using directory = temporaryDirectory();
  const own = join(directory.path, "containers");
  mkdirSync(join(own, "registries.conf.d"), { recursive: true });
  writeFileSync(join(own, "registries.conf"), 'unqualified-search-registries = ["one.example"]');
  writeFileSync(
    join(own, "registries.conf.d/20-b.conf"),
    'unqualified-search-registries = ["three.example"]',
  );
  writeFileSync(join(own, "registries.conf.d/10-a.conf"), 'unqualified-search-registries = ["two.example"]');
  writeFileSync(join(own, "registries.conf.d/README"), "no file of this kind");
  const env = { XDG_CONFIG_HOME: directory.path, HOME: "/nonexistent" };
  const system = join(directory.path, "system");
  mkdirSync(join(system, "registries.conf.d"), { recursive: true });
  const systemDropIn = join(system, "registries.conf.d/10.conf");
  writeFileSync(systemDropIn, "");
  const dropIns = ["10-a.conf", "20-b.conf"].map((name) => join(own, "registries.conf.d", name));
  const ownFile = join(own, "registries.conf");
  // Whoever has a file of one's own is not overruled by the system's drop-ins.
  expect(registriesFiles(env, system)).toEqual([ownFile, ...dropIns]);
  expect(loadRegistriesConfiguration(env).search).toEqual(["three.example"]);
  const other = join(directory.path, "other.conf");
  const named = { ...env, CONTAINERS_REGISTRIES_CONF: other };
  expect(registriesFiles(named, system)).toEqual([other, systemDropIn, ...dropIns]);
  rmSync(ownFile);
  expect(registriesFiles(env, system)).toEqual([join(system, "registries.conf"), systemDropIn, ...dropIns]);
});

test("a file of short names alone is parsed when one is looked for, any other at once", () => {
  using directory = temporaryDirectory();
  const load = (text: string) => {
    const path = join(directory.path, "registries.conf");
    writeFileSync(path, text);
    return loadRegistriesConfiguration({ HOME: directory.path, CONTAINERS_REGISTRIES_CONF: path });
  };
  const names = '# what people type\n\n[aliases]\n  "berth-test" = "r.example/x"\n';
  expect(load(names).aliases.get("berth-test")?.target).toBe("r.example/x");
  expect(load("# nothing\n  # at all\n").aliases.get("berth-test")).toBeUndefined();
  const broken = load(`${names} broken`);
  expect(() => broken.aliases.get("berth-test")).toThrow("not valid TOML");
  expect(() => load(`${names} broken = [`)).toThrow("not valid TOML");
  expect(load(`${names}[[registry]]\nlocation = "r.example"\nblocked = true`).registries).toMatchObject([
    { prefix: "r.example", blocked: true },
  ]);
});
