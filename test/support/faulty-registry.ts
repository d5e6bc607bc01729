/**
 * An OCI registry in this process, for pull tests, that can be told to misbehave.
 *
 * ```ts
 * await using registry = startFaultyRegistry();
 * const image = registry.addImage({ layers: [tarBytes], mediaTypes: "docker" });
 * registry.inject("blobs/", { kind: "reset", afterBytes: 1000 }, { times: 1 });
 * await openRegistry({ insecureRegistries: [], userAgent: "test" }).resolve(image.reference);
 * expect(registry.requests.filter((request) => request.path.includes("/blobs/"))).toHaveLength(2);
 * ```
 *
 * It speaks HTTP/1.1 over plain sockets, because a proper server would not let headers lie or bodies break.
 */
import type { Socket, TCPSocketListener } from "bun";
import type { Descriptor, Digest, Reference } from "../../src/oci/types.ts";
import { basic, type Content, challenge, failure, faked, passedOn, ranged } from "./registry-answers.ts";
import { type Connection, forever, send, takeRequest } from "./registry-connection.ts";
import type { Authentication, Fault, ReceivedRequest } from "./registry-faults.ts";
import { type AddedImage, buildImage, type ImageSpec, sha256 } from "./registry-image.ts";

export type { Authentication, Fault, ReceivedRequest } from "./registry-faults.ts";

export interface FaultyRegistryOptions {
  readonly auth?: Authentication;
  /** PEM; the registry then speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** `127.0.0.1` unless told. */
  readonly hostname?: string;
  /** `host:port` of a registry that has the content: this one only stands before it, for pulls. */
  readonly upstream?: string;
}

export interface FaultyRegistry extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Everything asked for so far, in order. */
  readonly requests: readonly ReceivedRequest[];
  /** How many connections were opened so far. */
  readonly connections: number;
  /** Resolves when no connection is open. */
  closed(): Promise<void>;
  addImage(spec: ImageSpec): AddedImage;
  /** Puts bytes under a digest, which is theirs unless another is given (a lie). */
  addBlob(bytes: Uint8Array, digest?: Digest): Digest;
  /** Puts a document under `name`'s digest and, if given, tag. */
  addManifest(
    name: string,
    bytes: Uint8Array,
    mediaType: string,
    tag?: string,
  ): { reference: Reference; descriptor: Descriptor };
  removeBlob(digest: Digest): void;
  /**
   * Lets requests go wrong whose path contains `where` (or for which it returns true). Later injections come first; each
   * counts down `times` (endless by default). Returns how to end it.
   */
  inject(
    where: string | ((request: ReceivedRequest) => boolean),
    fault: Fault,
    options?: { times?: number },
  ): () => void;
  /** No token given so far is accepted any more. */
  expireTokens(): void;
}

/** The first byte of a client that speaks TLS (RFC 8446 section 5.1); servers that do not hang up. */
const tlsHandshake = 0x16;

interface Injection {
  readonly matches: (request: ReceivedRequest) => boolean;
  readonly fault: Fault;
  remaining: number;
}

