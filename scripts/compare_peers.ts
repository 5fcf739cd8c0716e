/**
 * What happens when …: runs this module and its peers into the same situations on Node, and keeps what was seen in
 * bench/results/compare.json, from which `deno task figures` makes the table of README.md. `deno task compare`. Needs
 * Linux, and root for a full disk and for two containers.
 *
 * A cell is what the package did in a program without handlers of its own (bench/contestants/what_happens.ts). When that
 * program cannot be run to its end, there is no table: what went wrong here is not held against anybody.
 */
import { COMPARED, type CompareResults, type Containers, type Takeover, takeoverText } from "./figures/compared.ts";
import { commandLine, startRecording } from "./figures/record.ts";
import { SOURCES } from "./figures/source.ts";
import { mustExecute } from "./process.ts";
import { compile } from "./toolchain/compile.ts";
import { OUT } from "./toolchain/folders.ts";
import { prepareNode } from "./toolchain/node.ts";
import { installTool } from "./toolchain/npm.ts";
import { PEERS } from "./toolchain/versions.ts";

/** Rounds in which two containers write, for each package, and how many are run before the next one's turn. */
const ROUNDS = 60;
const ROUNDS_IN_TURN = 20;

const node = await prepareNode(undefined);
const problems = await compile();
if (problems !== "") throw new Error(problems);
const peers = await installTool("peers", PEERS);
const script = `${OUT}/bench/contestants/what_happens.js`;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function inDirectory<T>(run: (directory: string) => Promise<T>, size?: string): Promise<T> {
  const directory = await Deno.makeTempDir({ prefix: "atomic-write-compare-" });
  try {
    if (size !== undefined) await mustExecute("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", directory]);
    return await run(directory);
  } finally {
    if (size !== undefined) await mustExecute("umount", [directory]);
    await Deno.remove(directory, { recursive: true });
  }
}

async function cell(name: string, writer: string, directory: string): Promise<string> {
  const output = await mustExecute(node.command, [script, name, writer, directory, peers], { timeout: 60_000 });
  return output.trim().split("\n").at(-1) ?? "";
}

/** Whole content: of the file that was there before, or of one of the writers. */
const isWhole = (text: string): boolean => text.length === 1_000_000 && text === (text[0] ?? "").repeat(text.length);

/** One process reads while two write, each process 1 of a container of its own, and once after both have written. */
async function roundsOfContainers(writer: string, rounds: number): Promise<Containers> {
  return await inDirectory(async (directory) => {
    const path = `${directory}/file`;
    Deno.writeTextFileSync(path, "o".repeat(1_000_000));
    const namespaces = ["--pid", "--fork", "--mount-proc"];
    const start = (fill: string) =>
      mustExecute("unshare", [
        ...[...namespaces, node.command, script, "write as process 1", writer, directory, peers, fill, String(rounds)],
      ], { timeout: 300_000 });
    const writers = Promise.all([start("a"), start("b")]);
    let hasFailed = false;
    writers.catch(() => hasFailed = true);
    const exists = (name: string) => {
      if (hasFailed) throw new Error("A container has ended before its time");
      try {
        Deno.statSync(`${directory}/${name}`);
        return true;
      } catch {
        return false;
      }
    };
    const isTorn = async () => !isWhole(await Deno.readTextFile(path).catch(() => ""));
    let [reads, tornReads, tornRounds] = [0, 0, 0];
    for (let round = 0; round < rounds; round++) {
      let torn = 0;
      let isOver = false;
      Deno.writeTextFileSync(`${directory}/go.${round}`, "");
      while (!isOver) {
        isOver = exists(`done.a.${round}`) && exists(`done.b.${round}`);
        reads++;
        if (await isTorn()) torn++;
        await pause(1);
      }
      tornReads += torn;
      if (torn > 0) tornRounds++;
    }
    const failures = (await writers).flatMap((output) =>
      JSON.parse(output.trim().split("\n").at(-1) ?? "") as string[]
    );
    return { rounds, tornRounds, reads, tornReads, saves: 2 * rounds, failures };
  });
}

function together(left: Containers | undefined, right: Containers): Containers {
  if (left === undefined) return right;
  return {
    rounds: left.rounds + right.rounds,
    tornRounds: left.tornRounds + right.tornRounds,
    reads: left.reads + right.reads,
    tornReads: left.tornReads + right.tornReads,
    saves: left.saves + right.saves,
    failures: [...left.failures, ...right.failures],
  };
}

/** Everybody in turn: whatever else the machine does meets all of them. */
async function twoContainers(): Promise<Record<string, Containers>> {
  const found: Record<string, Containers> = {};
  for (let round = 0; round < ROUNDS; round += ROUNDS_IN_TURN) {
    for (const writer of COMPARED) {
      found[writer] = together(found[writer], await roundsOfContainers(writer, ROUNDS_IN_TURN));
    }
  }
  return found;
}

/** Somebody wants the lock of a holder that is stopped; then the holder goes on. */
async function lockTakeover(holder: string): Promise<Takeover> {
  return await inDirectory(async (directory) => {
    Deno.writeTextFileSync(`${directory}/file`, "");
    const child = new Deno.Command(node.command, {
      args: [script, "hold a lock", holder, directory, peers],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const said: string[] = [];
    const listening = (async () => {
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) said.push(...text.trim().split("\n"));
    })();
    try {
      while (!said.includes("held")) {
        await Promise.race([
          pause(20),
          child.status.then(() => Promise.reject(new Error("no lock"))),
        ]);
      }
      child.kill("SIGSTOP");
      const taken = await cell("take a lock", holder, directory);
      child.kill("SIGCONT");
      const continued = performance.now();
      while (!said.includes("lost") && performance.now() - continued < 5_000) await pause(20);
      return { taken, holderTold: said.includes("lost") };
    } finally {
      child.kill("SIGKILL");
      await child.status;
      await listening;
    }
  });
}

/** Each situation, and the size of the file system that it needs. */
const SITUATIONS: [title: string, name: string, size?: string][] = [
  ["the disk is full", "full disk", "256k"],
  ["the data is a typed array", "typed array"],
  ["options are used twice", "reused options"],
  ["the source stream fails", "failing stream"],
  ["the path is a dangling link", "dangling link"],
  ["the name has 300 characters", "300-character name"],
];

const recording = startRecording("compare", commandLine("compare"), SOURCES.everything);
const situations: Record<string, Record<string, string>> = {};
for (const [title, name, size] of SITUATIONS) {
  const cells: Record<string, string> = situations[title] = {};
  for (const writer of COMPARED) cells[writer] = await inDirectory((directory) => cell(name, writer, directory), size);
  console.log(title, cells);
}
const containers = await twoContainers();
console.log(containers);
const takeovers: Record<string, Takeover> = {};
for (const holder of ["atomic-write", "proper-lockfile"]) {
  const found = takeovers[holder] = await lockTakeover(holder);
  console.log(`${holder}: ${takeoverText(found)}`);
}
recording.keep({ node: node.version, peers: PEERS, situations, containers, takeovers } satisfies CompareResults);
console.log("Kept in bench/results/compare.json; deno task figures puts it into README.md");
