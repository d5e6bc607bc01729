import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Certificate {
  /** Paths of PEM files. */
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** `DNS:localhost,IP:127.0.0.1` */
  readonly names: string;
  /** Who signs; itself unless given. */
  readonly authority?: Certificate;
  /** Ended yesterday. */
  readonly expired?: boolean;
}

/** Makes a certificate authority with openssl. */
export async function makeAuthority(directory: string): Promise<Certificate> {
  const made = paths(directory, "authority");
  await openssl(
    ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"],
    ["-subj", "/CN=berth test authority", "-addext", "basicConstraints=critical,CA:TRUE"],
    ["-keyout", made.key, "-out", made.certificate],
  );
  return made;
}

/** Makes a server's certificate with openssl; `name` is for its files. */
export async function makeCertificate(
  directory: string,
  name: string,
  { names, authority, expired = false }: CertificateOptions,
): Promise<Certificate> {
  const made = paths(directory, name);
  const request = join(directory, `${name}.csr`);
  const extensions = join(directory, `${name}.ext`);
  writeFileSync(extensions, `subjectAltName=${names}\nbasicConstraints=critical,CA:FALSE\n`);
  await openssl(
    ["req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
    ["-subj", "/CN=berth test", "-keyout", made.key, "-out", request],
  );
  await openssl(
    ["x509", "-req", "-in", request, "-extfile", extensions, "-days", expired ? "-1" : "2"],
    authority === undefined
      ? ["-signkey", made.key]
      : ["-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial"],
    ["-out", made.certificate],
  );
  return made;
}

function paths(directory: string, name: string): Certificate {
  return { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
}

async function openssl(...args: readonly (readonly string[])[]): Promise<void> {
  const child = Bun.spawn(["openssl", ...args.flat()], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`openssl fails: ${said}`);
}
