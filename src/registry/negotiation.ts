import type { Transport } from "./endpoint.ts";
import type { Answer } from "./exchange.ts";
import { TransferFailure } from "./transfer-failure.ts";

/** The address that a registry answers at, and whether its certificate must be right. */
export interface Origin {
  readonly base: URL;
  readonly verify: boolean;
}

/**
 * Finds the first transport that the registry at `host` answers on, by `GET /v2/` without credentials, so that
 * nothing secret goes over a connection that was not decided on. With one transport there is nothing to ask.
 *
 * A TLS server answers an HTTP request with 400 (Go, nginx) or hangs up; both lead to the next transport. Throws the most
 * telling failure: one about a certificate before all others, then the first.
 */
export async function negotiate(
  host: string,
  transports: readonly Transport[],
  ping: (origin: Origin) => Promise<Answer>,
): Promise<Origin> {
  const origins = transports.map(({ scheme, verify }) => ({ base: new URL(`${scheme}://${host}/`), verify }));
  if (origins.length === 1) return origins[0]!;
  const failures: unknown[] = [];
  let doubtful: Origin | undefined;
  for (const origin of origins) {
    try {
      const answer = await ping(origin);
      await answer.discard();
      if (answer.status !== 400 || origin.base.protocol === "https:") return origin;
      doubtful = origin;
    } catch (error) {
      if (!(error instanceof TransferFailure)) throw error;
      failures.push(error);
      if (error.kind === "unknown-host") break;
    }
  }
  const certificate = failures.find((error) => error instanceof TransferFailure && error.kind === "tls");
  if (certificate !== undefined) throw certificate;
  if (doubtful !== undefined) return doubtful;
  throw failures[0];
}
