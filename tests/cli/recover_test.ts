/** `atomic-write recover`: what it cannot do keeps it from nothing else, and hides nothing that was done. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { asUser } from "../support/other_user.ts";
import type { SpawnScriptOptions } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { atomicWrite, put, send, start, text, until } from "./command.ts";

const onWindows = process.platform === "win32";
const isJournal = (name: string) => name.includes(".journal");

/** What says something of a transaction: not the empty files that keep the names of its later states free. */
const recordsIn = (directory: string, place: string): string[] =>
  fs.readdirSync(join(directory, place))
    .filter((name) => name.startsWith(".transaction.") && text(directory, `${place}/${name}`) !== "");

/** Deploys files, by their paths in the directory, and dies when they are in place, before they have taken effect. */
async function deployAndDie(directory: string, files: readonly string[], as: SpawnScriptOptions = {}): Promise<void> {
  const plan = {
    files: files.map((path) => ({ path, content: `new ${path}` })),
    activate: ["sh", "-c", "kill -9 $PPID"],
  };
  for (const path of files) fs.mkdirSync(join(directory, path, ".."), { recursive: true });
  if (as.wrapper !== undefined) { for (const path of files) fs.chownSync(join(directory, path, ".."), 65_534, 65_534); }
  put(directory, "plan.json", JSON.stringify({ ...plan }));
  const { code, stderr } = await atomicWrite(directory, ["deploy", "plan.json"], as);
  assert(code !== 0 && stderr === "", stderr);
}

