/**
 * The recipes for operators, run as the program they are for runs them: certbot's hook, acme.sh's reload command, a line of
 * cron, a unit of systemd. Only the paths in them are others, and the servers are asked, but not running.
 */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { inShell, text } from "../cli/command.ts";
import { execute, Unavailable } from "../support/programs.ts";
import { haproxyConfiguration, nginxFrame, withCertificates } from "../support/server_programs.ts";
import { skip } from "../support/skip.ts";
import { scriptCommand } from "../support/spawn.ts";
import { notEmpty } from "../support/tally.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

const recipes = new URL("../../examples/recipes/", sourceRoot());

/** Where this file is, or was compiled from. */
function sourceRoot(): string {
  return import.meta.url.replace("/build/out/", "/");
}

/** A recipe in which every path of the system is one below a directory of the test. */
function recipe(name: string, directory: string): string {
  const check = scriptCommand("examples/staged_configuration.ts", []).map((word) => JSON.stringify(word)).join(", ");
  const system = /(?<![\w./-])\/(etc|var\/lib|run\/lock|srv|usr\/local\/bin)\b/g;
  return fs.readFileSync(new URL(name, recipes), "utf8")
    .replace('"node", "/usr/local/lib/atomic-write/examples/staged_configuration.ts"', () => check)
    .replace(system, `${directory}/$1`);
}

/** A program that notes how it was called. Of what it is asked and not told, the real one answers. */
function program(bin: string, name: string, noted: RegExp): void {
  const real = (process.env["PATH"] ?? "").split(":").map((place) => join(place, name)).find((path) =>
    fs.existsSync(path)
  );
  const script = `#!/bin/sh
echo "$*" | grep -Eq -e '${noted.source}' || exec ${real ?? "false"} "$@"
echo "${name} $*" >> "${bin}/calls"
test ! -e "${bin}/refuse-${name}" || { rm "${bin}/refuse-${name}"; echo refused >&2; exit 1; }
`;
  fs.writeFileSync(join(bin, name), script, { mode: 0o755 });
}

/** Directories of the system that recipes name. */
function system(directory: string, ...names: string[]): string {
  for (const name of [...names, "usr/local/bin"]) fs.mkdirSync(join(directory, name), { recursive: true });
  return join(directory, "usr/local/bin");
}

const calls = (bin: string): string[] =>
  fs.existsSync(join(bin, "calls")) ? text(bin, "calls").trimEnd().split("\n") : [];

test("certbot's hook puts key and certificate in place, both or neither, and nginx is reloaded", async (t) => {
  await withCertificates(t, [["nginx", "-v"]], async (directory, good, other) => {
    const bin = system(directory, "etc/nginx/tls", "etc/letsencrypt/live/example.org");
    const live = join(directory, "etc/letsencrypt/live/example.org");
    const renew = (from: string, certificate = text(from, "certificate.pem")) => {
      fs.copyFileSync(join(from, "key.pem"), join(live, "privkey.pem"));
      fs.writeFileSync(join(live, "fullchain.pem"), certificate);
    };
    const tls = join(directory, "etc/nginx/tls");
    const installed = () => ["key", "pem"].map((part) => text(tls, `example.org.${part}`));
    const certificates = (from: string) => [text(from, "key.pem"), text(from, "certificate.pem")];
    for (
      const [part, content] of notEmpty(Object.entries({ key: certificates(good)[0], pem: certificates(good)[1] }))
    ) {
      fs.writeFileSync(join(tls, `example.org.${part}`), content ?? "");
    }
    const site = `server { listen 127.0.0.1:4433 ssl;
      ssl_certificate ${tls}/example.org.pem; ssl_certificate_key ${tls}/example.org.key; }`;
    fs.writeFileSync(join(directory, "etc/nginx/nginx.conf"), nginxFrame(directory, site));
    program(bin, "nginx", /-s reload/);
    const hook = recipe("certbot-deploy-hook", directory);
    const run = () => inShell(directory, `PATH=${bin}:$PATH; ${hook}`, { env: { RENEWED_LINEAGE: live } });

    renew(other, "no certificate");
    const refused = await run();
    assertEquals([refused.code, installed(), calls(bin)], [65, certificates(good), []], refused.stderr);
    renew(other);
    fs.writeFileSync(join(bin, "refuse-nginx"), "");
    const failed = await run();
    assertEquals([failed.code, installed()], [90, certificates(good)], failed.stderr);
    assertEquals(calls(bin), ["nginx -s reload", "nginx -s reload"]);
    const done = await run();
    assertEquals([done.code, installed(), calls(bin).length], [0, certificates(other), 3], done.stderr);
    assertEquals((fs.statSync(join(tls, "example.org.key")).mode & 0o777).toString(8), "600");
  });
});

