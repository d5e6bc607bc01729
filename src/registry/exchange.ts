import { BerthError } from "../base/errors.ts";
import { interrupted } from "./interruption.ts";
import { shownUrl } from "./shown-text.ts";
import { networkFailure, stalledFailure } from "./transfer-failure.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH";

/** A body that is too large for memory; opened again for each try. */
export interface StreamedBody {
  /** bytes, exactly */
  readonly length: number;
  open(): AsyncIterable<Uint8Array>;
}

export interface ExchangeRequest {
  readonly url: URL;
  readonly method?: Method;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer> | StreamedBody;
  /** False only for a host that the configuration names as insecure. */
  readonly verify: boolean;
  /** PEM texts of all that is trusted; empty: Bun's built-in roots. */
  readonly certificateAuthorities: readonly string[];
  /** What the client shows who it is with; PEM. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string };
  /** `http://[user:password@]host:port`; undefined: none, whatever the environment says. */
  readonly proxy?: string;
  /** How long the headers may take, from the last part of a streamed body that was asked for. */
  readonly headerTimeoutMs: number;
  /** The host never answered before, so that silence means that it cannot be reached. */
  readonly firstContact: boolean;
  /** How long one read of the body may take. The time between reads is the caller's and does not count. */
  readonly idleTimeoutMs: number;
  readonly signal?: AbortSignal;
}

/** An answer with its body still to come. Exactly one of `chunks`, `bytes` and `discard` must be used. */
export interface Answer {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  /** The body as it comes, not decoded. Leaving the loop early closes the connection. */
  chunks(): AsyncGenerator<Uint8Array, void, void>;
  /** The whole body; throws `registry` if it is longer than `limit` bytes. */
  bytes(limit: number): Promise<Uint8Array>;
  /** The body's first `limit` bytes, and silence about anything that goes wrong: for error bodies. */
  excerpt(limit: number): Promise<Uint8Array>;
  /** Gives the body up; a short one is read, so that the connection can be used again. */
  discard(): Promise<void>;
  /** From now on `signal` ends it, instead of the one that the request went out with. */
  obey(signal: AbortSignal): void;
}

/** Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED in the environment changes nothing. */
const tlsOptions = ({ verify, certificateAuthorities, clientCertificate }: ExchangeRequest) => ({
  rejectUnauthorized: verify,
  ...(certificateAuthorities.length === 0 ? {} : { ca: [...certificateAuthorities] }),
  ...(clientCertificate === undefined
    ? {}
    : { cert: clientCertificate.certificate, key: clientCertificate.key }),
});

/** Reading a short unwanted body is cheaper than a new connection, above this it is not. */
const worthDraining = 16 * 1024;

/** What is declared to be this short is read in one piece, which takes less time than a stream does to begin. */
const shortDocument = 64 * 1024;

/** A document that is read as a whole may take this many idle timeouts: a byte now and then is no progress. */
const documentTimeouts = 4;

/**
 * One HTTP exchange, without redirects, decoding, or retries. Throws `TransferFailure` when no answer comes and
 * `interrupted` when the caller's signal fires; any status is an answer.
 */
