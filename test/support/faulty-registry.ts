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
import { type AddedImage, buildImage, type ImageSpec, sha256 } from "./registry-image.ts";

export interface ReceivedRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Called when the bytes were sent; the break comes when its promise resolves. Without it the break comes at once, and a client
 * may lose bytes that it received and did not read yet.
 */
export type Hold = () => Promise<unknown>;

/** What goes wrong. `afterBytes` counts bytes of the body that are sent properly before. */
export type Fault =
  /** Another answer altogether: 401, 429, 500 …, or a hostile body. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: Uint8Array | string;
    }
  | { readonly kind: "redirect"; readonly to: string; readonly status?: number }
  /** The connection is reset; without `afterBytes` before any answer. */
  | { readonly kind: "reset"; readonly afterBytes?: number; readonly hold?: Hold }
  /** Nothing more comes and the connection stays open; without `afterBytes` before any answer. */
  | { readonly kind: "stall"; readonly afterBytes?: number }
  /** The connection ends properly, but too early for its Content-Length. */
  | { readonly kind: "short"; readonly afterBytes: number; readonly hold?: Hold }
  /** A shorter body, declared as such: the blob has the wrong size. */
  | { readonly kind: "truncate"; readonly bytes: number }
  /** Extra bytes after the content; `chunked` hides the length. */
  | { readonly kind: "append"; readonly bytes: number; readonly chunked?: boolean }
  /** Right length, one wrong byte. */
  | { readonly kind: "corrupt" }
  /** The content without a Content-Length (chunked). */
  | { readonly kind: "chunked" }
  /** An endless body of zeros, with this status (200). */
  | { readonly kind: "endless"; readonly status?: number }
  /** Headers that lie: added, or replaced, or with null removed. */
  | { readonly kind: "headers"; readonly headers: Readonly<Record<string, string | null>> }
  /** Range requests are answered with everything. */
  | { readonly kind: "no-ranges" }
  /** The answer waits until the promise resolves. */
  | { readonly kind: "wait"; readonly until: Promise<unknown> };

export type Authentication =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | {
      readonly kind: "bearer";
      /** Without them the token service gives tokens to anybody. */
      readonly username?: string;
      readonly password?: string;
      /** Accepted in a POST with `grant_type=refresh_token`. */
      readonly identityToken?: string;
      /** `expires_in`; tokens really end only with `expireTokens`. */
      readonly lifetimeSeconds?: number;
      /** Another realm than this server's `/token`. */
      readonly realm?: string;
      /** The scope that the challenge names, instead of the right one. */
      readonly scope?: string;
      /** Tokens are given but never accepted. */
      readonly neverAccept?: boolean;
    };

export interface FaultyRegistryOptions {
  readonly auth?: Authentication;
  /** PEM; the registry then speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** `127.0.0.1` unless told. */
  readonly hostname?: string;
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

interface Injection {
  readonly matches: (request: ReceivedRequest) => boolean;
  readonly fault: Fault;
  remaining: number;
}

interface Content {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

interface Connection {
  received: Buffer;
  busy: boolean;
  drained: (() => void) | undefined;
  closed: boolean;
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

  async function send(socket: Socket<Connection>, bytes: Uint8Array): Promise<void> {
    let offset = 0;
    while (offset < bytes.length && !socket.data.closed) {
      const written = socket.write(bytes.subarray(offset));
      if (written < 0) return;
      offset += written;
      if (offset < bytes.length) {
        await new Promise<void>((resolve) => {
          socket.data.drained = resolve;
        });
      }
    }
    socket.flush();
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
    const content = fault?.kind === "answer" ? faked(fault) : respond(request, ranges);
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

  function respond(request: ReceivedRequest, ranges: boolean): Content {
    const url = new URL(request.path, origin);
    if (url.pathname === "/token") return token(request, url);
    const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(url.pathname);
    if (url.pathname !== "/v2/" && match === null) return failure(404, "NOT_FOUND", "no such page");
    const refused = authenticate(request, match?.[1]);
    if (refused !== undefined) return refused;
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

  function token(request: ReceivedRequest, url: URL): Content {
    const { auth } = options;
    if (auth?.kind !== "bearer") return failure(404, "NOT_FOUND", "no token service");
    const form = new URLSearchParams(request.body);
    const allowed =
      request.method === "POST"
        ? auth.identityToken !== undefined && form.get("refresh_token") === auth.identityToken
        : auth.username === undefined ||
          request.headers.authorization === basic(auth.username, auth.password ?? "");
    if (!allowed) return failure(401, "UNAUTHORIZED", "incorrect username or password");
    const scope = (request.method === "POST" ? form : url.searchParams).get("scope");
    if (scope === null) return failure(400, "UNSUPPORTED", "no scope");
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

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function failure(status: number, code: string, message: string): Content {
  return {
    status,
    headers: { "content-type": "application/json" },
    body: Buffer.from(JSON.stringify({ errors: [{ code, message }] })),
  };
}

function challenge(header: string): Content {
  const content = failure(401, "UNAUTHORIZED", "authentication required");
  content.headers["www-authenticate"] = header;
  return content;
}

function faked(fault: Extract<Fault, { kind: "answer" }>): Content {
  return {
    status: fault.status,
    headers: { ...fault.headers },
    body: typeof fault.body === "string" ? Buffer.from(fault.body) : (fault.body ?? new Uint8Array()),
  };
}

function ranged(blob: Uint8Array, digest: string, header: string | undefined): Content {
  const headers: Record<string, string> = {
    "content-type": "application/octet-stream",
    "docker-content-digest": digest,
    "accept-ranges": "bytes",
  };
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? "");
  if (match === null) return { status: 200, headers, body: blob };
  const first = Number(match[1]);
  const last = match[2] === "" ? blob.length - 1 : Math.min(Number(match[2]), blob.length - 1);
  if (first > last)
    return {
      status: 416,
      headers: { "content-range": `bytes */${blob.length}` },
      body: new Uint8Array(),
    };
  headers["content-range"] = `bytes ${first}-${last}/${blob.length}`;
  return { status: 206, headers, body: blob.subarray(first, last + 1) };
}

/** Takes one whole request from what was received. */
function takeRequest(connection: Connection): ReceivedRequest | undefined {
  const end = connection.received.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [line = "", ...fields] = connection.received.toString("latin1", 0, end).split("\r\n");
  const headers: Record<string, string> = {};
  for (const field of fields) {
    const colon = field.indexOf(":");
    headers[field.slice(0, colon).toLowerCase()] = field.slice(colon + 1).trim();
  }
  const length = Number(headers["content-length"] ?? 0);
  const bodyStart = end + 4;
  if (connection.received.length < bodyStart + length) return undefined;
  const body = connection.received.toString("utf8", bodyStart, bodyStart + length);
  connection.received = connection.received.subarray(bodyStart + length);
  const [method = "", path = ""] = line.split(" ");
  return { method, path, headers, body };
}

/** Resolves when the other side gives up. */
function forever(socket: Socket<Connection>): Promise<void> {
  return new Promise((resolve) => {
    if (socket.data.closed) resolve();
    socket.data.drained = () => socket.data.closed && resolve();
  });
}
