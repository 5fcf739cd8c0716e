/**
 * `deno task storm:locks`: 4 Deno, 4 Bun and 4 Node processes (one of these without fs-ext) and a shell with flock(1)
 * increment one JSON counter, 500 times each, while a fifth of them is killed at random moments and started again. With
 * kernel locks, with lock directories, with full durability, with two worker threads in each process, with processes
 * that are stopped in the middle, with both kinds of locks at once, and while somebody removes lock files and lock
 * directories: what is acknowledged counts even then. Then 1,000 runs of `atomic-write update FILE -- jq …`, 32 at a time. Ends with status 1 when an update is lost.
 *
 *     deno task storm:locks -- --increments=500 --commands=1000 --rounds=1
 */
import { hasJq, manyUpdates } from "../tests/lock/many_updates.ts";
import { storm } from "../tests/lock/storm.ts";
import { runtimes } from "../tests/support/spawn.ts";
import { prepareEveryRuntime } from "./suite/every_runtime.ts";

let [increments, commands, rounds] = [500, 1000, 1];
for (const argument of Deno.args) {
  const [name, value = ""] = argument.split("=");
  if (name === "--increments" && Number(value) > 0) increments = Math.floor(Number(value));
  else if (name === "--commands" && Number(value) > 0) commands = Math.floor(Number(value));
  else if (name === "--rounds" && Number(value) > 0) rounds = Math.floor(Number(value));
  else if (argument !== "--") throw new TypeError(`unknown argument: ${argument}`);
}

await prepareEveryRuntime();

const kinds = {
  "kernel locks": { options: { durability: "none", lock: { backend: "flock" } }, shell: true },
  "lock directories": { options: { durability: "none", lock: { backend: "directory" } }, shell: false },
  "kernel locks, synced": { options: { lock: { backend: "flock" } }, shell: true },
  "kernel locks, in worker threads": {
    options: { durability: "none", lock: { backend: "flock" } },
    shell: true,
    threads: true,
  },
  "lock directories, in worker threads": {
    options: { durability: "none", lock: { backend: "directory" } },
    shell: false,
    threads: true,
  },
  "kernel locks, some stopped in the middle": {
    options: { durability: "none", lock: { backend: "flock" } },
    shell: true,
    stops: increments,
  },
  "both kinds of locks, some stopped in the middle": {
    options: (index: number) => ({ durability: "none", lock: { backend: index % 2 === 0 ? "flock" : "directory" } }),
    shell: false,
    stops: increments,
  },
  "kernel locks, lock files removed": {
    options: { durability: "none", lock: { backend: "flock" } },
    shell: false,
    removals: increments,
  },
  "lock directories, removed": {
    options: { durability: "none", lock: { backend: "directory" } },
    shell: false,
    removals: increments,
  },
  "kernel locks, synced, lock files removed, some stopped in the middle": {
    options: { lock: { backend: "flock" } },
    shell: false,
    stops: increments,
    removals: increments,
  },
} as const;
for (let round = 1; round <= rounds; round++) {
  const kills = Math.ceil(increments / 12);
  for (const [name, kind] of Object.entries(kinds)) {
    const started = performance.now();
    const report = await storm({ ...kind, runtimes: runtimes(), processes: 4, increments, killed: 3, kills });
    console.log(`${name}: ${JSON.stringify(report)} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
  if (!hasJq()) throw new Error("needs the program jq (Debian: apt-get install jq)");
  const started = performance.now();
  await manyUpdates({ runtimes: runtimes(), commands, parallel: 32 });
  console.log(`${commands} update commands: none lost in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
