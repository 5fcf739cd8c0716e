/**
 * SIGKILL at any moment: the target is whole and no older than what was acknowledged; locks are free at once; `sweep`
 * takes what the dead left and nothing of the living; a writer whose temporary file is taken away nevertheless stages
 * once more.
 */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { listBackups, sweep, tryLock, writeFile } from "../../mod.ts";
import * as locks from "../lock/support.ts";
import { byEffort } from "../support/effort.ts";
import { cannotUnshare } from "../support/namespaces.ts";
import { skip } from "../support/skip.ts";
import { currentRuntime, runtimes, type SpawnedScript } from "../support/spawn.ts";
import { notEmpty, tally } from "../support/tally.ts";
import { makeVersion, readVersion } from "../support/versions.ts";
import { killOnce, workloads } from "./kill.ts";
import {
  inOwnNamespace,
  listen,
  makeOld,
  signal,
  type Spawn,
  sweepElsewhere,
  temporaryFiles,
  withProcesses,
} from "./processes.ts";

const onWindows = process.platform === "win32";

/** A process that holds a temporary file open until it is told to commit. */
async function hold(spawn: Spawn, file: string, options = {}): Promise<SpawnedScript> {
  const script = spawn("tests/real/scripts/hold_writer.ts", [file, "holder"], { ...options, stdin: "pipe" });
  assert(await listen(script.child).seen(/^holding$/));
  return script;
}

async function kill(script: SpawnedScript): Promise<void> {
  signal(script, "SIGKILL");
  const { signal: ended, code } = await script.status;
  // Windows has no signals: Node and Bun say so all the same, Deno tells the status with which it was ended.
  assert(ended === "SIGKILL" || (onWindows && code !== 0), `${ended} ${code}`);
}

async function finish({ child, status }: SpawnedScript): Promise<void> {
  child.stdin?.end("go\n");
  const { code, stdout, stderr } = await status;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals(JSON.parse(stdout.split("\n")[1] ?? "").failure, undefined);
}

/** Backups that count are whole versions other than the current one. */
async function checkBackups(file: string): Promise<void> {
  // All may have been killed in their first write.
  await writeFile(file, makeVersion({ writer: "last", version: 0 }), { backup: 3 });
  const current = JSON.stringify(readVersion(fs.readFileSync(file)));
  for (const { path } of notEmpty(await listBackups(file))) {
    assert(JSON.stringify(readVersion(fs.readFileSync(path))) !== current, `${path} is the current version`);
  }
  for (const version of [1, 2, 3]) await writeFile(file, makeVersion({ writer: "last", version }), { backup: 3 });
  assertEquals((await listBackups(file)).length, 3);
}

describe("SIGKILL", () => {
  for (const [name, work] of Object.entries(workloads)) {
    it(name, async (t) => {
      if (onWindows) return skip(t, "Windows has no SIGKILL");
      await withProcesses(async (directory, spawn) => {
        const file = join(directory, "file");
        fs.writeFileSync(file, makeVersion({ writer: "first", version: 1 }));
        const kills = byEffort({ quick: 1, normal: 3, long: 34 });
        const happened = tally(`kills, ${name}`, ["kills", "temporary files left by chance", "left for certain"]);
        for (let count = 0; count < kills; count++) {
          await killOnce(spawn, file, `${name.replaceAll(" ", "_")}${count}`, work);
          happened.count("kills");
        }
        const byChance = temporaryFiles(directory);
        happened.count("temporary files left by chance", byChance.length);
        assert(byChance.length <= kills, "each kill leaves one temporary file at most");
        // None of them need have been killed between staging and renaming: this one is.
        await kill(await hold(spawn, file));
        const left = temporaryFiles(directory);
        happened.count("left for certain", left.length - byChance.length);
        happened.enough({ kills, "temporary files left by chance": 0 });
        const young = await sweep(directory);
        assertEquals(young, { removed: [], kept: left.map((path) => ({ path, reason: "young" as const })) });
        makeOld(left);
        assertEquals(await sweep(directory), { removed: left, kept: [] });
        const names = fs.readdirSync(directory).filter((found) => !found.endsWith(".bak"));
        assertEquals(names, "lock" in work.options ? ["file", "file.lock"] : ["file"]);
        if (name === "with backups") await checkBackups(file);
      });
    });
  }
});

describe("locks of a process that is killed", () => {
  for (const backend of ["flock", "directory"] as const) {
    it(`are free at once (${backend})`, (t) =>
      locks.withOthers(async (directory) => {
        if (!locks.hasKernelLock()) return skip(t, "needs kernel locks");
        if (backend === "directory" && !locks.provesDeath()) {
          return skip(t, "nothing there says whether a process lives");
        }
        const happened = tally("locks of the dead", ["held until the kill", "free after it"]);
        for (const runtime of runtimes()) {
          const path = join(directory, runtime);
          const holder = await locks.hold(path, { backend }, { name: runtime, runtime, env: {} });
          if (await tryLock(path, { backend }) === undefined) happened.count("held until the kill");
          await holder.kill();
          const lock = await tryLock(path, { backend });
          if (lock !== undefined) happened.count("free after it");
          await lock?.release();
        }
        happened.enough({ "held until the kill": runtimes().length, "free after it": runtimes().length });
      }));
  }
});

