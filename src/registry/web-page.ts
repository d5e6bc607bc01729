import { BerthError } from "../base/errors.ts";
import type { Answer } from "./exchange.ts";

/** A registry answers with documents; a web page comes from something else that listens at its address. */
export function isWebPage(answer: Answer): boolean {
  return /^\s*(text\/html|application\/xhtml\+xml)\b/i.test(answer.headers.get("content-type") ?? "");
}

export async function webPage(answer: Answer): Promise<BerthError> {
  await answer.discard();
  return new BerthError(
    "registry",
    `${answer.url.host} answers with a web page (HTTP status ${answer.status}) and is not a registry`,
    { hint: "check the name of the image, and whether this network wants a login in a browser first" },
  );
}
