/** The registry client against Debian's docker-registry, with content that skopeo pushed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { sha256Of } from "../../src/oci/digest.ts";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { parseReference } from "../../src/oci/reference.ts";
import type { Descriptor, Reference } from "../../src/oci/types.ts";
import { parseManifestOrIndex } from "../../src/oci/validate.ts";
import { type Certificate, makeAuthority, makeCertificate } from "../support/certificates.ts";
import { type DockerRegistry, dockerRegistryPath, startDockerRegistry } from "../support/docker-registry.ts";
import { startFaultyRegistry } from "../support/faulty-registry.ts";
import { download, failureOf, openTestRegistry, patternedBytes } from "../support/registry-client.ts";
import type { AddedImage } from "../support/registry-image.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeOciLayout } from "../support/write-oci-layout.ts";

const missing = [dockerRegistryPath, Bun.which("skopeo"), Bun.which("openssl")].includes(null);

/** Skipped, and counted as such, where the programs are not installed. */
function describeReal(name: string, body: () => void): void {
  if (missing) describe.skip(`${name} (docker-registry, skopeo or openssl is not installed)`, body);
  else describe(name, body);
}

// Compressed, because skopeo compresses what is not.
const layers = [patternedBytes(60_000, 2), patternedBytes(3_000_000)].map((bytes) =>
  Bun.gzipSync(new Uint8Array(bytes), { level: 0 }),
);
const index = [
  { os: "linux", architecture: "amd64" },
  { os: "linux", architecture: "arm64", variant: "v8" },
];

async function push(from: string, to: string, ...flags: string[]): Promise<void> {
  const child = Bun.spawn(["skopeo", "--insecure-policy", "copy", ...flags, from, to], {
    env: { PATH: process.env.PATH ?? "", HOME: "/nonexistent", TMPDIR: process.env.TMPDIR ?? "/tmp" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const said = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`skopeo fails: ${said}`);
}

async function pullAll(reference: Reference, options: Parameters<typeof openTestRegistry>[0] = {}) {
  const client = openTestRegistry(options);
  const root = await client.resolve(reference);
  const document = parseManifestOrIndex(root.bytes, root.descriptor.mediaType);
  const manifests =
    document.kind === "manifest"
      ? [document.manifest]
      : await Promise.all(
          document.index.manifests.map(async (descriptor) => {
            const { bytes } = await client.fetchManifest(reference, descriptor);
            const inner = parseManifestOrIndex(bytes, descriptor.mediaType);
            if (inner.kind !== "manifest") throw new Error("an index in an index");
            return inner.manifest;
          }),
        );
  const blobs: Descriptor[] = manifests.flatMap((manifest) => [manifest.config, ...manifest.layers]);
  for (const blob of blobs) {
    const bytes = await download(client.fetchBlob(reference, blob));
    expect(sha256Of(bytes)).toBe(blob.digest);
  }
  return { root, blobs };
}

describeReal("an open docker-registry", () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let registry: DockerRegistry;
  let image: AddedImage;
  let several: AddedImage;

  beforeAll(async () => {
    directory = temporaryDirectory();
    registry = await startDockerRegistry({ directory: directory.path });
    const layout = join(directory.path, "layout");
    image = writeOciLayout(layout, { layers });
    const to = (name: string) => `docker://${registry.host}/${name}`;
    await push(`oci:${layout}:latest`, to("library/app:1"), "--dest-tls-verify=false");
    await push(`oci:${layout}:latest`, to("library/app:docker"), "--dest-tls-verify=false", "--format=v2s2");
    const indexLayout = join(directory.path, "index-layout");
    several = writeOciLayout(indexLayout, { layers, index });
    await push(`oci:${indexLayout}:latest`, to("team/several:2"), "--dest-tls-verify=false", "--all");
  });
  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    directory?.[Symbol.dispose]();
  });

  test("gives an OCI image by tag and by digest", async () => {
    const byTag = await pullAll(parseReference(`${registry.host}/library/app:1`));
    expect(byTag.root.descriptor).toEqual(image.manifest);
    expect(byTag.blobs).toHaveLength(3);
    const byDigest = await pullAll(parseReference(`${registry.host}/library/app@${image.manifestDigest}`));
    expect(byDigest.root.bytes).toEqual(byTag.root.bytes);
  });

  test("gives a Docker schema 2 image", async () => {
    const { root } = await pullAll(parseReference(`localhost:${registry.port}/library/app:docker`));
    expect(root.descriptor.mediaType).toBe(mediaTypes.dockerManifest);
  });

  test("gives an index and its images", async () => {
    const { root } = await pullAll(parseReference(`${registry.host}/team/several:2`));
    expect(root.descriptor).toEqual(several.index!);
  });

  test("continues a blob where an earlier pull stopped", async () => {
    const layer = image.layers[1]!;
    const reference = parseReference(`${registry.host}/library/app:1`);
    const stream = await openTestRegistry().fetchBlob(reference, layer, { offset: 1_000_000 });
    expect(stream.offset).toBe(1_000_000);
    const rest = await download(Promise.resolve(stream));
    expect(rest).toEqual(Buffer.from(layers[1]!.subarray(1_000_000)));
  });

  test("says in Docker's words what is not there", async () => {
    for (const name of ["library/app:nope", "no/such:1"]) {
      const error = await failureOf(openTestRegistry().resolve(parseReference(`${registry.host}/${name}`)));
      expect(error.code).toBe("not-found");
      expect(error.message).toBe(`manifest for ${registry.host}/${name} not found: manifest unknown`);
    }
  });
});

