/**
 * `deno task storm`: kills writing processes at random moments, a thousand times on every runtime, in every way of writing
 * so many times each, and checks after every kill that the target is one whole version and no older than what
 * was acknowledged; then that a sweep takes what the dead left and nothing of a living writer's.
 *
 *     deno task storm -- --kills=200 --only=node,bun --directory=/mnt/disk
 *
 * Ends with status 1 at the first violation.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { sweep } from "../mod.ts";
import { killOnce, type Workload, workloads } from "../tests/real/kill.ts";
import { listen, makeOld, type Spawn, succeeded, temporaryFiles, withProcesses } from "../tests/real/processes.ts";
import { type RuntimeName, runtimes } from "../tests/support/spawn.ts";
import { prepareEveryRuntime } from "./suite/every_runtime.ts";

interface Options {
  /** For each runtime and each of its ways of writing. */
  kills: number;
  only: readonly string[];
}

function readOptions(args: readonly string[]): Options {
  const options = { kills: 170, only: ["deno", "node", "bun"] };
  for (const argument of args) {
    const [name, value = ""] = argument.split("=");
    if (name === "--kills" && Number(value) > 0) options.kills = Math.floor(Number(value));
    else if (name === "--only") options.only = value.split(",");
    else if (name === "--directory") process.env["ATOMIC_WRITE_TEST_DIRECTORY"] = value;
    else if (argument !== "--") throw new TypeError(`unknown argument: ${argument}`);
  }
  return options;
}

/** A living writer in the same directory, whose temporary file looks old and must survive every sweep. */
async function holdWriter(spawn: Spawn, directory: string, runtime: RuntimeName): Promise<() => Promise<void>> {
  const script = spawn("tests/real/scripts/hold_writer.ts", [join(directory, "held"), "holder"], {
    runtime,
    stdin: "pipe",
  });
  if (!await listen(script.child).seen(/^holding$/)) throw new Error(`no writer: ${(await script.status).stderr}`);
  return async () => {
    script.child.stdin?.end("go\n");
    const told = JSON.parse((await succeeded(script)).split("\n")[1] ?? "{}");
    if (told.failure !== undefined) throw new Error(`the living writer failed: ${JSON.stringify(told.failure)}`);
  };
}

/** Kills one way of writing on one runtime so many times; how many temporary files the dead left. */
function storm(runtime: RuntimeName, name: string, work: Workload, kills: number): Promise<string> {
  return withProcesses(async (directory, spawn) => {
    const finish = await holdWriter(spawn, directory, runtime);
    const [held = ""] = temporaryFiles(directory);
    let [acknowledged, left] = [0, 0];
    for (let count = 1; count <= kills; count++) {
      const { done } = await killOnce(
        spawn,
        join(directory, "file"),
        `${name.replaceAll(" ", "_")}${count}`,
        work,
        runtime,
      );
      acknowledged += done;
      if (count % 50 !== 0 && count !== kills) continue;
      const dead = temporaryFiles(directory).filter((path) => path !== held);
      makeOld([held, ...dead]);
      const { removed, kept } = await sweep(directory);
      if (removed.length !== dead.length || kept.length !== 1 || kept[0]?.reason !== "alive") {
        throw new Error(`a wrong sweep: ${JSON.stringify({ removed, kept, dead })}`);
      }
      left += dead.length;
    }
    await finish();
    // Killed before its first commit: then there never was a file. A lock file stays where it was taken.
    const names = fs.readdirSync(directory).filter((found) => !found.endsWith(".bak")).sort().join();
    const more = "lock" in work.options ? ["file.lock", "held"] : ["held"];
    if (![["file", ...more].join(), more.join()].includes(names)) throw new Error(`left in the directory: ${names}`);
    return `${kills} kills, ${acknowledged} acknowledged writes, ${left} temporary files left and swept`;
  });
}

const options = readOptions(Deno.args);
await prepareEveryRuntime();
for (const runtime of runtimes().filter((name) => options.only.includes(name))) {
  for (const [name, work] of Object.entries(workloads)) {
    console.log(`${runtime}, ${name}: ${await storm(runtime, name, work, options.kills)}`);
  }
}
