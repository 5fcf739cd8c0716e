/** What nginx and HAProxy say of staged certificates: the new ones are looked at, however the configuration names them. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkHaproxy, checkNginx, type Staged } from "../../examples/staged_configuration.ts";
import { ValidationError } from "../../mod.ts";
import { applyFiles } from "../../src/transaction/mod.ts";
import { answer, atomicWrite } from "../cli/command.ts";
import { haproxyConfiguration, nginxFrame, withCertificates } from "../support/server_programs.ts";
import { scriptCommand } from "../support/spawn.ts";
import { notEmpty } from "../support/tally.ts";

const parts = ["key.pem", "certificate.pem", "chain.pem"];

const server = ([key, certificate, chain]: readonly string[]) =>
  `server {
    listen 127.0.0.1:4433 ssl; # don't include key.pem;
    ssl_certificate "${certificate}"; ssl_certificate_key ${key}; ssl_trusted_certificate '${chain}';
  }`;

/** Puts a certificate where a site has its own; through symlinks, as certbot does, if asked for. */
function install(from: string, site: string, symlinks: boolean): void {
  fs.mkdirSync(site);
  const archive = join(site, "../archive");
  if (symlinks) fs.mkdirSync(archive);
  for (const name of parts) {
    fs.copyFileSync(join(from, name), join(symlinks ? archive : site, name));
    if (symlinks) fs.symlinkSync(`../archive/${name}`, join(site, name));
  }
}

/** The ways in which a configuration may name the files of a site; each makes nginx.conf. */
const layouts: Record<string, (directory: string, site: string) => void> = {
  "by full paths": (directory, site) => {
    fs.writeFileSync(
      join(directory, "nginx.conf"),
      nginxFrame(directory, server(parts.map((name) => join(site, name)))),
    );
  },
  "by relative paths": (directory) => {
    fs.writeFileSync(join(directory, "nginx.conf"), nginxFrame(directory, server(parts.map((name) => `site/${name}`))));
  },
  "through another symlink": (directory, site) => {
    fs.symlinkSync("site", join(directory, "alias"));
    const paths = parts.map((name) => join(site, "../alias", name));
    fs.writeFileSync(join(directory, "nginx.conf"), nginxFrame(directory, server(paths)));
  },
  "in an included file": (directory, site) => {
    fs.mkdirSync(join(directory, "sites"));
    fs.writeFileSync(join(directory, "sites/a.conf"), server(parts.map((name) => join(site, name))));
    fs.writeFileSync(join(directory, "sites/b.off"), "no configuration");
    fs.writeFileSync(join(directory, "nginx.conf"), nginxFrame(directory, "include sites/*.conf;"));
  },
};

const filesOf = (site: string, from: string, chain = fs.readFileSync(join(from, "chain.pem"), "utf8")) =>
  parts.map((name) => ({
    path: join(site, name),
    data: name === "chain.pem" ? chain : fs.readFileSync(join(from, name), "utf8"),
  }));

const damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

test("nginx is asked about the new certificate, however its configuration names it", async (t) => {
  await withCertificates(t, [["nginx", "-v"]], async (directory, good, other) => {
    for (const [layout, configure] of notEmpty(Object.entries(layouts))) {
      for (const symlinks of [false, true]) {
        const own = fs.mkdtempSync(join(directory, "layout-"));
        const site = join(own, "site");
        install(good, site, symlinks);
        configure(own, site);
        const validate = (staged: Staged) => checkNginx(join(own, "nginx.conf"), staged);
        const refused = await assertRejects(() => applyFiles({ files: filesOf(site, other, damaged), validate }));
        assert(ValidationError.is(refused) && /PEM|chain|SSL/.test(refused.message), `${layout}: ${refused}`);
        for (const name of parts) {
          assertEquals(fs.readFileSync(join(site, name)), fs.readFileSync(join(good, name)), layout);
        }
        assertEquals((await applyFiles({ files: filesOf(site, other), validate })).changed, true, layout);
        assertEquals(fs.lstatSync(join(site, "key.pem")).isSymbolicLink(), symlinks);
        assertEquals(fs.readdirSync(own).filter((name) => name.endsWith(".staged")), []);
      }
    }
  });
});