describeReal("a docker-registry with passwords", () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let registry: DockerRegistry;
  const user = { name: "user", password: "dTpw with spaces: ü" };

  beforeAll(async () => {
    directory = temporaryDirectory();
    registry = await startDockerRegistry({ directory: directory.path, user });
    const layout = join(directory.path, "layout");
    writeOciLayout(layout, { layers });
    await push(
      `oci:${layout}:latest`,
      `docker://${registry.host}/app:1`,
      "--dest-tls-verify=false",
      `--dest-creds=${user.name}:${user.password}`,
    );
  });
  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    directory?.[Symbol.dispose]();
  });

  test("opens with the right one", async () => {
    const credentials = async () => ({ username: user.name, password: user.password });
    const { blobs } = await pullAll(parseReference(`${registry.host}/app:1`), { credentials });
    expect(blobs).toHaveLength(3);
  });

  test("stays closed without one and with a wrong one", async () => {
    const reference = parseReference(`${registry.host}/app:1`);
    const wrong = async () => ({ username: user.name, password: "wr0ng" });
    for (const options of [{}, { credentials: wrong }]) {
      const error = await failureOf(openTestRegistry(options).resolve(reference));
      expect(error.code).toBe("unauthorized");
      expect(error.message).toStartWith(
        `pull access denied for ${registry.host}/app, repository does not exist or may require 'docker login'`,
      );
      expect(Bun.inspect(error)).not.toContain("wr0ng");
    }
  });
});

