/**
 * How long the command takes to start, against the runtime's own empty script: `deno task bench:start`
 *
 * Interleaved, so that a busy moment of the machine strikes all alike; the ratios are those of the medians. `--version`
 * may take 1.3 times as long as the empty script; with more on any runtime the bench ends with status 1.
 */
import { commandLine, startRecording } from "../scripts/figures/record.ts";
import { SOURCES } from "../scripts/figures/source.ts";
import { type CommandRuntime, commandRuntimes } from "./support/command.ts";
import { median } from "./support/harness.ts";

const ROUNDS = 101;
const MOST = 1.3;

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

const recording = startRecording("start_up", commandLine("bench:start"), SOURCES.command);
const directory = Deno.makeTempDirSync({ prefix: "atomic-write-start-" });
const empty = `${directory}/empty.js`;
Deno.writeTextFileSync(empty, "\n");
const ratios: Record<string, Record<string, number>> = {};
try {
  for (const runtime of await commandRuntimes()) {
    const calls: Record<string, [string, string[]]> = {
      "an empty script": [empty, []],
      "--version": [runtime.script, ["--version"]],
      "copy --help": [runtime.script, ["copy", "--help"]],
      "remove NOTHING": [runtime.script, ["remove", `${directory}/nothing`]],
    };
    const times: Record<string, number[]> = {};
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, [script, args]] of Object.entries(calls)) {
        (times[name] ??= []).push(await milliseconds(runtime, script, args));
      }
    }
    const base = median(times["an empty script"] ?? []);
    const found: Record<string, number> = ratios[runtime.name] = {};
    for (const [name, values] of Object.entries(times)) {
      const ratio = found[name] = Math.round(median(values) / base * 100) / 100;
      const time = median(values).toFixed(1).padStart(6);
      console.log(`${runtime.name.padEnd(14)} ${name.padEnd(16)} ${time} ms  × ${ratio.toFixed(2)}`);
    }
  }
} finally {
  Deno.removeSync(directory, { recursive: true });
}
recording.keep({ rounds: ROUNDS, "times as long as an empty script": ratios });
Deno.exit(Object.values(ratios).some((found) => !((found["--version"] ?? NaN) <= MOST)) ? 1 : 0);
