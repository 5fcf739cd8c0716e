/**
 * A real process that is stopped (SIGSTOP) or killed between every two steps of taking, taking over and giving back a
 * lock. While it is stopped inside, nobody robs it; while somebody else is inside, it does not go on into the lock; when it
 * is killed, the lock is free.
 */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { acquireLock, type LockOptions } from "../../mod.ts";
import { listen, type Listener, signal, withProcesses } from "../real/processes.ts";
import { effort } from "../support/effort.ts";
import { skip } from "../support/skip.ts";
import { currentRuntime, type RuntimeName, type SpawnedScript } from "../support/spawn.ts";
import { hasKernelLock, hold, isLinux, pause, stateOf, until, untilHeard } from "./support.ts";

/** Which steps: the first, and every how manieth from there. */
type Steps = readonly [first: number, step: number];

/**
 * A long run takes every step on every runtime. Any other stops at every step on Deno and at some on Node and Bun, whose
 * calls are the same but for the adapter; kills, which need a process each, are shared out among the three.
 */
const shares: Record<RuntimeName, Record<"stops" | "kills", Steps>> = {
  deno: { stops: [0, 1], kills: [0, 2] },
  node: { stops: [0, 4], kills: [1, 4] },
  bun: { stops: [2, 4], kills: [3, 4] },
};
const everyStep: Steps = [0, 1];
const { stops, kills } = effort() === "long" ? { stops: everyStep, kills: everyStep } : shares[currentRuntime];

const SCRIPT = "tests/lock/scripts/stop_between_steps.ts";

const linesOf = (heard: Listener) => heard.text.split("\n").slice(0, -1);
const lastOf = (heard: Listener) => linesOf(heard).at(-1) ?? "";

async function untilStopped(script: SpawnedScript, heard: Listener, round: number): Promise<boolean> {
  await untilHeard(script, heard, new RegExp(`^(stop|done) ${round} `));
  if (lastOf(heard).startsWith(`done ${round} `)) return false;
  await until(() => stateOf(script.child.pid ?? 0) === "T", "it stops");
  return true;
}

/** What a killed holder of the directory backend leaves: the name of its token. */
async function tokenOfTheDead(directory: string): Promise<string> {
  const path = join(directory, "dead");
  const holder = await hold(path, { backend: "directory" });
  await holder.kill();
  const [token = ""] = fs.readdirSync(`${path}.lock`);
  fs.rmSync(`${path}.lock`, { recursive: true });
  return token;
}

interface Scenario {
  readonly name: string;
  readonly options: LockOptions;
  /** Whether a dead holder's lock is there at the beginning. */
  readonly afterTheDead: boolean;
}

const scenarios: Scenario[] = [
  { name: "a lock file", options: { backend: "flock" }, afterTheDead: false },
  { name: "a lock directory", options: { backend: "directory" }, afterTheDead: false },
  { name: "a lock directory that is taken over from the dead", options: { backend: "directory" }, afterTheDead: true },
  { name: "a lock file in place of the dead's lock directory", options: { backend: "flock" }, afterTheDead: true },
];

describe("between every two steps of taking and giving back", () => {
  for (const { name, options, afterTheDead } of scenarios) {
    const prepare = (path: string, token: string) => {
      fs.rmSync(`${path}.lock`, { recursive: true, force: true });
      if (!afterTheDead) return;
      fs.mkdirSync(`${path}.lock`);
      fs.writeFileSync(join(`${path}.lock`, token), "");
    };
    const cannot = () => isLinux ? hasKernelLock() ? undefined : "there is no kernel lock here" : "needs Linux";

    it(`${name}: a stopped process is neither robbed nor goes on beside another holder`, async (t) => {
      const reason = cannot();
      if (reason !== undefined) return skip(t, reason);
      await withProcesses(async (directory, spawn) => {
        const path = join(directory, "state");
        const token = afterTheDead ? await tokenOfTheDead(directory) : "";
        prepare(path, token);
        const [first, step] = stops;
        const args = [path, JSON.stringify(options), String(first), "1000", String(step)];
        const script = spawn(SCRIPT, args, { stdin: "pipe" });
        const heard = listen(script.child);
        let robbedNone = 0;
        let wentFirst = 0;
        for (let round = first; await untilStopped(script, heard, round); round += step) {
          const isInside = lastIndex(heard, "inside") > lastIndex(heard, `done ${round - step} `);
          const isOutside = lastIndex(heard, "outside") > lastIndex(heard, `done ${round - step} `);
          const lock = await acquireLock(path, { ...options, timeout: 60 }).catch(() => undefined);
          if (lock === undefined) {
            robbedNone++;
            signal(script, "SIGCONT");
          } else {
            wentFirst++;
            assert(!isInside || isOutside, "it was robbed");
            const before = linesOf(heard).length;
            signal(script, "SIGCONT");
            await pause(40);
            const since = linesOf(heard).slice(before);
            assertEquals(since.filter((line) => line === "inside"), [], "it went in although another holds the lock");
            await lock.release();
          }
          await untilHeard(script, heard, new RegExp(`^done ${round} `));
          prepare(path, token);
          script.child.stdin?.write("\n");
        }
        if (step === 1) assert(robbedNone > 0 && wentFirst > 0, `${robbedNone} rounds held, ${wentFirst} not`);
        assertEquals(fs.readdirSync(directory).filter((left) => left.endsWith(".tmp")), []);
      });
    });

    it(`${name}: a killed process keeps nobody out`, async (t) => {
      const reason = cannot();
      if (reason !== undefined) return skip(t, reason);
      await withProcesses(async (directory, spawn) => {
        const path = join(directory, "state");
        const token = afterTheDead ? await tokenOfTheDead(directory) : "";
        const [first, step] = kills;
        for (let round = first;; round += step) {
          prepare(path, token);
          const args = [path, JSON.stringify(options), String(round), String(round)];
          const script = spawn(SCRIPT, args, { stdin: "pipe" });
          const heard = listen(script.child);
          if (!await untilStopped(script, heard, round)) break;
          signal(script, "SIGKILL");
          await script.status;
          const lock = await acquireLock(path, { ...options, timeout: 5_000 });
          await lock.release();
        }
      });
    });
  }
});

function lastIndex(heard: Listener, start: string): number {
  return linesOf(heard).findLastIndex((line) => line.startsWith(start));
}
