import { BerthError, isBerthError } from "../base/errors.ts";
import { parseDigest } from "../oci/digest.ts";
import type { BlobBytes, PushBlobOptions, PushedBlob } from "../oci/transport.ts";
import type { Descriptor, Reference } from "../oci/types.ts";
import { errorFromAnswer } from "./error-answer.ts";
import type { Answer } from "./exchange.ts";
import { redirectTarget } from "./redirect.ts";
import type { RegistryAnswer, RegistryClient, RegistryRequest } from "./registry-client.ts";
import { Attempts, type RetryPolicy } from "./retry-policy.ts";
import { shownUrl } from "./shown-text.ts";
import { TransferFailure } from "./transfer-failure.ts";

/** Up to this size a blob goes in one request that also closes the upload; there is little to continue. */
const smallBlob = 256 * 1024;

export interface BlobUploadOptions extends PushBlobOptions {
  readonly policy: RetryPolicy;
  /** Told before each wait, in seconds. */
  readonly onRetry: ((seconds: number) => void) | undefined;
  /** How long the registry may take to verify a blob that has arrived. */
  readonly verifyTimeoutMs: number;
}

/**
 * The transfer of one blob to a registry (distribution-spec "Pushing blobs"): asked for, mounted, or sent. A large one is sent
 * as one chunk, as Docker does it, because not every registry takes several; after an interruption a further chunk goes on
 * from what the registry says it has, and where it has nothing the upload starts over.
 */
export class BlobUpload {
  readonly #client: RegistryClient;
  readonly #repository: Reference;
  readonly #descriptor: Descriptor;
  readonly #open: BlobBytes;
  readonly #options: BlobUploadOptions;
  readonly #attempts: Attempts;
  /** The upload under way at the registry. */
  #location: URL | undefined;
  /** Bytes of it that the registry has. */
  #offset = 0;

