import { describe, expect, test } from "bun:test";
import { isBerthError } from "../../../src/base/errors.ts";
import {
  familiarName,
  familiarString,
  formatReference,
  parseAnyReference,
  parseDockerReference,
  parsePlainReference,
  namesRegistry,
  parseReference,
  repositoryName,
  trimReference,
  withDefaultTag,
  withDigest,
  withTag,
} from "../../../src/oci/reference.ts";
import type { Digest, Reference } from "../../../src/oci/types.ts";
import { sharedCases } from "../../support/shared-cases.ts";
import { expectLinearTime } from "../../support/linear-time.ts";

const hex = "dbcc1c35ac38df41fd2f5e4130b32ffdb93ebae8b3dbe638c23575912276fc9c";
const digest: Digest = `sha256:${hex}`;

describe("a name is normalised as Docker does", () => {
  const cases: readonly (readonly [typed: string, full: string, familiar: string])[] = [
    ["nginx", "docker.io/library/nginx", "nginx"],
    ["nginx:1.27", "docker.io/library/nginx:1.27", "nginx:1.27"],
    ["library/nginx", "docker.io/library/nginx", "nginx"],
    ["docker.io/nginx", "docker.io/library/nginx", "nginx"],
    ["index.docker.io/nginx", "docker.io/library/nginx", "nginx"],
    ["index.docker.io/a/nginx", "docker.io/a/nginx", "a/nginx"],
    ["docker.io/library/foo/bar", "docker.io/library/foo/bar", "library/foo/bar"],
    ["user/app", "docker.io/user/app", "user/app"],
    ["localhost/app", "localhost/app", "localhost/app"],
    ["localhost:5000/app:v1", "localhost:5000/app:v1", "localhost:5000/app:v1"],
    ["Example/app", "Example/app", "Example/app"],
    ["quay.io/a/b", "quay.io/a/b", "quay.io/a/b"],
    ["[::1]:5000/b", "[::1]:5000/b", "[::1]:5000/b"],
    ["test.com:5000", "docker.io/library/test.com:5000", "test.com:5000"],
    [`nginx@${digest}`, `docker.io/library/nginx@${digest}`, `nginx@${digest}`],
    [`nginx:1@${digest}`, `docker.io/library/nginx:1@${digest}`, `nginx:1@${digest}`],
    ["builtin.berth/busybox:latest", "builtin.berth/busybox:latest", "builtin.berth/busybox:latest"],
  ];
  test.each(cases)("%s", (typed, full, familiar) => {
    const reference = parseReference(typed);
    expect(formatReference(reference)).toBe(full);
    expect(familiarString(reference)).toBe(familiar);
    expect(parseReference(full)).toEqual(reference);
    expect(parseReference(familiar)).toEqual(reference);
  });
});

describe("what is not a reference is refused with Docker's text", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", "invalid reference format"],
    ["Foo", "invalid reference format: repository name (library/Foo) must be lowercase"],
    ["a/Foo:tag", "invalid reference format: repository name (a/Foo) must be lowercase"],
    ["a/b/", "invalid reference format"],
    ["-a", "invalid reference format"],
    ["a:", "invalid reference format"],
    ["a: b", "invalid reference format"],
    ["a\n", "invalid reference format"],
    ["../etc/passwd", "invalid reference format"],
    ["http://a/b", "invalid reference format"],
    ["my_host.example/a", "invalid reference format"],
    ["a__b.example/c:1", "invalid reference format"],
    ["a@sha256:00", "invalid reference format"],
    [`a@sha256:${"0".repeat(40)}`, "invalid checksum digest length"],
    [`a@sha512:${"0".repeat(128)}`, "unsupported digest algorithm"],
    [`a:${"t".repeat(129)}`, "invalid reference format"],
    ["a".repeat(248), "repository name must not be more than 255 characters"],
    [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
  ];
  test.each(cases)("%j", (text, message) => {
    let thrown: unknown;
    try {
      parseReference(text);
    } catch (error) {
      thrown = error;
    }
    expect(isBerthError(thrown, "invalid-reference")).toBe(true);
    expect((thrown as Error).message).toBe(message);
  });
});

