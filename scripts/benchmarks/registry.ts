import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A port that is free now. */
function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly host: string;
}

/** Starts Debian's docker-registry on loopback with `directory` as its storage. */
export async function startRegistry(directory: string): Promise<Registry> {
  mkdirSync(directory, { recursive: true });
  const host = `127.0.0.1:${freePort()}`;
  const configuration = join(directory, "config.yml");
  writeFileSync(
    configuration,
    JSON.stringify({
      version: 0.1,
      log: { level: "error", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(directory, "storage") } },
      http: { addr: host },
    }),
  );
  const child = Bun.spawn(["docker-registry", "serve", configuration], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  const answers = async () => (await fetch(`http://${host}/v2/`).catch(() => undefined))?.ok ?? false;
  while (!(await answers())) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with status ${child.exitCode}`);
    await Bun.sleep(20);
  }
  return {
    host,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

/** The digest that a registry's storage has under `<name>:latest`. */
function storedDigest(storage: string, name: string): string | undefined {
  const link = join(
    storage,
    "storage/docker/registry/v2/repositories",
    name,
    "_manifests/tags/latest/current/link",
  );
  return existsSync(link) ? readFileSync(link, "utf8").trim() : undefined;
}

/** The digest of the only manifest of an OCI layout. */
function layoutDigest(layout: string): string {
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as {
    manifests: [{ digest: string }];
  };
  return index.manifests[0].digest;
}

/** Pushes an OCI layout's `latest` to `<host>/<name>:latest` with skopeo, unless the registry's storage has just that. */
export function pushLayout(layout: string, registry: Registry, name: string, storage: string): string {
  const reference = `${registry.host}/${name}:latest`;
  if (storedDigest(storage, name) === layoutDigest(layout)) return reference;
  const pushed = Bun.spawnSync([
    "skopeo",
    "copy",
    "--insecure-policy",
    "--dest-tls-verify=false",
    `oci:${layout}:latest`,
    `docker://${reference}`,
  ]);
  if (!pushed.success) throw new Error(`skopeo could not push: ${pushed.stderr.toString()}`);
  return reference;
}
