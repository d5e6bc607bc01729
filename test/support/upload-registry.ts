import type { Server } from "bun";
import { sha256 } from "./registry-image.ts";

export interface UploadRegistryOptions {
  /** Base64 of `user:password`; requests without it are answered with 401. */
  readonly basic?: string;
  /** Tokens of `/token` are wanted, and each is good for so many requests. */
  readonly usesOfToken?: number;
  /** Repositories that another one may be mounted from. */
  readonly mountable?: readonly string[];
  /** Ends each of the first PATCH requests after so many bytes, with 503. */
  readonly breakAfter?: readonly number[];
  /** What an interrupted upload is worth: continued, or forgotten. */
  readonly forgets?: boolean;
  /** Another origin for upload addresses. */
  readonly uploadsAt?: string;
  /** What manifests are said to be. */
  readonly saysDigest?: string;
}

export interface UploadRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the body that were read. */
  readonly length: number;
}

export interface UploadRegistry extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  readonly requests: readonly UploadRequest[];
  /** By `repository/digest`. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  /** By `repository/reference`. */
  readonly manifests: ReadonlyMap<string, { readonly bytes: Uint8Array; readonly type: string | null }>;
  /** `method path` of the requests with a body or a meaning, without upload ids. */
  readonly talk: readonly string[];
}

/** The receiving half of a registry (distribution-spec "Push"), in this process, that can break off. */
export function startUploadRegistry(options: UploadRegistryOptions = {}): UploadRegistry {
  const blobs = new Map<string, Uint8Array>();
  const manifests = new Map<string, { bytes: Uint8Array; type: string | null }>();
  const uploads = new Map<string, Uint8Array>();
  const requests: UploadRequest[] = [];
  const breaks = [...(options.breakAfter ?? [])];
  let ids = 0;
  let token = { value: "", uses: 0 };

  const addressOf = (name: string, id: string) =>
    `${options.uploadsAt ?? ""}/v2/${name}/blobs/uploads/${id}?state=a%2Bb`;

  async function respond(request: Request, url: URL): Promise<{ response: Response; length: number }> {
    const answer = (status: number, headers: Record<string, string> = {}, length = 0) => ({
      response: new Response(null, { status, headers }),
      length,
    });
    if (options.basic !== undefined && request.headers.get("authorization") !== `Basic ${options.basic}`)
      return answer(401, { "www-authenticate": 'Basic realm="test"' });
    if (options.usesOfToken !== undefined) {
      if (url.pathname === "/token") {
        token = { value: crypto.randomUUID(), uses: options.usesOfToken };
        return { response: Response.json({ token: token.value, expires_in: 300 }), length: 0 };
      }
      if (request.headers.get("authorization") !== `Bearer ${token.value}` || token.uses-- === 0)
        return answer(401, { "www-authenticate": `Bearer realm="${url.origin}/token"` });
    }
    if (url.pathname === "/v2/") return answer(200);
    const [, name = "", kind, rest = ""] =
      /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests)\/(.*)$/.exec(url.pathname) ?? [];
    if (kind === "manifests") {
      const bytes = await request.bytes();
      manifests.set(`${name}/${rest}`, { bytes, type: request.headers.get("content-type") });
      return answer(201, { "docker-content-digest": options.saysDigest ?? sha256(bytes) }, bytes.length);
    }
    if (kind === "blobs") return answer(blobs.has(`${name}/${rest}`) ? 200 : 404);
    if (request.method === "POST") {
      const from = url.searchParams.get("from");
      const digest = url.searchParams.get("mount");
      if (from !== null && options.mountable?.includes(from)) {
        blobs.set(`${name}/${digest}`, new Uint8Array());
        return answer(201, { location: `/v2/${name}/blobs/${digest}` });
      }
      const id = String(++ids);
      uploads.set(id, new Uint8Array());
      return answer(202, { location: addressOf(name, id), range: "0-0" });
    }
    const known = uploads.get(rest);
    if (known === undefined || url.searchParams.get("state") !== "a+b") return answer(404);
    const range = `0-${Math.max(0, known.length - 1)}`;
    if (request.method === "GET") return answer(204, { range, location: addressOf(name, rest) });
    const limit = request.method === "PATCH" ? breaks.shift() : undefined;
    const content = request.headers.get("content-range");
    if (content !== null && !content.startsWith(`${known.length}-`)) return answer(416, { range });
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of request.body ?? []) {
      parts.push(part);
      length += part.length;
      if (limit !== undefined && length >= limit) break;
    }
    const received = Buffer.concat([known, ...parts]);
    uploads.set(rest, received);
    if (limit !== undefined) {
      if (options.forgets) uploads.delete(rest);
      return answer(503, { "retry-after": "0" }, length);
    }
    if (request.method === "PATCH") return answer(202, { location: addressOf(name, rest) }, length);
    const digest = url.searchParams.get("digest") ?? "";
    uploads.delete(rest);
    if (sha256(received) !== digest) {
      const body = JSON.stringify({ errors: [{ code: "DIGEST_INVALID", message: "digest is wrong" }] });
      return { response: new Response(body, { status: 400 }), length };
    }
    blobs.set(`${name}/${digest}`, received);
    return answer(201, {}, length);
  }

  const server: Server<undefined> = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const url = new URL(request.url);
      const { response, length } = await respond(request, url);
      const headers = Object.fromEntries(request.headers);
      requests.push({ method: request.method, path: url.pathname + url.search, headers, length });
      return response;
    },
  });
  return {
    host: `127.0.0.1:${server.port}`,
    requests,
    blobs,
    manifests,
    get talk() {
      return requests
        .filter(({ path }) => path !== "/v2/")
        .map(
          ({ method, path }) =>
            `${method} ${path
              .replace(/^\/v2\/[^?]*?\/(?=blobs|manifests)/, "")
              .replace(/[?].*/, "")
              .replace(/uploads\/\d+/, "uploads/ID")
              .replace(/sha256:.*/, "DIGEST")}`,
        );
    },
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}
