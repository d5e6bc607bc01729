import { BerthError } from "../base/errors.ts";
import { shownUrl } from "./shown-text.ts";

export const maximumRedirects = 10;

/** Whether a status is a redirect that a GET follows. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/**
 * Where a redirect leads. Only http and https, never from https to http, and never with a user in the URL: the server
 * that answered is not trusted to choose what berth opens (CVE-2018-1000007 is the same mistake elsewhere).
 */
export function redirectTarget(from: URL, location: string | null): URL {
  const refuse = (why: string) =>
    new BerthError("registry", `${from.host} redirects ${shownUrl(from)} ${why}`, {
      hint: "the registry is set up wrongly, or somebody between it and this machine interferes",
    });
  if (location === null || location === "") throw refuse("without saying where to");
  let to: URL;
  try {
    to = new URL(location, from);
  } catch (error) {
    throw new BerthError("registry", `${from.host} redirects ${shownUrl(from)} to a malformed address`, {
      cause: error,
    });
  }
  if (to.protocol !== "https:" && to.protocol !== "http:")
    throw refuse(`to a ${to.protocol} address, which is not followed`);
  if (from.protocol === "https:" && to.protocol === "http:")
    throw refuse(`from https to http at ${to.host}, which is not followed`);
  if (to.username !== "" || to.password !== "")
    throw refuse("to an address with a user name, which is not followed");
  return to;
}
