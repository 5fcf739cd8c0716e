/**
 * Deploys a certificate to a running nginx. Its key, itself and its chain change together; nginx is asked before, and
 * reloaded after; when it then does not serve the new certificate, everything is put back. Doing it again, however
 * often, does nothing.
 *
 *     deno run -A examples/certificate_deploy.ts /etc/nginx/nginx.conf 443 new-certificate/ /etc/nginx/tls/
 *
 * The three files may be symlinks, as in certbot's `live/`, and a file that the configuration includes may name them.
 */
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { connect } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { applyFiles, type ApplyResult } from "../src/transaction/mod.ts";
import { checkNginx } from "./staged_configuration.ts";

/** Which nginx, its port on this machine, and where its `key.pem`, `certificate.pem` and `chain.pem` are. */
export type Site = { configuration: string; port: number; directory: string };

const run = promisify(execFile);

/** The fingerprint of the certificate that is served now. */
function served(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    // Which one it is is the question, not who vouches for it.
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

/** Reloads nginx, and waits until it serves what is in the file: it reloads in the background. */
async function reload({ configuration, port, directory }: Site): Promise<void> {
  await run("nginx", ["-s", "reload", "-c", configuration]);
  const { fingerprint256 } = new X509Certificate(await readFile(`${directory}/certificate.pem`));
  for (const end = Date.now() + 30_000; await served(port) !== fingerprint256; await sleep(20)) {
    if (Date.now() > end) throw new Error("nginx still serves another certificate");
  }
}

/** Puts the three files of the directory `from` in place. Without `validate` nginx is not asked before. */
export async function deployCertificate(site: Site, from: string, { validate = true } = {}): Promise<ApplyResult> {
  const files = ["key.pem", "certificate.pem", "chain.pem"].map(async (name) => ({
    path: `${site.directory}/${name}`,
    data: await readFile(`${from}/${name}`),
    defaults: { mode: name === "key.pem" ? 0o600 : 0o644 },
  }));
  return await applyFiles({
    files: await Promise.all(files),
    ...validate ? { validate: (staged) => checkNginx(site.configuration, staged) } : {},
    activate: () => reload(site),
  });
}

// Node knows `main` from 24.2 on: https://nodejs.org/api/esm.html#importmetamain
if ((import.meta as { main?: boolean }).main) {
  const [configuration, port, from, directory] = process.argv.slice(2);
  if (configuration === undefined || from === undefined || directory === undefined || !(Number(port) > 0)) {
    console.error("Usage: certificate_deploy.ts NGINX_CONFIGURATION PORT NEW_CERTIFICATE_DIRECTORY DIRECTORY");
    process.exit(64);
  }
  try {
    const { changed } = await deployCertificate({ configuration, port: Number(port), directory }, from);
    console.log(changed ? "deployed" : "nothing to do");
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