test("two sites of one nginx are deployed at once: the one with a bad chain is refused, the other one is not", async (t) => {
  await withCertificates(t, [["nginx", "-v"]], async (directory, good, other) => {
    const sites = ["a", "b"].map((name) => join(directory, name));
    for (const site of sites) install(good, site, false);
    const servers = sites.map((site) => server(parts.map((name) => join(site, name)))).join("\n");
    const configuration = join(directory, "nginx.conf");
    fs.writeFileSync(configuration, nginxFrame(directory, servers));
    // Neither asks before both have come to it.
    let waiting = 0;
    let go = () => {};
    const both = new Promise<void>((resolve) => go = resolve);
    const deploy = (site: string, chain?: string) =>
      applyFiles({
        files: filesOf(site, other, chain),
        validate: async (staged) => {
          if (++waiting === 2) go();
          await both;
          await checkNginx(configuration, staged);
        },
      });
    const [a, b] = await Promise.allSettled([deploy(sites[0] ?? "", damaged), deploy(sites[1] ?? "")]);
    assert(a?.status === "rejected" && ValidationError.is(a.reason), JSON.stringify(a));
    assertEquals(b?.status === "fulfilled" && b.value.changed, true, JSON.stringify(b));
  });
});

test("a configuration that names none of the files is refused: it would be checked with the old ones", async (t) => {
  await withCertificates(t, [["nginx", "-v"]], async (directory, good, other) => {
    const site = join(directory, "site");
    install(good, site, false);
    fs.writeFileSync(join(directory, "nginx.conf"), nginxFrame(directory, ""));
    const validate = (staged: Staged) => checkNginx(join(directory, "nginx.conf"), staged);
    const refused = await assertRejects(() => applyFiles({ files: filesOf(site, other), validate }));
    assert(ValidationError.is(refused) && refused.message.includes("names none of the files"), `${refused}`);
  });
});

test("HAProxy is asked about the new certificate, by the command's plan as by the library", async (t) => {
  await withCertificates(t, [["haproxy", "-v"]], async (directory, good, other) => {
    const bundle = (from: string, chain = fs.readFileSync(join(from, "chain.pem"), "utf8")) =>
      ["certificate.pem", "key.pem"].map((name) => fs.readFileSync(join(from, name), "utf8")).join("") + chain;
    fs.mkdirSync(join(directory, "archive"));
    fs.writeFileSync(join(directory, "archive/site.pem"), bundle(good));
    fs.symlinkSync("archive/site.pem", join(directory, "site.pem"));
    const configuration = join(directory, "haproxy.cfg");
    fs.writeFileSync(
      configuration,
      haproxyConfiguration(`${directory}/site.pem`),
    );
    const path = join(directory, "site.pem");
    const validate = (staged: Staged) => checkHaproxy(configuration, staged);
    const bad = [{ path, data: bundle(other, damaged) }];
    const refused = await assertRejects(() => applyFiles({ files: bad, validate }));
    assert(ValidationError.is(refused), `${refused}`);
    assertEquals(fs.readFileSync(path, "utf8"), bundle(good));

    const check = scriptCommand("examples/staged_configuration.ts", ["haproxy", "haproxy.cfg"]);
    const plan = (content: string) => JSON.stringify({ files: [{ path: "site.pem", content }], validate: check });
    fs.writeFileSync(join(directory, "plan.json"), plan(bundle(other, damaged)));
    const failed = await atomicWrite(directory, ["deploy", "plan.json"]);
    assertEquals([failed.code, fs.readFileSync(path, "utf8") === bundle(good)], [65, true], failed.stderr);
    fs.writeFileSync(join(directory, "plan.json"), plan(bundle(other)));
    assertEquals((await answer(directory, ["deploy", "plan.json"]))["changed"], true);
    assertEquals(fs.readFileSync(path, "utf8"), bundle(other));
  });
});