test("parts of a reference change without touching the others", () => {
  const reference = parseReference("ghcr.io/a/b:1");
  expect(withDefaultTag(reference)).toBe(reference);
  expect(withDefaultTag(parseReference("a")).tag).toBe("latest");
  expect(withDefaultTag(parseReference(`a@${digest}`)).tag).toBeUndefined();
  expect(formatReference(withTag(reference, "2"))).toBe("ghcr.io/a/b:2");
  expect(formatReference(withDigest(reference, digest))).toBe(`ghcr.io/a/b:1@${digest}`);
  expect(trimReference(withDigest(reference, digest))).toEqual({ domain: "ghcr.io", path: "a/b" });
  expect(repositoryName(reference)).toBe("ghcr.io/a/b");
  expect(familiarName(parseReference("nginx:1"))).toBe("nginx");
  expect(() => withTag(reference, "a/b")).toThrow("invalid tag format");
});

test("what was read is written so that it is read as the same again", () => {
  const pieces = [
    "a",
    "B",
    "_",
    "__",
    ".",
    "-",
    "/",
    ":",
    "1",
    "[::1]",
    "localhost",
    "docker.io",
    "library",
    "@",
  ];
  let read = 0;
  for (let seed = 1; seed < 40_000; seed++) {
    let rest = seed * 2_654_435_761;
    let text = "a";
    for (; rest >= 1; rest = Math.floor(rest / pieces.length)) text += pieces[rest % pieces.length];
    let reference: Reference;
    try {
      reference = parseReference(text);
    } catch {
      continue;
    }
    read++;
    for (const written of [formatReference(reference), familiarString(reference)])
      expect({ text, written, reference: parseReference(written) }).toEqual({ text, written, reference });
  }
  expect(read).toBeGreaterThan(100);
});

test("an id is told from a name", () => {
  expect(parseAnyReference(hex)).toEqual({ kind: "digest", digest });
  expect(parseAnyReference(digest)).toEqual({ kind: "digest", digest });
  expect(parseAnyReference(hex.slice(1))).toMatchObject({ kind: "reference" });
});

test("long hostile names are refused in linear time", () => {
  for (const piece of ["a", "a.", "a-", "a_", "a/", "A", "a.a-", "-", "__", "[:", "a:0"])
    for (const end of ["!", "/!"])
      expectLinearTime(2000, (size) => {
        expect(() => parseReference(piece.repeat(size / piece.length) + end)).toThrow();
      });
});

interface SharedCase {
  readonly id: string;
  readonly op: string;
  readonly input: string;
  readonly full: Readonly<Record<string, string>>;
}

const cases = (sharedCases("reference.jsonl") ?? "")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as SharedCase);

describe.if(cases.length > 0)("the reference implementation's own cases", () => {
  test.each(cases.map((item) => [item.id, item] as const))("%s", (_, { op, input, full }) => {
    if (input.includes("@sha512:")) {
      expect(() => parsePlainReference(input)).toThrow("unsupported digest algorithm");
      return;
    }
    if (full.error !== undefined) {
      const parse = op === "reference.parse" ? parsePlainReference : parseReference;
      expect(() => parse(input)).toThrow(full.error);
      return;
    }
    if (op === "reference.parse") {
      const plain = parsePlainReference(input);
      expect({
        domain: plain.domain,
        path: plain.path,
        tag: plain.tag,
        digest: plain.digest as string,
      }).toEqual({
        domain: full.domain!,
        path: full.path!,
        tag: full.tag,
        digest: full.digest!,
      });
      return;
    }
    const any = parseAnyReference(input);
    if (any.kind === "digest") {
      expect<string | undefined>(any.digest).toBe(full.string);
      return;
    }
    const reference = op === "reference.docker" ? parseDockerReference(input) : any.reference;
    expect<Record<string, string | undefined>>({
      domain: reference.domain,
      path: reference.path,
      string: formatReference(reference),
      familiar: familiarString(reference),
      name: repositoryName(reference),
      tag: reference.tag,
      digest: reference.digest,
    }).toEqual({
      domain: full.domain,
      path: full.path,
      string: full.string,
      familiar: full.familiar,
      name: full.name,
      tag: full.tag,
      digest: full.digest,
    });
    if (full.withDefaultTag !== undefined) {
      expect(formatReference(withDefaultTag(reference))).toBe(full.withDefaultTag);
    }
  });
});

test.each([
  ["web", false],
  ["web:1.0", false],
  ["team/web:1.0", false],
  ["localhost/web", true],
  ["host:5000/web", true],
  ["docker.io/web", true],
])("%s tells its registry: %p", (text, tells) => {
  expect(namesRegistry(text)).toBe(tells);
});
