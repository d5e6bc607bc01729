import { BerthError, messageOf } from "../base/errors.ts";
import { exists, readText } from "../sys/files.ts";

/** Where distributions keep the authorities that the machine trusts, in the order of Go's crypto/x509. */
const systemBundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/**
 * The PEM files of the authorities that this machine trusts, for `caPaths`: `SSL_CERT_FILE` and the distribution's, as for
 * Docker and podman, so that what the administrator has added or removed counts here too. Empty where there is none.
 */
export function systemCertificateAuthorities(env: Readonly<Record<string, string | undefined>>): string[] {
  const bundle = systemBundles.find((path) => exists(path));
  return [...new Set([env.SSL_CERT_FILE || undefined, bundle])].filter((path) => path !== undefined);
}

/**
 * The PEM texts of the files at `paths`, and of the built-in roots unless the distribution's are among them: a list given to
 * TLS replaces the built-in one, and a hundred authorities take milliseconds to read. Throws `invalid-argument` for a file
 * that cannot be read or holds no certificate.
 */
export async function loadCertificateAuthorities(paths: readonly string[]): Promise<readonly string[]> {
  const own = paths.map((path) => {
    let text: string;
    try {
      text = readText(path);
    } catch (error) {
      throw new BerthError("invalid-argument", `cannot read certificate authorities: ${messageOf(error)}`, {
        cause: error,
      });
    }
    if (!text.includes("-----BEGIN CERTIFICATE-----"))
      throw new BerthError("invalid-argument", `${path} holds no PEM certificate`);
    return text;
  });
  if (paths.some((path) => systemBundles.includes(path))) return own;
  const { rootCertificates } = await import("node:tls");
  return [...own, ...rootCertificates];
}