  constructor(
    client: RegistryClient,
    repository: Reference,
    descriptor: Descriptor,
    open: BlobBytes,
    options: BlobUploadOptions,
  ) {
    parseDigest(descriptor.digest);
    this.#client = client;
    this.#repository = repository;
    this.#descriptor = descriptor;
    this.#open = open;
    this.#options = options;
    this.#attempts = new Attempts({
      policy: options.policy,
      notify: options.onRetry,
      signal: options.signal,
      wasReached: () => client.wasReached(repository),
    });
  }

  async run(): Promise<PushedBlob> {
    if (await this.#attempts.run(() => this.#isThere())) return { kind: "present" };
    const { mountFrom } = this.#options;
    if (mountFrom !== undefined && (await this.#attempts.run(() => this.#mount(mountFrom))))
      return { kind: "mounted", from: mountFrom };
    for (;;) {
      try {
        await this.#send();
        return { kind: "pushed" };
      } catch (error) {
        await this.#attempts.waitAfter(error);
      }
      // The answer that was lost may have been a yes.
      if (await this.#attempts.run(() => this.#isThere())) return { kind: "pushed" };
      await this.#attempts.run(() => this.#locate());
    }
  }

  async #isThere(): Promise<boolean> {
    const sent = await this.#request("HEAD", `blobs/${this.#descriptor.digest}`);
    if (sent.answer.status === 200 || sent.answer.status === 404) {
      await sent.answer.discard();
      return sent.answer.status === 200;
    }
    throw await this.#failure(sent);
  }

  /** Whether the registry took the blob from `from`; the upload that it opens otherwise is used. */
  async #mount(from: string): Promise<boolean> {
    const query = new URLSearchParams({ mount: this.#descriptor.digest, from });
    try {
      const sent = await this.#request("POST", `blobs/uploads/?${query}`, { from });
      const { status } = sent.answer;
      if (status === 429 || status >= 500) throw await this.#failure(sent);
      await sent.answer.discard();
      if (status === 202) this.#begin(sent.answer);
      return status === 201;
    } catch (error) {
      // A token for the other repository may be refused; without it the blob is sent.
      if (isBerthError(error, "unauthorized", "denied")) return false;
      throw error;
    }
  }

  async #send(): Promise<void> {
    if (this.#location === undefined) await this.#start();
    const { size } = this.#descriptor;
    if (size > smallBlob && this.#offset < size) await this.#sendChunk();
    await this.#finish();
  }

  async #start(): Promise<void> {
    const sent = await this.#request("POST", "blobs/uploads/", { headers: { "Content-Length": "0" } });
    if (sent.answer.status !== 202) throw await this.#failure(sent);
    await sent.answer.discard();
    this.#begin(sent.answer);
  }

  #begin(answer: Answer): void {
    this.#location = this.#next(answer);
    this.#offset = 0;
  }

  async #sendChunk(): Promise<void> {
    const { size } = this.#descriptor;
    const first = this.#offset;
    const sent = await this.#request("PATCH", this.#uploadAddress(), {
      headers: {
        "Content-Type": "application/octet-stream",
        ...(first === 0 ? {} : { "Content-Range": `${first}-${size - 1}` }),
      },
      body: { length: size - first, open: () => this.#counted(first) },
    });
    if (sent.answer.status !== 202) throw await this.#lost(sent, first > 0);
    await sent.answer.discard();
    this.#location = this.#next(sent.answer);
    this.#offset = size;
    this.#attempts.progressed();
  }

  /** Closes the upload with the digest, which the registry verifies; a small blob goes along. */
  async #finish(): Promise<void> {
    const { digest, size } = this.#descriptor;
    const url = new URL(this.#uploadAddress());
    url.search += `${url.search === "" ? "?" : "&"}digest=${encodeURIComponent(digest)}`;
    const rest = size - this.#offset;
    const first = this.#offset;
    const sent = await this.#request("PUT", url, {
      answerTimeoutMs: this.#options.verifyTimeoutMs,
      headers: { "Content-Type": "application/octet-stream" },
      ...(rest === 0 ? { body: "" } : { body: { length: rest, open: () => this.#counted(first) } }),
    });
    if (sent.answer.status !== 201 && sent.answer.status !== 204) throw await this.#lost(sent);
    await sent.answer.discard();
  }

  /** Asks how much of an interrupted upload has arrived; one that is gone is begun again. */
  async #locate(): Promise<void> {
    const location = this.#location;
    if (location === undefined) return;
    this.#location = undefined;
    const before = this.#offset;
    const { answer } = await this.#request("GET", location);
    await answer.discard();
    if (answer.status !== 204) return;
    const last = /^(?:bytes=)?0-(\d{1,15})$/.exec(answer.headers.get("range") ?? "")?.[1];
    const size = Number(last) + 1;
    if (last === undefined || size > this.#descriptor.size) return;
    this.#location = answer.headers.get("location") === null ? location : this.#next(answer);
    // "0-0" is also said of an upload that has nothing.
    this.#offset = size === 1 ? 0 : size;
    if (this.#offset > before) this.#attempts.progressed();
  }

  #uploadAddress(): URL {
    if (this.#location === undefined) throw new BerthError("internal", "no upload was begun");
    return this.#location;
  }

  #next(answer: Answer): URL {
    return redirectTarget(answer.url, answer.headers.get("location"));
  }

  async *#counted(offset: number): AsyncGenerator<Uint8Array, void, void> {
    let sent = offset;
    for await (const chunk of this.#open(offset)) {
      if (this.#options.signal?.aborted) return; // the exchange is being called off
      yield chunk;
      sent += chunk.length;
      this.#options.onBytes?.(sent);
    }
  }

  #request(
    method: RegistryRequest["method"],
    target: string | URL,
    more: Partial<RegistryRequest> & { from?: string } = {},
  ): Promise<RegistryAnswer> {
    const { from, ...rest } = more;
    const { path } = this.#repository;
    return this.#client.send({
      repository: this.#repository,
      method,
      target,
      access: { path, push: true, ...(from === undefined ? {} : { from }) },
      ...(this.#options.signal === undefined ? {} : { signal: this.#options.signal }),
      ...rest,
    });
  }

  /** An upload that the registry no longer knows, or not at this offset, is worth another one. */
  async #lost(sent: RegistryAnswer, continued = false): Promise<BerthError> {
    const { status, url } = sent.answer;
    const failure = await this.#failure(sent);
    if (status !== 404 && status !== 416 && !(continued && status === 400)) return failure;
    this.#location = undefined;
    return new TransferFailure("registry", "reset", `${shownUrl(url)}: ${failure.message}`, {
      cause: failure,
    });
  }

  #failure({ answer, authentication }: RegistryAnswer): Promise<BerthError> {
    return errorFromAnswer(answer, { kind: "push", reference: this.#repository }, authentication);
  }
}
