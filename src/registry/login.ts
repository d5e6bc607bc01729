import { BerthError } from "../base/errors.ts";
import { describeEntries, errorBodyLimit, parseErrorBody } from "./error-answer.ts";
import { RegistryClient } from "./registry-client.ts";
import { clientOptions, type RegistryOptions } from "./registry.ts";
import { shownUrl } from "./shown-text.ts";

/**
 * Asks the registry whether it accepts credentials, which `options.credentials` gives. Throws `unauthorized` when it does
 * not, and failures of the transfer.
 */
export async function verifyCredentials(
  domain: string,
  options: RegistryOptions,
  signal?: AbortSignal,
): Promise<void> {
  const client = new RegistryClient(clientOptions(options));
  const { answer, authentication } = await client.login(domain, signal);
  const { status } = answer;
  if (status === 200) return answer.discard();
  const said = describeEntries(parseErrorBody(await answer.excerpt(errorBodyLimit)));
  const what = `login attempt to ${shownUrl(answer.url)} failed`;
  if (status === 401 || status === 403) {
    const reason = authentication ?? "incorrect username or password";
    throw new BerthError("unauthorized", `${what}: unauthorized: ${reason}${said === "" ? "" : `: ${said}`}`);
  }
  throw new BerthError("registry", `${what} with status: ${status}${said === "" ? "" : `: ${said}`}`, {
    ...(status === 404 ? { hint: "is this the address of a registry?" } : {}),
  });
}
