import type { Transport } from "./endpoint.ts";
import type { Answer } from "./exchange.ts";
import { TransferFailure } from "./transfer-failure.ts";

/** The address that a registry answers at, and whether its certificate must be right. */
export interface Origin {
  readonly base: URL;
  readonly verify: boolean;
}

/** Where a registry answers, and what it answered, if it was asked. */
export interface Reached {
  readonly origin: Origin;
  readonly answer?: Answer;
}

/**
 * Finds the first transport that the registry at `host` answers on, by a first request without credentials, so that
 * nothing secret goes over a connection that was not decided on. With one transport there is nothing to ask.
 *
 * A TLS server answers an HTTP request with 400 (Go, nginx) or hangs up; both lead to the next transport. Throws the most
 * telling failure: one about a certificate before all others, then the first.
 */
export async function negotiate(
  host: string,
  transports: readonly Transport[],
  ask: (origin: Origin) => Promise<Answer>,
): Promise<Reached> {
  const origins: Origin[] = [];
  for (const { scheme, verify } of transports)
    origins.push({ base: new URL(`${scheme}://${host}/`), verify });
  if (origins.length === 1) return { origin: origins[0]! };
  const failures: unknown[] = [];
  let doubtful: Origin | undefined;
  for (const origin of origins) {
    try {
      const answer = await ask(origin);
      if (answer.status !== 400 || origin.base.protocol === "https:") return { origin, answer };
      await answer.discard();
      doubtful = origin;
    } catch (error) {
      if (!(error instanceof TransferFailure)) throw error;
      failures.push(error);
      if (error.kind === "unknown-host") break;
    }
  }
  const certificate = failures.find((error) => error instanceof TransferFailure && error.kind === "tls");
  if (certificate !== undefined) throw certificate;
  if (doubtful !== undefined) return { origin: doubtful };
  throw failures[0];
}
