import { BerthError } from "../base/errors.ts";
import { parseDigest, shortDigest } from "../oci/digest.ts";
import { familiarName } from "../oci/reference.ts";
import type { BlobStream, FetchOptions } from "../oci/transport.ts";
import type { Descriptor, Reference } from "../oci/types.ts";
import { parseContentRange } from "./content-range.ts";
import { errorFromAnswer } from "./error-answer.ts";
import type { Answer } from "./exchange.ts";
import type { RegistryClient } from "./registry-client.ts";
import { Attempts, type RetryPolicy } from "./retry-policy.ts";
import { TransferFailure } from "./transfer-failure.ts";

/** A connection that brings less than this before it breaks was no progress, however many of them there are. */
const progressBytes = 64 * 1024;

interface Opened {
  readonly answer: Answer;
  /** Where in the blob the answer's first byte is. */
  readonly first: number;
}

/** The transfer of one blob over as many answers as it takes. */
export class BlobDownload {
  readonly #client: RegistryClient;
  readonly #repository: Reference;
  readonly #descriptor: Descriptor;
  readonly #signal: AbortSignal | undefined;
  readonly #attempts: Attempts;

  constructor(
    client: RegistryClient,
    repository: Reference,
    descriptor: Descriptor,
    policy: RetryPolicy,
    onRetry: ((seconds: number) => void) | undefined,
    signal: AbortSignal | undefined,
  ) {
    parseDigest(descriptor.digest);
    this.#client = client;
    this.#repository = repository;
    this.#descriptor = descriptor;
    this.#signal = signal;
    this.#attempts = new Attempts({
      policy,
      notify: onRetry,
      signal,
      wasReached: () => client.wasReached(repository),
    });
  }

  /**
   * Opens the blob at `offset`, or at 0 where the registry cannot continue. The stream goes on over interruptions by
   * itself and ends after exactly `descriptor.size` bytes or with an error.
   */
  async open(options: FetchOptions): Promise<BlobStream> {
    const { size } = this.#descriptor;
    const asked = options.offset ?? 0;
    if (!Number.isSafeInteger(asked) || asked < 0)
      throw new BerthError("invalid-argument", `${asked} is not an offset in a blob`);
    if (asked === size && size > 0) return { offset: asked, body: nothing() };
    const opened = await this.#attempts.run(() => this.#openAt(asked < size ? asked : 0));
    return { offset: opened.first, body: this.#stream(opened) };
  }

  /**
   * Yields the blob from where `opened` begins. When the connection breaks, asks for the rest; a registry without ranges
   * sends everything again, of which what was yielded already is skipped.
   */
  async *#stream(opened: Opened): AsyncGenerator<Uint8Array, void, void> {
    const { size } = this.#descriptor;
    let position = opened.first;
    let counted = position;
    let current: Opened | undefined = opened;
    for (;;) {
      try {
        current ??= await this.#openAt(position, true);
        let skip = position - current.first;
        for await (const chunk of current.answer.chunks()) {
          if (skip >= chunk.length) {
            skip -= chunk.length;
            continue;
          }
          const fresh = skip === 0 ? chunk : chunk.subarray(skip);
          skip = 0;
          if (position + fresh.length > size) throw this.#mismatch(`more than ${size} bytes`);
          position += fresh.length;
          if (position - counted >= progressBytes) {
            counted = position;
            this.#attempts.progressed();
          }
          yield fresh;
          // Without a stated length the end is where the descriptor says, not when the registry hangs up.
          if (position === size && !current.answer.headers.has("content-length")) return;
        }
        if (position === size) return;
        throw this.#cutShort(position);
      } catch (error) {
        current = undefined;
        await this.#attempts.waitAfter(error);
      }
    }
  }

  async #openAt(position: number, resuming = false): Promise<Opened> {
    const { size } = this.#descriptor;
    const answer = await this.#get(position);
    switch (answer.status) {
      case 200:
        await this.#checkLength(answer, size);
        return { answer, first: 0 };
      case 206: {
        const range = parseContentRange(answer.headers.get("content-range"));
        if (range?.size !== undefined && range.size !== size) {
          await answer.discard();
          throw this.#mismatch(`${range.size} bytes`);
        }
        if (range?.first === position) return { answer, first: position };
        break;
      }
      case 416:
        // What has come so far is not verified yet, but a registry that has no byte here has another blob.
        if (resuming) {
          await answer.discard();
          throw this.#mismatch(`at most ${position} bytes`);
        }
        break;
      default:
        throw await this.#failure(answer);
    }
    await answer.discard();
    if (position === 0)
      throw new BerthError(
        "registry",
        `${answer.url.host} answers with status ${answer.status} to a request for all of ${this.#descriptor.digest}`,
      );
    return this.#openAt(0, resuming);
  }

  async #get(position: number): Promise<Answer> {
    const { answer, elsewhere, authentication } = await this.#client.get({
      repository: this.#repository,
      resource: `blobs/${this.#descriptor.digest}`,
      accept: "*/*",
      ...(position === 0 ? {} : { range: `bytes=${position}-` }),
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
    });
    if (authentication !== undefined) throw await this.#failure(answer, authentication);
    if (elsewhere && (answer.status === 401 || answer.status === 403)) {
      // The storage behind the registry: a signed address that expired is renewed by asking the registry again.
      await answer.discard();
      throw new TransferFailure(
        "registry",
        "busy",
        `${answer.url.host}, where the registry redirects to, refuses ${this.#descriptor.digest} with status ${answer.status}`,
      );
    }
    return answer;
  }

  async #failure(answer: Answer, authentication?: string): Promise<BerthError> {
    const { digest, urls } = this.#descriptor;
    if (answer.status === 404 && urls !== undefined && urls.length > 0) {
      await answer.discard();
      return new BerthError(
        "unsupported",
        `layer ${shortDigest(digest)} of ${familiarName(this.#repository)} is not in the registry, only at addresses outside of it`,
        {
          hint: "foreign layers are not fetched (CVE-2020-15157); push the image with its layers to a registry",
        },
      );
    }
    return errorFromAnswer(answer, { kind: "blob", reference: this.#repository, digest }, authentication);
  }

  async #checkLength(answer: Answer, expected: number): Promise<void> {
    const declared = answer.headers.get("content-length");
    if (declared === null || Number(declared) === expected) return;
    await answer.discard();
    throw this.#mismatch(`${declared} bytes`);
  }

  #mismatch(actual: string): BerthError {
    const { digest, size } = this.#descriptor;
    return new BerthError(
      "digest-mismatch",
      `the registry has ${actual} for ${digest}, but its descriptor says ${size}`,
      {
        hint: "nothing was kept; the registry's content is damaged or was tampered with",
      },
    );
  }

  #cutShort(position: number): TransferFailure {
    const { digest, size } = this.#descriptor;
    return new TransferFailure("network", "reset", `${digest} ended after ${position} of ${size} bytes`);
  }
}

async function* nothing(): AsyncGenerator<Uint8Array, void, void> {}
