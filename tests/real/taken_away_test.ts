/**
 * A temporary file that is taken away under its writer (swept by somebody who gave an age, cleaned up by a script): what
 * can be written again is staged once more and lands; what cannot says so, and changes nothing.
 */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { byEffort } from "../support/effort.ts";
import { hookedRuntime } from "../support/hooked_runtime.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { readVersion } from "../support/versions.ts";
import { outcomeOf } from "./outcome.ts";
import { listen, signal, temporaryFiles, withProcesses } from "./processes.ts";
import { content, ways } from "./ways.ts";
import { skip } from "../support/skip.ts";

const repeatable = ["writeFile", "writeFileSync", "copyFile", "copyFileSync"];

/** A runtime under which the temporary file is gone before each of the first `times` commits. */
function thief(times: number) {
  let left = times;
  const steal = (path: string) => {
    if (left-- > 0) fs.rmSync(path);
  };
  return hookedRuntime({
    rename: (real, from, to) => (steal(from), real.rename(from, to)),
    link: (real, from, to) => (steal(from), real.link(from, to)),
  });
}

describe("a temporary file is taken away before the commit", () => {
  for (const [way, write] of Object.entries(ways)) {
    for (const ifExists of ["replace", "fail"] as const) {
      it(`${way}, ifExists: ${ifExists}`, async () => {
        await withTemporaryDirectory(async (directory) => {
          const file = join(directory, "file");
          if (ifExists === "replace") fs.writeFileSync(file, "good");
          const before = fs.readdirSync(directory);
          const attempt = (times: number) =>
            outcomeOf(() => write(file, content(200_000), { ifExists, runtime: thief(times) }));

          const hopeless = await attempt(Infinity);
          const { code, targetState, leftBehind, cleanupErrors } = hopeless.failure ?? {};
          assertEquals(
            { code, targetState, leftBehind, cleanupErrors },
            { code: "ENOENT", targetState: "unchanged", leftBehind: [], cleanupErrors: 0 },
          );
          assertEquals(fs.readdirSync(directory), before);
          // What comes out of a stream cannot be staged once more.
          if (repeatable.includes(way)) {
            const { result, failure } = await attempt(2);
            assertEquals(failure, undefined);
            assertEquals(result?.bytesWritten, 200_000);
            assertEquals(fs.readdirSync(directory), ["file"]);
            assert(fs.readFileSync(file).equals(content(200_000)));
          }
        });
      });
    }
  }
});

describe("a thief takes temporary files of a stopped process", () => {
  for (const way of ["writeFile", "writeFileSync", "copyFile"]) {
    it(way, async (t) => {
      if (process.platform === "win32") return skip(t, "Windows stops no process by a signal");
      await withProcesses(async (directory, spawn) => {
        const file = join(directory, "file");
        // A mode that the umask narrows: there is more to do with the temporary file, by name on one runtime.
        const args = [file, "robbed", "0", way, JSON.stringify({ mode: 0o666 })];
        const script = spawn("tests/real/scripts/write_versions.ts", args);
        const heard = listen(script.child);
        assert(await heard.seen(/^done 2$/), "the writer must run");
        let stolen = 0;
        const wanted = byEffort({ quick: 3, normal: 10, long: 200 });
        for (let tries = 0; stolen < wanted && tries < wanted * 100 && script.child.exitCode === null; tries++) {
          signal(script, "SIGSTOP");
          const found = temporaryFiles(directory);
          for (const path of found) fs.rmSync(path, { force: true });
          signal(script, "SIGCONT");
          stolen += found.length;
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
          if (found.length === 0) continue;
          // One write may lose its file three times; the next theft waits until it is through.
          const next = heard.text.trim().split("\n").filter((line) => line.startsWith("done")).length + 2;
          await heard.seen(new RegExp(`^done ${next}$`));
        }
        signal(script, "SIGKILL");
        const { signal: cause, stderr } = await script.status;
        assertEquals({ cause, stderr }, { cause: "SIGKILL", stderr: "" });
        assert(stolen > 0, "no temporary file was ever seen");
        readVersion(fs.readFileSync(file));
      });
    });
  }
});