export async function exchange(request: ExchangeRequest): Promise<Answer> {
  const { url } = request;
  let { signal } = request;
  const method = request.method ?? "GET";
  if (signal?.aborted) throw interrupted(signal);
  const controller = new AbortController();
  const onAbort = () => controller.abort();
  signal?.addEventListener("abort", onAbort, { once: true });

  let stalled = false;
  let waiting = true;
  const onTimeout = () => {
    if (!waiting) return;
    stalled = true;
    controller.abort();
  };
  // No timer keeps the process alive: while an answer is awaited, its connection does.
  let timer = setTimeout(onTimeout, request.headerTimeoutMs).unref();
  let closed = false;
  const close = (complete: boolean) => {
    if (closed) return;
    closed = true;
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    if (!complete) controller.abort();
  };
  const translate = (error: unknown, limitMs: number, connecting: boolean): unknown => {
    if (signal?.aborted) return interrupted(signal);
    if (bodyFailure !== undefined) return bodyFailure.error;
    if (stalled) return stalledFailure(method, url, limitMs, connecting);
    return error instanceof BerthError ? error : networkFailure(error, method, url);
  };

  /** A failure of the body ends the exchange; thrown here, it would reach nobody. */
  let bodyFailure: { readonly error: unknown } | undefined;
  async function* watched(body: StreamedBody): AsyncGenerator<Uint8Array, void, void> {
    try {
      for await (const chunk of body.open()) {
        timer.refresh();
        yield chunk;
        timer.refresh();
      }
    } catch (error) {
      bodyFailure = { error };
      controller.abort();
    }
  }
  const { body } = request;
  const isStreamed = typeof body === "object" && "open" in body;

  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers: {
        ...request.headers,
        "Accept-Encoding": "identity",
        ...(isStreamed ? { "Content-Length": String(body.length) } : {}),
      },
      ...(body === undefined ? {} : { body: isStreamed ? watched(body) : body }),
      redirect: "manual",
      decompress: false,
      timeout: false,
      signal: controller.signal,
      ...(url.protocol === "https:" || request.proxy !== undefined ? { tls: tlsOptions(request) } : {}),
      proxy: request.proxy ?? false,
    });
  } catch (error) {
    close(false);
    throw translate(error, request.headerTimeoutMs, request.firstContact);
  }
  waiting = false;
  clearTimeout(timer);
  timer = setTimeout(onTimeout, request.idleTimeoutMs).unref();

  async function* chunks(): AsyncGenerator<Uint8Array, void, void> {
    let complete = false;
    const reader = response.body?.getReader();
    try {
      while (reader !== undefined) {
        waiting = true;
        timer.refresh();
        const { done, value } = await reader.read();
        waiting = false;
        if (done) break;
        yield value;
      }
      complete = true;
    } catch (error) {
      throw translate(error, request.idleTimeoutMs, false);
    } finally {
      waiting = false;
      close(complete);
    }
  }

  async function inOnePiece(): Promise<Uint8Array> {
    let complete = false;
    try {
      waiting = true;
      timer.refresh();
      const bytes = await response.bytes();
      complete = true;
      return bytes;
    } catch (error) {
      throw translate(error, request.idleTimeoutMs, false);
    } finally {
      waiting = false;
      close(complete);
    }
  }

  async function read(limit: number): Promise<{ bytes: Uint8Array; more: boolean }> {
    const parts: Uint8Array[] = [];
    let length = 0;
    const deadline = setTimeout(() => {
      stalled = true;
      controller.abort();
    }, request.idleTimeoutMs * documentTimeouts).unref();
    try {
      for await (const chunk of chunks()) {
        parts.push(chunk);
        length += chunk.length;
        if (length > limit) return { bytes: Buffer.concat(parts).subarray(0, limit), more: true };
      }
      return { bytes: Buffer.concat(parts), more: false };
    } finally {
      clearTimeout(deadline);
    }
  }

  const answer: Answer = {
    url,
    status: response.status,
    headers: response.headers,
    chunks,
    async bytes(limit) {
      const length = response.headers.get("content-length");
      const declared = Number(length ?? "0");
      const tooLong = () =>
        new BerthError(
          "registry",
          `${shownUrl(url)} answers with more than ${limit} bytes, which is the limit for such a document`,
        );
      if (declared > limit) {
        close(false);
        throw tooLong();
      }
      // Chunks have the last word on the length (RFC 9112 section 6.3), whatever is declared.
      const isChunked = response.headers.has("transfer-encoding");
      if (length !== null && !isChunked && declared <= shortDocument) return inOnePiece();
      const { bytes, more } = await read(limit);
      if (more) throw tooLong();
      return bytes;
    },
    async excerpt(limit) {
      try {
        return (await read(limit)).bytes;
      } catch {
        return new Uint8Array();
      }
    },
    async discard() {
      const declared = response.headers.get("content-length");
      if (declared !== null && Number(declared) <= worthDraining) await answer.excerpt(worthDraining);
      else close(false);
    },
    obey(other) {
      signal?.removeEventListener("abort", onAbort);
      signal = other;
      if (other.aborted) onAbort();
      else if (!closed) other.addEventListener("abort", onAbort, { once: true });
    },
  };
  return answer;
}
