/**
 * Many processes, all runtimes, one path: every reader sees one whole version at any moment, nobody fails, nothing is
 * left. Also from two pid namespaces in which both processes have the pid 1, and for a file that only one may create.
 */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { mostlyOnDeno } from "../support/effort.ts";
import { cannotUnshare } from "../support/namespaces.ts";
import { skip } from "../support/skip.ts";
import { runtimes, type SpawnedScript, type SpawnScriptOptions } from "../support/spawn.ts";
import { makeVersion, readVersion } from "../support/versions.ts";
import type { Outcome } from "./outcome.ts";
import {
  inOwnNamespace,
  listen,
  makeOld,
  signal,
  type Spawn,
  succeeded,
  sweepElsewhere,
  temporaryFiles,
  withProcesses,
} from "./processes.ts";
import { ways } from "./ways.ts";
import { notEmpty } from "../support/tally.ts";

/** One of the runtimes, in turn. */
const runtimeAt = (index: number) => runtimes()[index % runtimes().length];

/** Lets writers write, with readers beside them, and checks everything that must hold. */
async function writeTogether(
  spawn: Spawn,
  file: string,
  writers: readonly { way: string; options: SpawnScriptOptions }[],
  count: number,
  more = {},
): Promise<void> {
  fs.writeFileSync(file, makeVersion({ writer: "first", version: 1 }));
  const readers = runtimes().map((runtime) => spawn("tests/real/scripts/read_versions.ts", [file], { runtime }));
  // On a busy machine the writers could otherwise have ended before the first read.
  const reading = readers.map(({ child }) => listen(child).seen(/^reading$/));
  for (const began of reading) assert(await began, "a reader ended at once");
  const writing = writers.map(({ way, options }, index) =>
    spawn(
      "tests/real/scripts/write_versions.ts",
      [file, `w${index}`, String(count), way, JSON.stringify(more)],
      options,
    )
  );
  try {
    for (const output of notEmpty(await Promise.all(writing.map(succeeded)))) {
      assert(output.includes(`done ${count}\n`));
    }
  } finally {
    fs.writeFileSync(`${file}.stop`, "");
    for (const output of await Promise.all(readers.map(succeeded))) {
      const { reads, versions } = JSON.parse(output.split("\n")[1] ?? "");
      assert(reads > 0 && versions > 0, output);
    }
  }
  // Whoever came last wrote his last version last.
  assertEquals(readVersion(fs.readFileSync(file)).version, count);
}

describe("one path, eight processes", () => {
  it("on all runtimes, in every way", async () => {
    await withProcesses(async (directory, spawn) => {
      const file = join(directory, "file");
      const names = Object.keys(ways);
      const writers = Array.from({ length: 8 }, (_, index) => ({
        way: names[index % names.length] ?? "",
        options: { runtime: runtimeAt(index) },
      }));
      await writeTogether(spawn, file, writers, mostlyOnDeno({ quick: 20, normal: 40, long: 500 }));
      assertEquals(fs.readdirSync(directory).sort(), ["file", "file.stop"]);
    });
  });

  it("while each keeps backups, which are whole versions", async () => {
    await withProcesses(async (directory, spawn) => {
      const file = join(directory, "file");
      const writers = Array.from({ length: 4 }, (_, index) => ({
        way: index % 2 === 0 ? "writeFile" : "writeFileSync",
        options: { runtime: runtimeAt(index) },
      }));
      await writeTogether(spawn, file, writers, mostlyOnDeno({ quick: 10, normal: 20, long: 300 }), { backup: 3 });
      const backups = fs.readdirSync(directory).filter((name) => name.endsWith(".bak"));
      assertEquals(fs.readdirSync(directory).filter((name) => !name.endsWith(".bak")).sort(), ["file", "file.stop"]);
      assert(backups.length >= 3, String(backups.length));
      for (const name of backups) readVersion(fs.readFileSync(join(directory, name)));
    });
  });
});

describe("directories that are missing", () => {
  it("can be made by many processes at once", async () => {
    for (let round = 0; round < mostlyOnDeno({ quick: 1, normal: 1, long: 20 }); round++) {
      await withProcesses(async (directory, spawn) => {
        const deep = join(directory, "a", "b", "c", "d");
        const options = JSON.stringify({ createDirectories: true });
        const writing = Array.from({ length: 9 }, (_, index) => {
          const args = [join(deep, `file${index}`), `w${index}`, "1", "writeFile", options];
          return spawn("tests/real/scripts/write_versions.ts", args, { runtime: runtimeAt(index) });
        });
        await Promise.all(writing.map(succeeded));
        assertEquals(fs.readdirSync(deep).length, 9);
      });
    }
  });
});

