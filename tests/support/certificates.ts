/** Certificates for tests of programs that serve them; needs openssl(1). */
import * as fs from "node:fs";
import { join } from "node:path";
import { must } from "./programs.ts";

/** A key, a certificate for it and the one that has signed that, in a directory of their own. */
export function makeCertificate(directory: string, name: string): string {
  const folder = join(directory, name);
  fs.mkdirSync(folder);
  const at = (file: string) => join(folder, file);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  must("openssl", "req", "-x509", ...key, "-keyout", at("ca.key"), "-out", at("chain.pem"), "-subj", "/CN=The chain");
  must("openssl", "req", "-new", ...key, "-keyout", at("key.pem"), "-out", at("request"), "-subj", `/CN=${name}`);
  const signer = ["-CA", at("chain.pem"), "-CAkey", at("ca.key"), "-CAcreateserial"];
  must("openssl", "x509", "-req", "-in", at("request"), ...signer, "-out", at("certificate.pem"), "-days", "2");
  return folder;
}