describe("sweep", () => {
  it("takes what the dead of every runtime left, and spares the living", async () => {
    await withProcesses(async (directory, spawn) => {
      const living = await Promise.all(
        runtimes().map((runtime) => hold(spawn, join(directory, `l-${runtime}`), { runtime })),
      );
      const alive = temporaryFiles(directory);
      const dying = await Promise.all(
        runtimes().map((runtime) => hold(spawn, join(directory, `d-${runtime}`), { runtime })),
      );
      const dead = temporaryFiles(directory).filter((path) => !alive.includes(path));
      assertEquals([alive.length, dead.length], [runtimes().length, runtimes().length]);
      makeOld([...alive, ...dead]);
      for (const script of dying) await kill(script);

      const kept = alive.map((path) => ({ path, reason: "alive" as const }));
      assertEquals(await sweep(directory, { dryRun: true }), { removed: dead, kept });
      assertEquals(temporaryFiles(directory).length, alive.length + dead.length);
      // Nobody is proven dead by age alone while he lives.
      assertEquals(await sweep(directory, { olderThan: 60_000 }), { removed: dead, kept });
      assertEquals(temporaryFiles(directory), alive);
      for (const script of living) await finish(script);
      assertEquals(temporaryFiles(directory), []);
      for (const runtime of runtimes()) readVersion(fs.readFileSync(join(directory, `l-${runtime}`)));
    });
  });

  it("needs nothing but the directory on Deno", async (t) => {
    if (!runtimes().includes("deno")) return skip(t, "needs Deno");
    await withProcesses(async (directory, spawn) => {
      const permissions = [`--allow-read=${directory}`, `--allow-write=${directory}`];
      const limited = { runtime: "deno", permissions } as const;
      const living = await hold(spawn, join(directory, "living"), limited);
      const alive = temporaryFiles(directory);
      await kill(await hold(spawn, join(directory, "dead"), limited));
      const dead = temporaryFiles(directory).filter((path) => !alive.includes(path));
      makeOld([...alive, ...dead]);
      const result = await sweepElsewhere(spawn, directory, limited);
      assertEquals(result, { removed: dead, kept: alive.map((path) => ({ path, reason: "alive" as const })) });
      await finish(living);
      assertEquals(fs.readdirSync(directory), ["living"]);
    });
  });

  it("knows a process that has no lock by its facts (Node without fs-ext)", (t) => {
    const reason = cannotBeBare();
    if (reason !== undefined) return skip(t, reason);
    return withBareNode(async (spawn, work) => {
      const { living, alive, dead } = await leaveFiles(spawn, work);
      assertEquals(await sweepElsewhere(spawn, work), { removed: dead, kept: told(alive, "alive") });
      await finish(living);
      assertEquals(fs.readdirSync(work), ["living"]);
    });
  });

  it("judges by its facts nobody from another pid namespace", (t) => {
    const reason = cannotBeBare() ?? cannotUnshare("--pid");
    if (reason !== undefined) return skip(t, reason);
    return withBareNode(async (spawn, work) => {
      const { living, alive, dead } = await leaveFiles(spawn, work);
      const everybody = told([...alive, ...dead].sort(), "unproven");
      assertEquals(await sweepElsewhere(spawn, work, inOwnNamespace), { removed: [], kept: everybody });
      await finish(living);
    });
  });
});

/** Why there can be no Node without kernel locks here. */
function cannotBeBare(): string | undefined {
  if (currentRuntime !== "node") return "the other runtimes always have kernel locks";
  return onWindows ? "Windows has no SIGKILL" : undefined;
}

/** Node with the compiled code alone: an addon is looked for beside it. */
async function withBareNode(run: (spawn: Spawn, work: string) => Promise<void>): Promise<void> {
  await withProcesses(async (directory, spawn) => {
    const bare = join(directory, "bare");
    const out = new URL("../../", import.meta.url);
    for (const name of ["mod.js", "package.json", "src", "tests"]) {
      fs.cpSync(new URL(name, out), join(bare, name), { recursive: true });
    }
    const runtimes = process.env["ATOMIC_WRITE_TEST_RUNTIMES"];
    const known = JSON.parse(runtimes ?? "{}");
    process.env["ATOMIC_WRITE_TEST_RUNTIMES"] = JSON.stringify({ ...known, node: { ...known.node, directory: bare } });
    try {
      const work = join(directory, "work");
      fs.mkdirSync(work);
      await run(spawn, work);
    } finally {
      process.env["ATOMIC_WRITE_TEST_RUNTIMES"] = runtimes;
    }
  });
}

/** A living process and a dead one, each with its temporary file, which names it. */
async function leaveFiles(spawn: Spawn, work: string) {
  const living = await hold(spawn, join(work, "living"));
  const alive = temporaryFiles(work);
  await kill(await hold(spawn, join(work, "dead")));
  const dead = temporaryFiles(work).filter((path) => !alive.includes(path));
  for (const path of notEmpty([...alive, ...dead])) assert(/\.p[0-9a-z]{1,40}-\d+-\d+-\d+\.tmp$/.test(path), path);
  makeOld([...alive, ...dead]);
  return { living, alive, dead };
}

function told<R extends string>(paths: readonly string[], reason: R): { path: string; reason: R }[] {
  return paths.map((path) => ({ path, reason }));
}