describeReal("B11: TLS", () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let content: string;
  let authority: Certificate;
  let registry: DockerRegistry;
  const running: AsyncDisposable[] = [];

  const start = async (certificate: Certificate) => {
    const started = await startDockerRegistry({ directory: content, tls: certificate });
    running.push(started);
    return started;
  };

  beforeAll(async () => {
    directory = temporaryDirectory();
    content = join(directory.path, "registry");
    authority = await makeAuthority(directory.path);
    const names = "DNS:localhost,IP:127.0.0.1";
    registry = await start(await makeCertificate(directory.path, "right", { names, authority }));
    const layout = join(directory.path, "layout");
    writeOciLayout(layout, { layers });
    await push(`oci:${layout}:latest`, `docker://${registry.host}/app:1`, "--dest-tls-verify=false");
  });
  afterAll(async () => {
    for (const each of running) await each[Symbol.asyncDispose]();
    directory?.[Symbol.dispose]();
  });
  const app = (host: string) => parseReference(`${host}/app:1`);

  test("an unknown authority is refused, with a hint", async () => {
    const error = await failureOf(openTestRegistry().resolve(app(registry.host)));
    expect(error.code).toBe("network");
    expect(error.message).toContain("x509: certificate signed by unknown authority");
    expect(error.hint).toContain(`add "${registry.host}" to insecure-registries`);
  });

  test("an authority that is configured is trusted", async () => {
    await pullAll(app(registry.host), { caPaths: () => [authority.certificate] });
    await pullAll(app(`localhost:${registry.port}`), { caPaths: () => [authority.certificate] });
  });

  test("a registry listed as insecure needs no authority, another name for it does", async () => {
    const client = openTestRegistry({ insecureRegistries: [registry.host] });
    await client.resolve(app(registry.host));
    const error = await failureOf(client.resolve(app(`localhost:${registry.port}`)));
    expect(error.message).toContain("x509");
  });

  test("NODE_TLS_REJECT_UNAUTHORIZED changes nothing", async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    try {
      expect((await failureOf(openTestRegistry().resolve(app(registry.host)))).message).toContain("x509");
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
  });

  test("a certificate for another name is refused", async () => {
    const other = await start(
      await makeCertificate(directory.path, "name", { names: "DNS:other.example", authority }),
    );
    const client = openTestRegistry({ caPaths: () => [authority.certificate] });
    expect((await failureOf(client.resolve(app(other.host)))).message).toContain(
      "certificate is not valid for this host name",
    );
  });

  test("an expired certificate is refused", async () => {
    const names = "DNS:localhost,IP:127.0.0.1";
    const old = await start(
      await makeCertificate(directory.path, "old", { names, authority, expired: true }),
    );
    const client = openTestRegistry({ caPaths: () => [authority.certificate] });
    expect((await failureOf(client.resolve(app(old.host)))).message).toContain("certificate has expired");
  });

  test("a self-signed certificate is refused", async () => {
    const names = "DNS:localhost,IP:127.0.0.1";
    const own = await start(await makeCertificate(directory.path, "own", { names }));
    expect((await failureOf(openTestRegistry().resolve(app(own.host)))).message).toContain("self-signed");
  });

  test("a file that is no certificate is a clear error", async () => {
    for (const path of ["/nonexistent.pem", "/proc/self/cmdline"]) {
      const error = await failureOf(openTestRegistry({ caPaths: () => [path] }).resolve(app(registry.host)));
      expect(error.code).toBe("invalid-argument");
      expect(error.message).toContain(path);
    }
  });

  const withOwnTls = async (name: string) => {
    const made = await makeCertificate(directory.path, name, { names: "IP:127.0.0.1" });
    const [cert, key] = await Promise.all([Bun.file(made.certificate).text(), Bun.file(made.key).text()]);
    return startFaultyRegistry({ tls: { cert, key } });
  };

  test("a redirect from https to http is refused", async () => {
    await using plain = startFaultyRegistry();
    await using secure = await withOwnTls("downgrade");
    const image = secure.addImage({ layers });
    plain.addImage({ layers });
    const layer = image.layers[0]!;
    secure.inject("/blobs/", { kind: "redirect", to: `${plain.origin}/v2/x/blobs/${layer.digest}` });
    const client = openTestRegistry({ insecureRegistries: [secure.host, plain.host] });
    const error = await failureOf(client.fetchBlob(image.reference, layer));
    expect(error.message).toContain("from https to http");
    expect(plain.requests).toHaveLength(0);
  });

  test("a redirect from an insecure registry to another host checks that host's certificate", async () => {
    await using target = await withOwnTls("target");
    await using secure = await withOwnTls("insecure");
    const image = secure.addImage({ layers });
    target.addImage({ layers });
    const layer = image.layers[0]!;
    secure.inject("/blobs/", { kind: "redirect", to: `${target.origin}/v2/x/blobs/${layer.digest}` });
    const client = openTestRegistry({ insecureRegistries: [secure.host] });
    const error = await failureOf(client.fetchBlob(image.reference, layer));
    expect(error.message).toContain("x509");
    expect(target.requests).toHaveLength(0);
  });

  test("a token realm on plain HTTP is refused by a registry with TLS", async () => {
    await using plain = startFaultyRegistry({ auth: { kind: "bearer" } });
    const made = await makeCertificate(directory.path, "realm", { names: "IP:127.0.0.1" });
    const [cert, key] = await Promise.all([Bun.file(made.certificate).text(), Bun.file(made.key).text()]);
    const auth = { kind: "bearer", realm: `${plain.origin}/token` } as const;
    await using secure = startFaultyRegistry({ tls: { cert, key }, auth });
    const { reference } = secure.addImage({ layers });
    const client = openTestRegistry({ insecureRegistries: [secure.host, plain.host] });
    expect((await failureOf(client.resolve(reference))).message).toContain("plain HTTP");
    expect(plain.requests).toHaveLength(0);
  });
});