describe("atomic-write recover", { skip: onWindows && "needs a shell" }, () => {
  it("goes on after a directory that cannot be listed or changed, and tells what it did and what failed", async (t) => {
    await asUser(t, 65_534, async (as) => {
      await withTemporaryDirectory(async (directory) => {
        fs.chmodSync(directory, 0o755);
        const places = ["a", "b", "c", "d"];
        for (const place of places) await deployAndDie(directory, [`${place}/key`], as);
        fs.chmodSync(join(directory, "b"), 0o300);
        fs.chmodSync(join(directory, "c"), 0o555);
        const recover = (...args: string[]) => atomicWrite(directory, ["recover", "-r", ...args, "."], as);
        const first = await recover();
        // What is in c was in place already.
        const done = ["a", "c", "d"].map((place) => `finished ${join(directory, place, "key")}`);
        assertEquals([first.code, first.stdout.split("\n").slice(0, 3)], [77, done], first.stderr);
        assertEquals(
          first.stdout.match(/^may not have taken effect: .*\/[ad]\/\..*settled$/gm)?.length,
          2,
          first.stdout,
        );
        const failures = first.stderr.trimEnd().split("\n");
        assertEquals(failures.map((line) => /^atomic-write: Cannot recover "(.*)":.* \(EACCES\);/.exec(line)?.[1]), [
          join(directory, "b"),
          join(directory, "c"),
        ], first.stderr);

        const quiet = await recover("-q");
        assertEquals([quiet.code, quiet.stdout], [77, ""]);
        assertEquals(quiet.stderr.match(/may not have taken effect: /g)?.length, 2, quiet.stderr);
        assertEquals(quiet.stderr.match(/Cannot recover /g)?.length, 2, quiet.stderr);

        const forMachines = await recover("--json", "--activate", "true");
        const { activated, error, errors } = JSON.parse(forMachines.stdout);
        assertEquals([forMachines.code, activated.length, error, errors.length], [77, 2, errors[0], 2]);
        assertEquals([error.code, error.path], ["EACCES", join(directory, "b")]);

        for (const place of places) fs.chmodSync(join(directory, place), 0o755);
        const last = await recover("--activate", "true");
        assertEquals([last.code, last.stderr], [0, ""]);
        assertEquals(places.flatMap((place) => fs.readdirSync(join(directory, place)).filter(isJournal)), []);
      });
    });
  });

  it("91: tells what was done before an activation failed", async () => {
    await withTemporaryDirectory(async (directory) => {
      for (const place of ["a", "b"]) await deployAndDie(directory, [`${place}/key`]);
      const once = JSON.stringify(["sh", "-c", "test ! -e ran || exit 1; touch ran"]);
      const { code, stdout, stderr } = await atomicWrite(directory, ["recover", "-r", "--activate", once, "."]);
      assertEquals([code, stdout.match(/^finished /gm)?.length], [91, 2], stdout);
      assertEquals(stdout.match(/^activated .*\/a\/\./gm)?.length, 1, stdout);
      assert(stderr.includes("(EACTIVATE); what is in place stays\n"), stderr);
    });
  });

  it("quotes what it has activated if the name would drive a terminal or be taken for two lines", async () => {
    await withTemporaryDirectory(async (directory) => {
      await deployAndDie(directory, ["a\nactivated b\u001b[2J/key"]);
      const { code, stdout } = await atomicWrite(directory, ["recover", "-r", "--activate", "true", "."]);
      assertEquals([code, stdout.match(/^activated "/gm)?.length], [0, 1], stdout);
      assert(!stdout.includes("\nactivated b") && !stdout.includes("\u001b"), stdout);
    });
  });

  it("tells what was done before a signal ended it, and ends by that", async () => {
    await withTemporaryDirectory(async (directory) => {
      for (const place of ["a", "b"]) await deployAndDie(directory, [`${place}/key`]);
      const slow = JSON.stringify(["sh", "-c", "touch running; until test -e go; do sleep 0.05; done"]);
      const { child, status } = start(directory, ["recover", "-r", "--json", "--activate", slow, "."]);
      await until(() => fs.existsSync(join(directory, "running")));
      send(child, "SIGTERM");
      // The signal has to come before the program ends.
      await new Promise((resolve) => setTimeout(resolve, 500));
      put(directory, "go", "");
      const ended = await status;
      const { finished, activated, error } = JSON.parse(ended.stdout);
      assertEquals([ended.code, ended.signal], [null, "SIGTERM"]);
      assertEquals([finished, activated.length], [[join(directory, "a/key")], 1]);
      assertEquals([error.code, error.targetState], ["SIGTERM", "unknown"]);
      assertEquals(recordsIn(directory, "b").filter(isJournal).length, 1);
    });
  });

  it("--quiet tells on standard error why the status is not 0, once", async () => {
    await withTemporaryDirectory(async (directory) => {
      await deployAndDie(directory, ["a/key", "a/chain"]);
      put(directory, "a/chain", "by hand");
      const conflict = await atomicWrite(directory, ["recover", "-q", "a"]);
      assertEquals([conflict.code, conflict.stdout, text(directory, "a/key")], [2, "", "new a/key"]);
      const lines = conflict.stderr.trimEnd().split("\n");
      assertEquals([lines.length, lines[0]], [
        2,
        `atomic-write: left alone ${join(directory, "a/chain")}: it is neither the old nor the new file`,
      ]);
      const owed = await atomicWrite(directory, ["recover", "-q", "a"]);
      assertEquals([owed.code, /^atomic-write: may not have taken effect: .*\n$/.test(owed.stderr)], [91, true]);
      assertEquals((await atomicWrite(directory, ["recover", "-q", "--activate", "true", "a"])).stderr, "");
    });
  });

  it("75: names the directory that is missing and what helps, and deploying names this command", async () => {
    await withTemporaryDirectory(async (directory) => {
      await deployAndDie(directory, ["a/key", "b/chain"]);
      const isHome = (place: string) => fs.readdirSync(join(directory, place)).some(isJournal);
      const [home = "", other = ""] = isHome("a") ? ["a", "b"] : ["b", "a"];
      for (const [there, missing] of [[home, other], [other, home]] as const) {
        const [path, away] = [join(directory, missing), join(directory, "away")];
        fs.renameSync(path, away);
        const { code, stdout } = await atomicWrite(directory, ["recover", there]);
        const [name = ""] = recordsIn(directory, there);
        const names = join(directory, there, name.replace(/^(\.transaction\.\w+\.).*/, "$1*"));
        const start = `left alone ${join(directory, there, name)}: a directory that it uses is missing, `;
        assertEquals([code, stdout.startsWith(start), stdout.includes(`: "${path}"; `)], [75, true, true], stdout);
        assert(stdout.includes(`if it is gone for good, remove ${names} and recover again`), stdout);
        // Where only the marker is, nothing is left to be done, and so nothing is in the way.
        if (there === home) {
          fs.mkdirSync(path);
          const { stderr } = await atomicWrite(directory, ["deploy", "plan.json"]);
          assert(stderr.includes(`${name}"; run: atomic-write recover "${join(directory, there)}" (EBUSY); `), stderr);
          fs.rmSync(path, { recursive: true });
        }
        fs.renameSync(away, path);
      }
      fs.rmSync(join(directory, other), { recursive: true });
      const [journal = ""] = recordsIn(directory, home).filter(isJournal);
      fs.rmSync(join(directory, home, journal));
      assertEquals((await atomicWrite(directory, ["recover", "-r", "."])).code, 0);
      assertEquals(text(directory, home === "a" ? "a/key" : "b/chain").slice(0, 4), "new ");
    });
  });

  it("does not report what it kept in one directory and has settled from another", async () => {
    for (const more of [[], ["--activate", "true"]]) {
      await withTemporaryDirectory(async (directory) => {
        await deployAndDie(directory, ["a/key", "b/chain"]);
        const [journals] = ["a", "b"].filter((place) => fs.readdirSync(join(directory, place)).some(isJournal));
        assert(journals !== undefined);
        fs.renameSync(join(directory, journals), join(directory, "c"));
        for (const _ of [1, 2]) {
          const { code, stdout, stderr } = await atomicWrite(directory, ["recover", "-r", "--json", ...more, "."]);
          const { kept, needsActivation } = JSON.parse(stdout);
          assertEquals([code, kept, needsActivation.length], more.length > 0 ? [0, [], 0] : [91, [], 1], stderr);
        }
      });
    }
  });
});
