/**
 * Transactions of several real processes, killed and stopped at any moment: all files are of one version after the next
 * transaction or recovery; nobody waits for the dead, and nobody recovers the living.
 */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { applyFiles, recoverTransactions } from "../../src/transaction/mod.ts";
import { LockTimeoutError } from "../../mod.ts";
import { byEffort } from "../support/effort.ts";
import { currentRuntime, type RuntimeName, runtimes, type SpawnedScript } from "../support/spawn.ts";
import { makeVersion, readVersion, type Version } from "../support/versions.ts";
import { listen, signal, type Spawn, succeeded, withProcesses } from "../real/processes.ts";
import { caught } from "./support.ts";
import { notEmpty } from "../support/tally.ts";
import { skip } from "../support/skip.ts";

const onWindows = process.platform === "win32";
const script = "tests/transaction/scripts/apply_rounds.ts";

interface Rounds {
  count?: number;
  options?: Record<string, unknown>;
  runtime?: RuntimeName;
}

function applyRounds(
  spawn: Spawn,
  writer: string,
  paths: readonly string[],
  { count = 0, options = {}, runtime }: Rounds,
): SpawnedScript {
  return spawn(script, [writer, String(count), JSON.stringify(options), ...paths], { runtime });
}

/** The one version that all files are. */
function versionOf(paths: readonly string[]): Version {
  const found = paths.map((path) => readVersion(fs.readFileSync(path)));
  for (const each of notEmpty(found)) assertEquals(each, found[0], JSON.stringify(found));
  return found[0] as Version;
}

const left = (directory: string): string[] =>
  fs.readdirSync(directory).filter((name) => /\.(stage|marker)$|\.journal/.test(name));

const last = (text: string, word: string): number =>
  Number([...text.matchAll(new RegExp(`^${word} (\\d+)$`, "gm"))].at(-1)?.[1] ?? 0);

async function inTwoDirectories(
  run: (paths: string[], directories: string[], spawn: Spawn) => Promise<void>,
): Promise<void> {
  await withProcesses(async (directory, spawn) => {
    const directories = ["a", "b"].map((name) => join(directory, name));
    directories.forEach((path) => fs.mkdirSync(path));
    await run([0, 1, 2, 3].map((index) => join(directories[index % 2] ?? "", `f${index}`)), directories, spawn);
  });
}

describe("transactions of several processes", () => {
  it("over the same files take turns on every runtime, and readers never see a torn file", async () => {
    await inTwoDirectories(async (paths, directories, spawn) => {
      await applyFiles({ files: paths.map((path) => ({ path, data: makeVersion({ writer: "first", version: 0 }) })) });
      const [watched = ""] = paths;
      const readers = runtimes().map((runtime) => spawn("tests/real/scripts/read_versions.ts", [watched], { runtime }));
      // On a busy machine the writers could otherwise have ended before the first read.
      const reading = readers.map(({ child }) => listen(child).seen(/^reading$/));
      for (const began of reading) assert(await began, "a reader ended at once");
      const count = byEffort({ quick: 3, normal: 6, long: 60 });
      const writers = runtimes().map((runtime) =>
        applyRounds(spawn, `on-${runtime}`, paths, { count, runtime, options: { fail: true, sync: true } })
      );
      for (const writer of writers) await succeeded(writer);
      fs.writeFileSync(`${watched}.stop`, "");
      for (const reader of readers) {
        const { reads } = JSON.parse((await succeeded(reader)).split("\n")[1] ?? "");
        assert(reads > 0);
      }
      assert(versionOf(paths).writer.startsWith("on-"));
      for (const directory of notEmpty(directories)) assertEquals(left(directory), []);
    });
  });

  it("killed at any moment: the next transaction, or a recovery, puts it right", async (t) => {
    if (onWindows) return skip(t, "Windows has no such signals");
    await inTwoDirectories(async (paths, directories, spawn) => {
      // In full on one runtime: what is killed is the same protocol on each.
      const kills = byEffort({ quick: 3, normal: currentRuntime === "deno" ? 16 : 6, long: 500 });
      let repaired = 0;
      for (let round = 0; round < kills; round++) {
        const writer = `round${round}`;
        const options = { fail: round % 3 === 0, sync: round % 2 === 0, backup: round % 5 === 0 ? 0 : 3 };
        const victim = applyRounds(spawn, writer, paths, { options });
        const { child, status } = victim;
        const heard = listen(child);
        if (!await heard.seen(/^done 1$/)) assert(false, (await status).stderr);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
        signal(victim, "SIGKILL");
        const end = await status;
        assertEquals([end.signal, end.stderr], ["SIGKILL", ""]);

        const found = directories.map(left);
        if (found.some((names) => names.length > 0)) repaired++;
        if (round % 2 === 0) {
          for (const directory of notEmpty(directories)) {
            const { conflicts, kept } = await recoverTransactions(directory, { activate: () => {} });
            assertEquals([conflicts, kept], [[], []]);
          }
          const { version, writer: now } = versionOf(paths);
          assertEquals(now, writer);
          assert(version >= last(heard.text, "done"), `${version} is there, ${heard.text}`);
          assert(version <= last(heard.text, "begun"), `${version} is there, ${heard.text}`);
        } else {
          const files = paths.map((path) => ({ path, data: makeVersion({ writer: "after", version: round }) }));
          // Activating pays what the killed one owed: without that its journal would stay, to tell of the debt.
          const { recovered } = await applyFiles({ files, validate: () => void versionOf(paths), activate: () => {} });
          assertEquals([recovered.conflicts, recovered.kept], [[], []]);
          assertEquals(versionOf(paths), { writer: "after", version: round });
        }
        assertEquals(directories.map(left), [[], []], `round ${round}, after ${JSON.stringify(found)}`);
      }
      console.log(`${kills} kills, ${repaired} of them in the middle of a transaction`);
    });
  });

  it("stopped after its commit point: others wait for it, and do not recover it", async (t) => {
    if (onWindows) return skip(t, "Windows has no such signals");
    await inTwoDirectories(async (paths, directories, spawn) => {
      await applyFiles({ files: paths.map((path) => ({ path, data: makeVersion({ writer: "first", version: 0 }) })) });
      const stopped = applyRounds(spawn, "stopped", paths, { count: 1, options: { stop: true } });
      assert(await listen(stopped.child).seen(/^stopped$/));
      const before = directories.map((directory) => fs.readdirSync(directory).sort());

      for (const directory of notEmpty(directories)) {
        const { kept } = await recoverTransactions(directory);
        assertEquals(kept.map(({ reason }) => reason), ["alive"]);
      }
      const plan = { files: paths.map((path) => ({ path, data: makeVersion({ writer: "second", version: 1 }) })) };
      const impatient = await caught(() => applyFiles(plan, { lock: { timeout: 300 } }));
      assert(LockTimeoutError.is(impatient), `${impatient}`);
      assertEquals(directories.map((directory) => fs.readdirSync(directory).sort()), before);

      let done = false;
      const waiting = applyRounds(spawn, "second", paths, { count: 1 });
      const finished = succeeded(waiting).then(() => done = true);
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert(!done);
      // It stops before each of the four renames.
      const resume = setInterval(() => signal(stopped, "SIGCONT"), 20);
      try {
        await succeeded(stopped);
        await finished;
      } finally {
        clearInterval(resume);
      }
      assertEquals(versionOf(paths), { writer: "second", version: 1 });
      for (const directory of notEmpty(directories)) assertEquals(left(directory), []);
    });
  });
});
