import { BerthError } from "../base/errors.ts";
import { loadCertificateAuthorities, systemCertificateAuthorities } from "./certificate-authorities.ts";
import { type Answer, exchange } from "./exchange.ts";
import { proxyFor } from "./proxy.ts";
import { isRedirect, maximumRedirects, redirectTarget } from "./redirect.ts";

export interface DownloadOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
  /** Bytes that are taken at most. */
  readonly limit: number;
  readonly signal?: AbortSignal;
}

export interface Download {
  /** Last-Modified, in seconds since 1970. */
  readonly modified: number | undefined;
  chunks(): AsyncIterable<Uint8Array>;
}

const timeout = 30_000;

/**
 * A file from a web server, without credentials: http and https only, at most ten redirects, never from https to http.
 * Throws `registry` for an answer other than 200 and for more than `limit` bytes.
 */
export async function downloadFile(address: string, options: DownloadOptions): Promise<Download> {
  let url = webAddress(address);
  for (let hops = 0; ; hops++) {
    const answer = await ask(url, options);
    if (isRedirect(answer.status)) {
      await answer.discard();
      if (hops === maximumRedirects) throw new BerthError("registry", `${address} redirects too often`);
      url = redirectTarget(url, answer.headers.get("location"));
      continue;
    }
    if (answer.status !== 200) {
      await answer.discard();
      throw new BerthError("registry", `invalid response status ${answer.status} from ${url.host}`);
    }
    const modified = Date.parse(answer.headers.get("last-modified") ?? "");
    return {
      modified: Number.isNaN(modified) ? undefined : Math.floor(modified / 1000),
      chunks: () => limited(answer, address, options.limit),
    };
  }
}

function webAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new BerthError("invalid-argument", `${address} is no http or https address`);
}

async function ask(url: URL, { env, userAgent, signal }: DownloadOptions): Promise<Answer> {
  const proxy = proxyFor(url, env);
  const caPaths = url.protocol === "https:" ? systemCertificateAuthorities(env) : [];
  return exchange({
    url,
    headers: { "User-Agent": userAgent },
    verify: true,
    certificateAuthorities: caPaths.length === 0 ? [] : await loadCertificateAuthorities(caPaths),
    ...(proxy === undefined ? {} : { proxy }),
    headerTimeoutMs: timeout,
    firstContact: true,
    idleTimeoutMs: timeout,
    ...(signal === undefined ? {} : { signal }),
  });
}

async function* limited(answer: Answer, address: string, limit: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of answer.chunks()) {
    size += chunk.length;
    if (size > limit) throw new BerthError("registry", `${address} has more than ${limit} bytes`);
    yield chunk;
  }
}