test("acme.sh's reload command puts one file in place for HAProxy, with its lock elsewhere", async (t) => {
  await withCertificates(t, [["haproxy", "-v"]], async (directory, good, other) => {
    const bin = system(directory, "etc/haproxy/certs", "var/lib/acme", "run/lock/haproxy");
    const certs = join(directory, "etc/haproxy/certs");
    const both = (from: string) => text(from, "certificate.pem") + text(from, "key.pem");
    fs.writeFileSync(join(certs, "example.org.pem"), both(good));
    fs.writeFileSync(
      join(directory, "etc/haproxy/haproxy.cfg"),
      haproxyConfiguration(join(certs, "example.org.pem")),
    );
    program(bin, "systemctl", /^reload haproxy$/);
    const issue = (from: string, key = text(from, "key.pem")) => {
      fs.writeFileSync(join(directory, "var/lib/acme/example.org.key"), key);
      fs.copyFileSync(join(from, "certificate.pem"), join(directory, "var/lib/acme/example.org.pem"));
    };
    const run = () =>
      inShell(directory, `PATH=${bin}:$PATH; set -- example.org; ${recipe("acme-reload-command", directory)}`);

    issue(other, "no key");
    const refused = await run();
    assertEquals([refused.code, text(certs, "example.org.pem"), calls(bin)], [65, both(good), []], refused.stderr);
    issue(other);
    const done = await run();
    assertEquals([done.code, text(certs, "example.org.pem")], [0, both(other)], done.stderr);
    assertEquals(calls(bin), ["systemctl reload haproxy"]);
    // HAProxy reads every name that does not begin with a dot.
    assertEquals(fs.readdirSync(certs).filter((name) => !name.startsWith(".")), ["example.org.pem"]);
    assertEquals(fs.readdirSync(join(directory, "run/lock/haproxy")).length, 1);
  });
});

test("cron's line replaces the page when the report has succeeded, and is left out while one is being made", async () => {
  await withTemporaryDirectory(async (created) => {
    const directory = fs.realpathSync(created);
    const bin = system(directory, "srv/www");
    const page = join(directory, "srv/www/report.html");
    fs.writeFileSync(page, "old");
    const lines = recipe("report.cron", directory).split("\n");
    const path = lines.find((line) => line.startsWith("PATH=")) ?? "";
    const [job = ""] = lines.filter((line) => line.includes("atomic-write update"));
    // Five fields of time, and the user.
    const command = job.split(" ").slice(6).join(" ");
    assert(command.startsWith("atomic-write update"), command);
    const report = (script: string) =>
      fs.writeFileSync(join(bin, "make-report"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const run = () => inShell(directory, `${path}:$PATH; ${command}`);

    report("echo half; exit 3");
    assertEquals([(await run()).code, fs.readFileSync(page, "utf8")], [3, "old"]);
    report("echo new");
    assertEquals([(await run()).code, fs.readFileSync(page, "utf8")], [0, "new\n"]);
    report("exit 7");
    const held = `atomic-write lock ${page} -- sh -c '${command.replaceAll("'", `'\\''`)}'`;
    const during = await inShell(directory, `${path}:$PATH; ${held}`);
    assertEquals([during.code, fs.readFileSync(page, "utf8")], [0, "new\n"], during.stderr);
  });
});

test("systemd's unit completes an interrupted deployment before the service starts", async (t) => {
  await withTemporaryDirectory(async (created) => {
    const directory = fs.realpathSync(created);
    const tls = join(directory, "etc/nginx/tls");
    system(directory, "etc/nginx/tls");
    const unit = recipe("atomic-write-recover.service", directory);
    const [, words = ""] = /^ExecStart=\S+\/atomic-write (.*)$/m.exec(unit) ?? [];
    assert(words.startsWith("recover "), words);
    const plan = {
      files: [{ path: "a.key", content: "new key" }, { path: "a.pem", content: "new certificate" }],
      activate: ["sh", "-c", "kill -9 $PPID"],
    };
    fs.writeFileSync(join(tls, "plan.json"), JSON.stringify(plan));
    for (const name of ["a.key", "a.pem"]) fs.writeFileSync(join(tls, name), "old");
    const killed = await inShell(tls, "atomic-write deploy plan.json");
    assert(killed.code !== 0, "it was not killed");
    const found = await inShell(tls, `atomic-write recover ${tls}`);
    assertEquals(found.code, 91, found.stderr);
    const started = await inShell(directory, `atomic-write ${words}`);
    assertEquals(
      [started.code, text(tls, "a.key"), text(tls, "a.pem")],
      [0, "new key", "new certificate"],
      started.stderr,
    );
    assertEquals((await inShell(tls, `atomic-write recover ${tls}`)).code, 0);

    try {
      const file = join(directory, "atomic-write-recover.service");
      fs.writeFileSync(file, unit.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"));
      const { output } = execute("systemd-analyze", ["verify", "--man=no", file]);
      assertEquals(output.split("\n").filter((line) => line.includes("atomic-write-recover")), []);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      skip(t, error.message);
    }
  });
});