export function startFaultyRegistry(options: FaultyRegistryOptions = {}): FaultyRegistry {
  const hostname = options.hostname ?? "127.0.0.1";
  const blobs = new Map<string, Uint8Array>();
  /** By `name/tag` and `name/digest`. */
  const manifests = new Map<string, { bytes: Uint8Array; mediaType: string }>();
  const requests: ReceivedRequest[] = [];
  const injections: Injection[] = [];
  const sockets = new Set<Socket<Connection>>();
  let tokens = new Set<string>();
  let connections = 0;
  /** Who waits until no connection is open. */
  const waiting: (() => void)[] = [];

  const listener: TCPSocketListener<Connection> = Bun.listen<Connection>({
    hostname,
    port: 0,
    ...(options.tls === undefined ? {} : { tls: { key: options.tls.key, cert: options.tls.cert } }),
    socket: {
      open(socket) {
        connections += 1;
        sockets.add(socket);
        socket.data = { received: Buffer.alloc(0), busy: false, drained: undefined, closed: false };
      },
      data(socket, chunk) {
        if (chunk[0] === tlsHandshake && socket.data.received.length === 0) return void socket.end();
        socket.data.received = Buffer.concat([socket.data.received, chunk]);
        void serve(socket);
      },
      drain(socket) {
        socket.data.drained?.();
      },
      close(socket) {
        socket.data.closed = true;
        socket.data.drained?.();
        sockets.delete(socket);
        if (sockets.size === 0) for (const resolve of waiting.splice(0)) resolve();
      },
      error() {},
    },
  });
  const host = `${hostname}:${listener.port}`;
  const origin = `${options.tls === undefined ? "http" : "https"}://${host}`;

  async function serve(socket: Socket<Connection>): Promise<void> {
    if (socket.data.busy) return;
    socket.data.busy = true;
    for (let request = takeRequest(socket.data); request !== undefined; request = takeRequest(socket.data)) {
      requests.push(request);
      const index = injections.findLastIndex(({ matches, remaining }) => remaining > 0 && matches(request));
      const injection = injections[index];
      if (injection !== undefined) injection.remaining -= 1;
      await answer(socket, request, injection?.fault);
      if (socket.data.closed) return;
    }
    socket.data.busy = false;
  }

  async function answer(
    socket: Socket<Connection>,
    request: ReceivedRequest,
    fault: Fault | undefined,
  ): Promise<void> {
    if (fault?.kind === "wait") await fault.until;
    if (fault?.kind === "reset" && fault.afterBytes === undefined) return void socket.terminate();
    if (fault?.kind === "stall" && fault.afterBytes === undefined) return forever(socket);
    const ranges = fault?.kind !== "no-ranges" && fault?.kind !== "endless";
    const content = fault?.kind === "answer" ? faked(fault) : await respond(request, ranges);
    let { body } = content;
    if (fault?.kind === "redirect") {
      content.status = fault.status ?? 307;
      content.headers = { location: fault.to };
      body = new Uint8Array();
    } else if (fault?.kind === "truncate") body = body.subarray(0, fault.bytes);
    else if (fault?.kind === "corrupt") {
      body = new Uint8Array(body);
      body[body.length >> 1]! ^= 1;
    } else if (fault?.kind === "append") body = Buffer.concat([body, Buffer.alloc(fault.bytes, "x")]);
    const chunked =
      fault?.kind === "endless" || fault?.kind === "chunked" || (fault?.kind === "append" && fault.chunked);
    if (fault?.kind === "endless") content.status = fault.status ?? 200;

    const headers: Record<string, string> = {
      ...content.headers,
      ...(chunked ? { "transfer-encoding": "chunked" } : { "content-length": String(body.length) }),
    };
    if (fault?.kind === "endless" && fault.declared !== undefined)
      headers["content-length"] = String(fault.declared);
    if (fault?.kind === "headers") {
      for (const [name, value] of Object.entries(fault.headers)) {
        if (value === null) delete headers[name.toLowerCase()];
        else headers[name.toLowerCase()] = value;
      }
    }
    const head = [`HTTP/1.1 ${content.status} X`, ...Object.entries(headers).map((pair) => pair.join(": "))];
    await send(socket, Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"));
    if (request.method === "HEAD") return;
    switch (fault?.kind) {
      case "reset":
        await send(socket, body.subarray(0, fault.afterBytes));
        await fault.hold?.();
        socket.terminate();
        return;
      case "stall":
        await send(socket, body.subarray(0, fault.afterBytes));
        return forever(socket);
      case "short":
        await send(socket, body.subarray(0, fault.afterBytes));
        await fault.hold?.();
        socket.end();
        return;
      case "endless": {
        const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(0x10000), Buffer.from("\r\n")]);
        while (!socket.data.closed) await send(socket, chunk);
        return;
      }
    }
    if (!chunked) return send(socket, body);
    const half = body.length >> 1;
    for (const part of [body.subarray(0, half), body.subarray(half)]) {
      if (part.length > 0)
        await send(
          socket,
          Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]),
        );
    }
    await send(socket, Buffer.from("0\r\n\r\n"));
  }

  async function respond(request: ReceivedRequest, ranges: boolean): Promise<Content> {
    const url = new URL(request.path, origin);
    if (url.pathname === "/token") return token(request);
    const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(url.pathname);
    if (url.pathname !== "/v2/" && match === null) return failure(404, "NOT_FOUND", "no such page");
    const refused = authenticate(request, match?.[1]);
    if (refused !== undefined) return refused;
    if (options.upstream !== undefined) return passedOn(options.upstream, request, ranges);
    if (match === null) return { status: 200, headers: {}, body: Buffer.from("{}") };
    const [, name = "", kind, identifier = ""] = match;
    if (kind === "manifests") {
      const manifest = manifests.get(`${name}/${identifier}`);
      if (manifest === undefined) return failure(404, "MANIFEST_UNKNOWN", "manifest unknown");
      return {
        status: 200,
        headers: { "content-type": manifest.mediaType, "docker-content-digest": sha256(manifest.bytes) },
        body: manifest.bytes,
      };
    }
    const blob = blobs.get(identifier);
    if (blob === undefined) return failure(404, "BLOB_UNKNOWN", "blob unknown to registry");
    return ranged(blob, identifier, ranges ? request.headers.range : undefined);
  }

  function authenticate(request: ReceivedRequest, name: string | undefined): Content | undefined {
    const { auth } = options;
    const given = request.headers.authorization;
    if (auth === undefined) return undefined;
    if (auth.kind === "basic") {
      if (given === basic(auth.username, auth.password)) return undefined;
      return challenge('Basic realm="faulty, \\"quoted\\""');
    }
    if (!auth.neverAccept && given !== undefined && tokens.has(given.replace(/^Bearer /, "")))
      return undefined;
    const scope = auth.scope ?? (name === undefined ? undefined : `repository:${name}:pull`);
    return challenge(
      `Bearer realm="${auth.realm ?? `${origin}/token`}",service="faulty registry"${scope === undefined ? "" : `,scope="${scope}"`}`,
    );
  }

  function token(request: ReceivedRequest): Content {
    const { auth } = options;
    if (auth?.kind !== "bearer") return failure(404, "NOT_FOUND", "no token service");
    const form = new URLSearchParams(request.body);
    const allowed =
      request.method === "POST"
        ? auth.identityToken !== undefined && form.get("refresh_token") === auth.identityToken
        : auth.username === undefined ||
          request.headers.authorization === basic(auth.username, auth.password ?? "");
    if (!allowed) return failure(401, "UNAUTHORIZED", "incorrect username or password");
    const value = `token-${crypto.randomUUID()}`;
    tokens.add(value);
    const document = { token: value, expires_in: auth.lifetimeSeconds ?? 300 };
    return {
      status: 200,
      headers: { "content-type": "application/json" },
      body: Buffer.from(JSON.stringify(document)),
    };
  }

  const registry: FaultyRegistry = {
    host,
    port: listener.port,
    origin,
    requests,
    get connections() {
      return connections;
    },
    closed() {
      return new Promise((resolve) => {
        if (sockets.size === 0) resolve();
        else waiting.push(resolve);
      });
    },
    addBlob(bytes, digest = sha256(bytes)) {
      blobs.set(digest, bytes);
      return digest;
    },
    addManifest(name, bytes, mediaType, tag) {
      const digest = sha256(bytes);
      manifests.set(`${name}/${digest}`, { bytes, mediaType });
      if (tag !== undefined) manifests.set(`${name}/${tag}`, { bytes, mediaType });
      return {
        reference: { domain: host, path: name, ...(tag === undefined ? { digest } : { tag }) },
        descriptor: { mediaType, digest, size: bytes.length },
      };
    },
    addImage(spec) {
      return buildImage(spec, registry);
    },
    removeBlob(digest) {
      blobs.delete(digest);
    },
    inject(where, fault, { times = Number.POSITIVE_INFINITY } = {}) {
      const matches =
        typeof where === "string" ? (request: ReceivedRequest) => request.path.includes(where) : where;
      const injection: Injection = { matches, fault, remaining: times };
      injections.push(injection);
      return () => {
        injection.remaining = 0;
      };
    },
    expireTokens() {
      tokens = new Set();
    },
    async [Symbol.asyncDispose]() {
      listener.stop(true);
      for (const socket of sockets) socket.terminate();
    },
  };
  return registry;
}
