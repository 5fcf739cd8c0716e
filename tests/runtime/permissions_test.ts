/**
 * The seam with few rights: Deno with nothing but `--allow-read=DIR --allow-write=DIR`, Deno at a terminal (where it
 * would ask the user), and every runtime as a user who is not root.
 */
import { assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { asUser } from "../support/other_user.ts";
import { skip } from "../support/skip.ts";
import { runtimes, scriptCommand, type ScriptStatus, spawnProgram, spawnScript } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

const script = "tests/runtime/scripts/scoped.ts";

const used = { "use 600": "2640", "use 200": "2640", "use 0": "2640", "use 444": "2640", "names": "three" };

const refused = [
  "create",
  "open",
  "open",
  "openDirectory",
  "stat",
  "linkStat",
  "readLink",
  "readDirectory",
  "makeDirectory",
  "rename",
  "link",
  "remove",
  "removeDirectory",
].map((call) => `${call}: ENOTCAPABLE`);

/** What Deno does with permissions for one directory only. */
function scoped() {
  const calls = { ...used, symbolicLink: "symbolicLink: ENOTCAPABLE", removed: false, outside: refused };
  const host = {
    owner: null,
    host: null,
    facts: null,
    liveness: "unknown",
    root: [null, null],
    workingDirectory: process.cwd(),
  };
  return { async: calls, sync: calls, process: host };
}

function parsed({ code, stdout, stderr }: ScriptStatus): unknown {
  assertEquals(code, 0, stderr + stdout);
  return JSON.parse(stdout);
}

describe("few rights", () => {
  it("Deno needs permissions for the directory only, and fails where others are missing", (t) =>
    withTemporaryDirectory(async (directory) => {
      if (!runtimes().includes("deno")) return skip(t, "needs Deno");
      const permissions = [`--allow-read=${directory}`, `--allow-write=${directory}`];
      const { status } = spawnScript(script, [directory], { runtime: "deno", permissions });
      assertEquals(parsed(await status), scoped());
      assertEquals(fs.readdirSync(directory), []);
    }));

  it("Deno at a terminal never asks", (t) =>
    withTemporaryDirectory(async (directory) => {
      if (!runtimes().includes("deno")) return skip(t, "needs Deno");
      if (spawnSync("script", ["--version"]).status !== 0) return skip(t, "needs the program script (util-linux)");
      const permissions = [`--allow-read=${directory}`, `--allow-write=${directory}`];
      const command = scriptCommand(script, [directory], { runtime: "deno", permissions })
        .filter((word) => word !== "--no-prompt")
        .map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
      // A question that nobody answers would wait forever.
      const { status } = spawnProgram(["timeout", "60", "script", "-qec", command.join(" "), "/dev/null"]);
      assertEquals(parsed(await status), scoped());
    }));

  for (const runtime of runtimes()) {
    it(`${runtime} as a user who is not root`, (t) =>
      asUser(t, 65534, (as) =>
        withTemporaryDirectory(async (directory) => {
          fs.chownSync(directory, 65534, 65534);
          const permissions = [`--allow-read=${directory}`, `--allow-write=${directory}`];
          const { status } = spawnScript(script, [directory], { runtime, permissions, ...as });
          const outcome = parsed(await status) as Record<"async" | "sync", Record<string, unknown>>;
          for (const fileSystem of ["async", "sync"] as const) {
            for (const [name, value] of Object.entries(used)) assertEquals(outcome[fileSystem][name], value, name);
          }
          assertEquals(fs.readdirSync(directory), []);
        })));
  }
});
