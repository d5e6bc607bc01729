import { readFileSync } from "node:fs";
import { BerthError, messageOf } from "../base/errors.ts";

/**
 * The PEM texts of the files at `paths` and of the built-in roots, because a list given to TLS replaces the built-in one.
 * Throws `invalid-argument` for a file that cannot be read or holds no certificate.
 */
export async function loadCertificateAuthorities(paths: readonly string[]): Promise<readonly string[]> {
  const own = paths.map((path) => {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      throw new BerthError("invalid-argument", `cannot read certificate authorities: ${messageOf(error)}`, {
        cause: error,
      });
    }
    if (!text.includes("-----BEGIN CERTIFICATE-----"))
      throw new BerthError("invalid-argument", `${path} holds no PEM certificate`);
    return text;
  });
  const { rootCertificates } = await import("node:tls");
  return [...own, ...rootCertificates];
}
