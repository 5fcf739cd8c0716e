/** The example does what it says, with a real nginx: one reload for a thousand deployments, and back when it must. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as fs from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { deployCertificate, type Site } from "../../examples/certificate_deploy.ts";
import { ActivationError, ValidationError } from "../../mod.ts";
import { byEffort } from "../support/effort.ts";
import { makeCertificate } from "../support/certificates.ts";
import { missingProgram } from "../support/server_programs.ts";
import { skip } from "../support/skip.ts";
import { currentRuntime, spawnProgram } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

const names = ["key.pem", "certificate.pem", "chain.pem"];

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

function configure(directory: string, site: Site): void {
  const [key, certificate, chain] = names.map((name) => join(site.directory, name));
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  fs.writeFileSync(
    site.configuration,
    `daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log ${directory}/error.log notice;
    events {}
    http {
      access_log off;
      ${kinds.map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(" ")}
      server {
        listen 127.0.0.1:${site.port} ssl;
        ssl_certificate ${certificate}; ssl_certificate_key ${key}; ssl_trusted_certificate ${chain};
      }
    }`,
  );
}

/** Runs with an nginx on loopback; undefined where the port was taken by somebody in the moment between. */
async function withServer<T>(directory: string, run: (site: Site) => Promise<T>): Promise<T | undefined> {
  const site = {
    configuration: join(directory, "nginx.conf"),
    port: await freePort(),
    directory: join(directory, "tls"),
  };
  configure(directory, site);
  const arguments_ = ["-e", join(directory, "error.log"), "-c", site.configuration] as const;
  const { child, status } = spawnProgram(["nginx", ...arguments_], { cwd: directory });
  try {
    while (!fs.existsSync(join(directory, "nginx.pid"))) {
      if (child.exitCode !== null) {
        const { stderr } = await status;
        if (stderr.includes("Address already in use")) return undefined;
        throw new Error(stderr);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return await run(site);
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(child.pid, "SIGTERM");
    await status;
  }
}

test("a certificate is deployed to nginx once, refused when nginx refuses it, and rolled back", async (t) => {
  const missing = missingProgram([["nginx", "-v"]]);
  if (missing !== undefined) return skip(t, missing);
  await withTemporaryDirectory(async (directory) => {
    const [first = "", second = "", third = ""] = ["first", "second", "third"].map((name) =>
      makeCertificate(directory, name)
    );
    const tls = join(directory, "tls");
    fs.mkdirSync(tls);
    for (const name of names) fs.copyFileSync(join(first, name), join(tls, name));
    fs.chmodSync(join(tls, "key.pem"), 0o640);

    const inPlace = (from: string) => {
      for (const name of names) {
        assertEquals(fs.readFileSync(join(tls, name), "utf8"), fs.readFileSync(join(from, name), "utf8"), name);
      }
      assertEquals(fs.statSync(join(tls, "key.pem")).mode & 0o777, 0o640);
    };
    const reloads = () => fs.readFileSync(join(directory, "error.log"), "utf8").split("(SIGHUP) received").length - 1;
    const retries = currentRuntime === "deno" ? byEffort({ quick: 100, normal: 1000, long: 1000 }) : 100;

    const work = async (site: Site) => {
      // What nginx serves is what is in the file: else activating it would have failed.
      assertEquals((await deployCertificate(site, second)).changed, true);
      inPlace(second);
      for (let count = 0; count < retries; count++) {
        const { changed } = await deployCertificate(site, second);
        assertEquals(changed, false);
      }
      assertEquals(reloads(), 1, `after ${retries} retries`);

      fs.copyFileSync(join(first, "key.pem"), join(third, "key.pem"));
      const refused = await assertRejects(() => deployCertificate(site, third));
      assert(ValidationError.is(refused) && refused.message.includes("key values mismatch"), `${refused}`);
      inPlace(second);
      const failed = await assertRejects(() => deployCertificate(site, third, { validate: false }));
      assert(ActivationError.is(failed) && failed.targetState === "unchanged", `${failed}`);
      inPlace(second);
      // The failed reload never came to nginx; the one of what was restored did.
      assertEquals(reloads(), 2);
      assertEquals((await deployCertificate(site, first)).changed, true);
      inPlace(first);
      return true;
    };
    let served = false;
    for (let attempt = 0; attempt < 5 && !served; attempt++) {
      served = await withServer(directory, work) === true;
    }
    assert(served, "no port stays free here");
  });
});
