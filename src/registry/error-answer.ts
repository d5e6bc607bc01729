import { BerthError, type ErrorCode } from "../base/errors.ts";
import { familiarName, familiarString } from "../oci/reference.ts";
import type { Digest, Reference } from "../oci/types.ts";
import type { Answer } from "./exchange.ts";
import { parseRetryAfter } from "./retry-policy.ts";
import { shownText, shownUrl } from "./shown-text.ts";
import { TransferFailure } from "./transfer-failure.ts";
import { isWebPage, webPage } from "./web-page.ts";

/** One entry of the `errors` list of the distribution specification ("Error codes"). */
export interface RegistryErrorEntry {
  /** `MANIFEST_UNKNOWN`, `DENIED` …; empty where the body is not of that form. */
  readonly code: string;
  readonly message: string;
}

export const errorBodyLimit = 64 * 1024;

/** What a registry's or token service's error body says; an empty list when it says nothing readable. */
export function parseErrorBody(body: Uint8Array): RegistryErrorEntry[] {
  const text = new TextDecoder().decode(body);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    const line = shownText(text);
    return line === "" || line.startsWith("<") ? [] : [{ code: "", message: line }];
  }
  if (!isRecord(document)) return [];
  const list = Array.isArray(document.errors) ? document.errors : [document];
  const entries: RegistryErrorEntry[] = [];
  for (const item of list.slice(0, 5)) {
    if (!isRecord(item)) continue;
    const code = typeof item.code === "string" ? item.code : "";
    const message = [item.message, item.details, item.error_description, item.error].find(
      (value) => typeof value === "string",
    );
    if (code === "" && message === undefined) continue;
    entries.push({
      code: /^[A-Z][A-Z0-9_]{1,63}$/.test(code) ? code : "",
      message: shownText(typeof message === "string" ? message : ""),
    });
  }
  return entries;
}

/** The entries in Docker's form: `manifest unknown: <message>`; a message that only repeats its code is left out. */
export function describeEntries(entries: readonly RegistryErrorEntry[]): string {
  return entries
    .map(({ code, message }) => {
      const name = code.toLowerCase().replaceAll("_", " ");
      if (name === "" || message === "") return name + message;
      return message.toLowerCase() === name ? name : `${name}: ${message}`;
    })
    .join(", ");
}

/** What was asked for, for the message. */
export type Wanted =
  | { readonly kind: "manifest"; readonly reference: Reference }
  | { readonly kind: "push"; readonly reference: Reference }
  | { readonly kind: "tags"; readonly reference: Reference }
  | { readonly kind: "blob"; readonly reference: Reference; readonly digest: Digest };

/** Turns an answer that is no success into an error, in Docker's words. Reads at most 64 KiB of the body. */
export async function errorFromAnswer(
  answer: Answer,
  wanted: Wanted,
  /** What the credentials part has to say about a 401. */
  authentication?: string,
): Promise<BerthError> {
  const { status } = answer;
  if (status === 404 && isWebPage(answer)) return webPage(answer);
  const entries = parseErrorBody(await answer.excerpt(errorBodyLimit));
  const said = describeEntries(entries);
  if (status === 429 || status >= 500 || status === 408) return busyFailure(answer, said, wanted);

  const name = familiarName(wanted.reference);
  if (status === 401 || status === 403) {
    const cause = [authentication, said].filter((part) => part !== undefined && part !== "").join(": ");
    const what =
      wanted.kind === "push"
        ? `push access denied for ${name}, repository does not exist or may require authorization`
        : `pull access denied for ${name}, repository does not exist or may require 'docker login'`;
    return new BerthError(
      status === 401 ? "unauthorized" : "denied",
      `${what}${cause === "" ? "" : `: ${cause}`}`,
      { hint: `check the name, or log in with: berth login ${wanted.reference.domain}` },
    );
  }
  if (status === 404 && wanted.kind !== "push") return notFound(wanted, name, entries, said);
  const code: ErrorCode = "registry";
  const reason = said === "" ? "" : `: ${said}`;
  return new BerthError(
    code,
    `${shownUrl(answer.url)} answers with unexpected HTTP status ${status}${reason}`,
  );
}

/** An answer that asks to come back later. */
export function busyFailure(answer: Answer, said: string, wanted?: Wanted): TransferFailure {
  const retryAfterMs = parseRetryAfter(answer.headers.get("retry-after"), Date.now());
  const forWhat = wanted === undefined ? "" : ` for ${familiarName(wanted.reference)}`;
  const message =
    answer.status === 429
      ? `toomanyrequests: ${said.replace(/^toomanyrequests:? ?/, "") || `${answer.url.host} limits the number of requests`}`
      : `received unexpected HTTP status ${answer.status} from ${answer.url.host}${forWhat}${said === "" ? "" : `: ${said}`}`;
  return new TransferFailure("registry", "busy", message, {
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(answer.status === 429 ? { hint: "wait and try again, or log in for a higher limit" } : {}),
  });
}

function notFound(
  wanted: Wanted,
  name: string,
  entries: readonly RegistryErrorEntry[],
  said: string,
): BerthError {
  if (wanted.kind === "blob") {
    return new BerthError("not-found", `${wanted.digest} not found in ${name}: ${said || "blob unknown"}`, {
      hint: "the registry's image is incomplete; push it there again",
    });
  }
  if (wanted.kind === "tags" || entries.some((entry) => entry.code === "NAME_UNKNOWN"))
    return new BerthError("not-found", `repository ${name} not found: ${said || "name unknown"}`);
  return new BerthError(
    "not-found",
    `manifest for ${familiarString(wanted.reference)} not found: ${said || "manifest unknown"}`,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
