import { BerthError, messageOf, systemErrorCode } from "../base/errors.ts";
import { shownUrl } from "./shown-text.ts";

/**
 * Why bytes did not arrive. `busy` is an answer (429, 5xx), everything else is the lack of one.
 * `tls` is a certificate that cannot be verified, `not-tls` a server that does not speak TLS at all.
 */
export type FailureKind =
  | "refused"
  | "unknown-host"
  | "unreachable"
  | "tls"
  | "not-tls"
  | "reset"
  | "stalled"
  | "busy"
  | "other";

/** A failure that a caller may look into in order to decide on another attempt. */
export class TransferFailure extends BerthError {
  readonly kind: FailureKind;
  /** What the server asked for in `Retry-After`. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: "network" | "registry",
    kind: FailureKind,
    message: string,
    options: { hint?: string; cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(code, message, options);
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/**
 * Whether the same request may succeed later. A registry that was reached before may be restarting, so that a refused
 * connection is worth waiting for; at first contact it is the answer.
 */
export function isTransient(error: unknown, reached: boolean): error is TransferFailure {
  if (!(error instanceof TransferFailure)) return false;
  switch (error.kind) {
    case "reset":
    case "stalled":
    case "busy":
      return true;
    case "refused":
    case "unknown-host":
    case "unreachable":
      return reached;
    case "tls":
    case "not-tls":
    case "other":
      return false;
  }
}

/** Certificate failures by OpenSSL's names, in the words of Go's crypto/x509 that Docker's users search for. */
const certificateFailures: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "certificate signed by unknown authority (self-signed certificate)",
  SELF_SIGNED_CERT_IN_CHAIN: "certificate signed by unknown authority (self-signed certificate in chain)",
  UNABLE_TO_GET_ISSUER_CERT: "certificate signed by unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "certificate signed by unknown authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "certificate signed by unknown authority",
  ERR_TLS_CERT_ALTNAME_INVALID: "certificate is not valid for this host name",
  HOSTNAME_MISMATCH: "certificate is not valid for this host name",
  CERT_HAS_EXPIRED: "certificate has expired",
  CERT_NOT_YET_VALID: "certificate is not yet valid",
  CERT_REVOKED: "certificate has been revoked",
  INVALID_PURPOSE: "certificate is not meant for servers",
  INVALID_CA: "invalid certificate authority",
};

/** What went wrong below HTTP while `method url` was under way, from the error that fetch threw. */
export function networkFailure(error: unknown, method: string, url: URL): TransferFailure {
  const code = systemErrorCode(error) ?? "";
  const what = `${goMethod(method)} "${shownUrl(url)}"`;
  const insecure = `if this registry is trusted, add "${url.host}" to insecure-registries in config.toml`;
  const failure = (kind: FailureKind, reason: string, hint?: string) =>
    new TransferFailure("network", kind, `${what}: ${reason}`, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  const certificate = certificateFailures[code];
  if (certificate !== undefined)
    return failure("tls", `tls: failed to verify certificate: x509: ${certificate}`, insecure);
  switch (code) {
    case "ECONNREFUSED":
      return failure(
        "refused",
        `dial tcp ${url.host}: connect: connection refused`,
        `is a registry listening at ${url.host}?`,
      );
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_NONAME":
    case "EAI_FAIL":
    case "ENODATA":
      return failure(
        "unknown-host",
        `dial tcp: lookup ${url.hostname}: no such host`,
        "check the registry's name and this machine's DNS",
      );
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EADDRNOTAVAIL":
    case "ETIMEDOUT":
      return failure("unreachable", `dial tcp ${url.host}: the host cannot be reached (${code})`);
    case "EPROTO":
      return failure(
        "not-tls",
        "http: server gave HTTP response to HTTPS client",
        `the server does not speak TLS; ${insecure}`,
      );
    case "ECONNRESET":
    case "EPIPE":
    case "ECONNABORTED":
      return failure("reset", "the connection was closed unexpectedly");
    case "ResponseHeadersTooLarge":
      return failure("other", "the headers of the answer are too long");
    default: {
      const kind = /CERT|SSL|TLS/.test(code) ? "tls" : "other";
      const reason = kind === "tls" ? `tls: ${code}` : code || messageOf(error).split("\n")[0]!;
      return failure(kind, reason);
    }
  }
}

/** Nothing arrived for a while. `connecting` says that the server never answered before. */
export function stalledFailure(method: string, url: URL, ms: number, connecting: boolean): TransferFailure {
  const what = `${goMethod(method)} "${shownUrl(url)}"`;
  const seconds = Math.round(ms / 100) / 10;
  return connecting
    ? new TransferFailure("network", "unreachable", `${what}: no answer within ${seconds} seconds`)
    : new TransferFailure("network", "stalled", `${what}: no data for ${seconds} seconds`);
}

/** As Go's net/http names a method in errors: `Get`, `Patch`. */
function goMethod(method: string): string {
  return method.slice(0, 1) + method.slice(1).toLowerCase();
}
