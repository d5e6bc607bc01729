import { defaultCapabilities } from "./capabilities.ts";
import { compileSeccomp } from "./seccomp.ts";

/**
 * The filter of a container with the default capabilities, base64, for the architecture that this runs on. Imported as a
 * macro: an executable has the program itself, because to compile it takes a millisecond, and nearly every container
 * has this one.
 */
export function defaultSeccomp(): string {
  return compileSeccomp({ capabilities: defaultCapabilities, pretendOwnership: false }).toBase64();
}