describe("two pid namespaces, both processes with the pid 1", () => {
  it("no torn read, no error, nothing left", async (t) => {
    const reason = cannotUnshare("--pid");
    if (reason !== undefined) return skip(t, reason);
    await withProcesses(async (directory, spawn) => {
      const file = join(directory, "file");
      const pids = spawn("tests/real/scripts/pid.ts", [], inOwnNamespace);
      assertEquals(await succeeded(pids), "1\n");
      const writers = [0, 1].map((index) => ({
        way: index === 0 ? "writeFile" : "openFileWriter",
        options: { ...inOwnNamespace, runtime: runtimeAt(index) },
      }));
      await writeTogether(spawn, file, writers, mostlyOnDeno({ quick: 30, normal: 60, long: 1000 }));
      assertEquals(fs.readdirSync(directory).sort(), ["file", "file.stop"]);
    });
  });

  it("a sweep in one spares what lives in the other, and takes what died there", async (t) => {
    const reason = cannotUnshare("--pid");
    if (reason !== undefined) return skip(t, reason);
    await withProcesses(async (directory, spawn) => {
      const script = "tests/real/scripts/hold_writer.ts";
      const holders: SpawnedScript[] = runtimes().map((runtime) =>
        spawn(script, [join(directory, runtime), runtime], { ...inOwnNamespace, runtime, stdin: "pipe" })
      );
      const heard = holders.map(({ child }) => listen(child));
      for (const { seen } of heard) assert(await seen(/^holding$/));
      const held = temporaryFiles(directory);
      assertEquals(held.length, holders.length);
      makeOld(held);

      for (const runtime of runtimes()) {
        const { removed, kept } = await sweepElsewhere(spawn, directory, { ...inOwnNamespace, runtime });
        assertEquals(removed, []);
        assertEquals(kept, held.map((path) => ({ path, reason: "alive" as const })));
      }

      const [first, ...others] = holders;
      for (const script of others) {
        signal(script, "SIGKILL");
        await script.status;
      }
      // Once more in one namespace that lives, and nobody is in the way of the one that still writes.
      const swept = await sweepElsewhere(spawn, directory, inOwnNamespace);
      assertEquals(swept.removed.length, others.length);
      assertEquals(swept.kept.map(({ reason }) => reason), ["alive"]);
      first?.child.stdin?.end("go\n");
      const ended = await first?.status;
      assertEquals(ended?.code, 0, ended?.stderr);
      assertEquals(fs.readdirSync(directory), runtimes().slice(0, 1));
      readVersion(fs.readFileSync(join(directory, runtimes()[0] ?? "")));
    });
  });
});

describe("create only", () => {
  it("of fifty racers in ten processes exactly one wins", async () => {
    for (let round = 0; round < mostlyOnDeno({ quick: 1, normal: 1, long: 20 }); round++) {
      await withProcesses(async (directory, spawn) => {
        const file = join(directory, "file");
        const racing = Array.from(
          { length: 10 },
          (_, index) =>
            spawn("tests/real/scripts/create_once.ts", [file, `p${index}`, "5"], { runtime: runtimeAt(index) }),
        );
        const heard = racing.map(({ child }) => listen(child));
        for (const { seen } of heard) assert(await seen(/^ready$/));
        fs.writeFileSync(`${file}.go`, "");
        const outcomes = (await Promise.all(racing.map(succeeded)))
          .flatMap((output) => JSON.parse(output.split("\n")[1] ?? "") as Outcome[]);
        assertEquals(outcomes.length, 50);

        const winners = outcomes.filter(({ failure }) => failure === undefined);
        assertEquals(winners.length, 1);
        for (const { failure } of outcomes) {
          if (failure === undefined) continue;
          const { name, code, targetState, leftBehind } = failure;
          assertEquals(
            { name, code, targetState, leftBehind },
            { name: "ConflictError", code: "EEXIST", targetState: "unchanged", leftBehind: [] },
          );
        }
        const { writer, version } = readVersion(fs.readFileSync(file));
        const winner = outcomes.findIndex(({ failure }) => failure === undefined);
        assertEquals({ writer, version }, {
          writer: `p${Math.floor(winner / 5)}-${winner % 5}`,
          version: winner % 5 + 1,
        });
        assertEquals(fs.readdirSync(directory).sort(), ["file", "file.go"]);
        assertEquals(fs.statSync(file).nlink, 1);
      });
    }
  });
});
