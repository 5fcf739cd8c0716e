/**
 * How long the command takes to start, against the runtime's own empty script. `deno run -A bench/start_up.ts`
 *
 * Interleaved, so that a busy moment of the machine strikes all alike; the ratios are those of the medians.
 */
import { type CommandRuntime, commandRuntimes } from "./support/command.ts";
import { median } from "./support/harness.ts";

const ROUNDS = 41;

async function milliseconds(runtime: CommandRuntime, script: string, args: readonly string[]): Promise<number> {
  const started = performance.now();
  await new Deno.Command(runtime.program, {
    args: [...runtime.args, script, ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return performance.now() - started;
}

const directory = Deno.makeTempDirSync({ prefix: "atomic-write-start-" });
const empty = `${directory}/empty.js`;
Deno.writeTextFileSync(empty, "\n");
try {
  for (const runtime of await commandRuntimes()) {
    const calls: Record<string, [string, string[]]> = {
      "an empty script": [empty, []],
      "--version": [runtime.script, ["--version"]],
      "--help": [runtime.script, ["--help"]],
      "remove NOTHING": [runtime.script, ["remove", `${directory}/nothing`]],
    };
    const times: Record<string, number[]> = {};
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, [script, args]] of Object.entries(calls)) {
        (times[name] ??= []).push(await milliseconds(runtime, script, args));
      }
    }
    const base = median(times["an empty script"] ?? []);
    for (const [name, values] of Object.entries(times)) {
      const ratio = (median(values) / base).toFixed(2);
      console.log(
        `${runtime.name.padEnd(14)} ${name.padEnd(16)} ${median(values).toFixed(1).padStart(6)} ms  × ${ratio}`,
      );
    }
  }
} finally {
  Deno.removeSync(directory, { recursive: true });
}
