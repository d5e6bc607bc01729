import { expect, test } from "bun:test";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import {
  loadCertificateAuthorities,
  systemCertificateAuthorities,
} from "../../../src/registry/certificate-authorities.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

test("there is at most the one file of the distribution, and SSL_CERT_FILE adds another", () => {
  const system = systemCertificateAuthorities({ SSL_CERT_FILE: "" });
  expect(system.length).toBeLessThanOrEqual(1);
  for (const path of system) expect(path).toStartWith("/etc/");
  expect(systemCertificateAuthorities({})).toEqual(system);
  expect(systemCertificateAuthorities({ SSL_CERT_FILE: "/company.pem" })).toEqual([
    "/company.pem",
    ...system,
  ]);
  for (const path of system) expect(systemCertificateAuthorities({ SSL_CERT_FILE: path })).toEqual(system);
});

test("the built-in authorities count only where the machine has none of its own", async () => {
  using directory = temporaryDirectory();
  const company = join(directory.path, "company.pem");
  await Bun.write(company, rootCertificates[0]!);
  expect(await loadCertificateAuthorities([company])).toEqual([rootCertificates[0]!, ...rootCertificates]);
  const system = systemCertificateAuthorities({ SSL_CERT_FILE: company });
  const all = await loadCertificateAuthorities(system);
  if (system.length > 1) expect(all).toEqual(await Promise.all(system.map((path) => Bun.file(path).text())));
  else expect(all).toEqual([rootCertificates[0]!, ...rootCertificates]);
});
