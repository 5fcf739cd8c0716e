/**
 * Peak memory of the command while 1 GiB goes through it, on each runtime. Linux. `deno task bench:memory`
 *
 * The peak is the kernel's own (VmHWM), looked at every few milliseconds until the process ends. `--size=MIB` for
 * another size. Ends with status 1 when a peak is above 150 MiB.
 */
import { commandLine, startRecording } from "../scripts/figures/record.ts";
import { SOURCES } from "../scripts/figures/source.ts";
import { type CommandRuntime, commandRuntimes } from "./support/command.ts";

const MIB = 2 ** 20;
const MOST = 150;
const wanted = Number(Deno.args.find((argument) => argument.startsWith("--size="))?.slice("--size=".length) ?? 1024);

const encoder = new TextEncoder();
const row = JSON.stringify({ name: "Grüße", tags: ["a", "b"], text: "x".repeat(80), number: -12.5e3, nothing: null });
const rows = encoder.encode(`${`${row},\n`.repeat(Math.floor(MIB / (row.length + 3)))}`);

/** One JSON array of about `size` bytes, in pieces. */
function* json(size: number): Generator<Uint8Array> {
  yield encoder.encode("[");
  for (let sent = 0; sent < size; sent += rows.length) yield rows;
  yield encoder.encode("0]");
}

/** The most memory the process had so far, in MiB; undefined when it is gone. */
function peakOf(pid: number): number | undefined {
  try {
    const found = /VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    return found === undefined ? undefined : Number(found) / 1024;
  } catch {
    return undefined;
  }
}

async function measure(runtime: CommandRuntime, args: string[], input: Iterable<Uint8Array>): Promise<number> {
  const child = new Deno.Command(runtime.program, {
    args: [...runtime.args, runtime.script, ...args],
    stdin: "piped",
    stdout: "null",
  }).spawn();
  let peak = 0;
  const watch = setInterval(() => peak = Math.max(peak, peakOf(child.pid) ?? 0), 5);
  const writer = child.stdin.getWriter();
  try {
    for (const chunk of input) await writer.write(chunk);
  } catch {
    // The command has ended early; its status tells.
  }
  await writer.close().catch(() => {});
  const { code } = await child.status;
  clearInterval(watch);
  if (code !== 0) throw new Error(`${runtime.name}: atomic-write ${args.join(" ")} ended with status ${code}`);
  return peak;
}

const recording = startRecording("memory", commandLine("bench:memory"), SOURCES.command);
const directory = Deno.makeTempDirSync({ prefix: "atomic-write-memory-" });
const target = `${directory}/target`;
const cases: { name: string; args: string[]; input: () => Iterable<Uint8Array> }[] = [
  { name: "write", args: [target], input: () => json(wanted * MIB) },
  { name: "write --digest --skip-equal", args: ["--digest", "--skip-equal", target], input: () => json(wanted * MIB) },
  {
    name: "write --require-json",
    args: ["--require-json", "--append-newline", target],
    input: () => json(wanted * MIB),
  },
  { name: "copy", args: ["copy", target, `${target}.copy`], input: () => [] },
];
let worst = 0;
const peaks: Record<string, number> = {};
try {
  for (const runtime of await commandRuntimes()) {
    for (const { name, args, input } of cases) {
      const started = performance.now();
      const peak = await measure(runtime, args, input());
      worst = Math.max(worst, peak);
      peaks[`${runtime.name}, ${name}, ${wanted} MiB`] = Math.round(peak * 10) / 10;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`${runtime.name.padEnd(14)} ${name.padEnd(28)} ${peak.toFixed(0).padStart(4)} MiB  ${seconds} s`);
    }
  }
} finally {
  Deno.removeSync(directory, { recursive: true });
}
recording.keep(peaks);
Deno.exit(worst > MOST ? 1 : 0);
