import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Debian's docker-registry; null where it is not installed. */
export const dockerRegistryPath = Bun.which("docker-registry");

export interface DockerRegistryOptions {
  /** An existing directory for its content and configuration. */
  readonly directory: string;
  readonly user?: { readonly name: string; readonly password: string };
  /** Paths of PEM files. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly clientAuthority?: string };
  /** Another registry that this one caches (`proxy.remoteurl`). */
  readonly mirrorOf?: string;
}

export interface DockerRegistry extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:<port>` */
  readonly host: string;
}

/** Starts the reference registry on a free loopback port; resolves when it listens. */
export async function startDockerRegistry(options: DockerRegistryOptions): Promise<DockerRegistry> {
  if (dockerRegistryPath === null) throw new Error("docker-registry is not installed");
  const { directory, user, tls } = options;
  const storage = join(directory, "storage");
  mkdirSync(storage, { recursive: true });
  const lines = [
    "version: 0.1",
    "log: {level: info, formatter: text}",
    `storage: {filesystem: {rootdirectory: ${JSON.stringify(storage)}}, delete: {enabled: true}}`,
    "http:",
    "  addr: 127.0.0.1:0",
    "  secret: berth-test",
  ];
  if (tls !== undefined) {
    const clients =
      tls.clientAuthority === undefined ? "" : `, clientcas: [${JSON.stringify(tls.clientAuthority)}]`;
    lines.push(
      `  tls: {certificate: ${JSON.stringify(tls.certificate)}, key: ${JSON.stringify(tls.key)}${clients}}`,
    );
  }
  if (user !== undefined) {
    const path = join(directory, "htpasswd");
    const hash = await Bun.password.hash(user.password, { algorithm: "bcrypt", cost: 4 });
    writeFileSync(path, `${user.name}:${hash}\n`);
    lines.push(`auth: {htpasswd: {realm: berth test, path: ${JSON.stringify(path)}}}`);
  }
  if (options.mirrorOf !== undefined) lines.push(`proxy: {remoteurl: ${JSON.stringify(options.mirrorOf)}}`);
  const configuration = join(directory, "config.yml");
  writeFileSync(configuration, `${lines.join("\n")}\n`);
  // With setpriv it ends with the test run, however that ends.
  const bound = Bun.which("setpriv") === null ? [] : ["setpriv", "--pdeathsig=KILL"];
  const child = Bun.spawn([...bound, dockerRegistryPath, "serve", configuration], {
    cwd: directory,
    env: { PATH: process.env.PATH ?? "", OTEL_TRACES_EXPORTER: "none" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const stop = async () => {
    child.kill("SIGKILL");
    await child.exited;
  };
  const port = await listeningPort(child.stderr);
  if (typeof port === "string") {
    await stop();
    throw new Error(`docker-registry does not start: ${port}`);
  }
  return { port, host: `127.0.0.1:${port}`, [Symbol.asyncDispose]: stop };
}

/** The port from the line `listening on 127.0.0.1:…`, or what was said instead. The rest of the log is read and dropped. */
async function listeningPort(log: ReadableStream<Uint8Array>): Promise<number | string> {
  const reader = log.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
    const match = /listening on 127\.0\.0\.1:(\d+)/.exec(text);
    if (match === null) continue;
    void (async () => {
      while (!(await reader.read()).done);
    })().catch(() => {});
    return Number(match[1]);
  }
}
