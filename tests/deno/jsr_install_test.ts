/**
 * The command as `deno install --global jsr:@durable/atomic-write/cli` installs it, from a server on loopback that answers
 * as JSR does with what this checkout would publish. Whatever a command loads late has to be there once it is installed:
 * a machine without a network must be able to use every command for the first time.
 */
import { assertEquals } from "@std/assert";
import { walkSync } from "@std/fs";
import { join, relative } from "@std/path";
import { it } from "node:test";
import { mustExecute } from "../../scripts/process.ts";
import { ROOT } from "../../scripts/toolchain/folders.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { notEmpty } from "../support/tally.ts";

interface Config {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
}

function publishedFiles(): string[] {
  const source = walkSync(join(ROOT, "src"), { exts: [".ts"], includeDirs: false });
  return ["mod.ts", "cli.ts", ...Array.from(source, ({ path }) => relative(ROOT, path).replaceAll("\\", "/"))];
}

async function checksum(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return `sha256-${new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex()}`;
}

/** What JSR answers, by path: the versions, the manifest of the one there is, and its files. */
async function answers({ name, version, exports }: Config): Promise<Map<string, Uint8Array<ArrayBuffer> | string>> {
  const found = new Map<string, Uint8Array<ArrayBuffer> | string>();
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const path of notEmpty(publishedFiles())) {
    const bytes = Deno.readFileSync(join(ROOT, path));
    manifest[`/${path}`] = { size: bytes.length, checksum: await checksum(bytes) };
    found.set(`/${name}/${version}/${path}`, bytes);
  }
  found.set(`/${name}/meta.json`, JSON.stringify({ name, latest: version, versions: { [version]: {} } }));
  found.set(`/${name}/${version}_meta.json`, JSON.stringify({ manifest, exports }));
  return found;
}

it("deno install of ./cli fetches every command, and the network is not needed afterwards", async () => {
  await withTemporaryDirectory(async (directory) => {
    const config = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json"))) as Config;
    const served = await answers(config);
    const asked = new Set<string>();
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      const { pathname } = new URL(request.url);
      asked.add(pathname);
      const body = served.get(pathname);
      return body === undefined ? new Response("not here", { status: 404 }) : new Response(body);
    });
    const environment = {
      DENO_DIR: join(directory, "cache"),
      JSR_URL: `http://127.0.0.1:${server.addr.port}/`,
      // The installed command starts `deno` by its name.
      PATH: `${join(Deno.execPath(), "..")}:${Deno.env.get("PATH") ?? ""}`,
    };
    const install = ["install", "--global", "--allow-all", "--quiet", `--root=${directory}`, "--name=atomic-write"];
    try {
      await mustExecute(Deno.execPath(), [...install, `jsr:${config.name}@${config.version}/cli`], {
        directory,
        environment,
      });
    } finally {
      await server.shutdown();
    }
    const prefix = `/${config.name}/${config.version}/`;
    const late = [...served.keys()].filter((path) => path.startsWith(`${prefix}src/cli/`));
    assertEquals(notEmpty(late).filter((path) => !asked.has(path)), []);

    const command = join(directory, "bin", "atomic-write");
    const run = (...args: string[]) => mustExecute(command, args, { directory, environment });
    assertEquals((await run("--version")).trim(), `atomic-write ${config.version}`);
    await run("copy", "bin/atomic-write", "copied");
    assertEquals(Deno.readTextFileSync(join(directory, "copied")), Deno.readTextFileSync(command));
    await run("store", "put", "objects", "copied");
  });
});
