import { expect, test } from "bun:test";
import { systemCertificateAuthorities } from "../../../src/registry/certificate-authorities.ts";

test("SSL_CERT_FILE names the only file", () => {
  expect(systemCertificateAuthorities({ SSL_CERT_FILE: "/company.pem" })).toEqual(["/company.pem"]);
});

test("without it there is at most the one file of the distribution", () => {
  for (const env of [{}, { SSL_CERT_FILE: "" }]) {
    const paths = systemCertificateAuthorities(env);
    expect(paths.length).toBeLessThanOrEqual(1);
    for (const path of paths) expect(path).toStartWith("/etc/");
  }
});
