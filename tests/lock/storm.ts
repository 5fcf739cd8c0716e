/**
 * Many processes on every runtime, and perhaps a shell with flock(1), increment one counter while some of them are killed
 * and started again. Afterwards the counter is what was acknowledged, or at most one more for every kill; and it was
 * valid JSON all the time. Without @std/assert, because `deno task storm:locks` runs it as it is.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { listen, signal, withProcesses } from "../real/processes.ts";
import { type RuntimeName, type SpawnedScript, spawnProgram } from "../support/spawn.ts";
import { hiddenAddon } from "./hidden_addon.ts";

export interface Storm {
  /** One that is named twice has twice as many processes. */
  readonly runtimes: readonly RuntimeName[];
  /** Processes on each of them. */
  readonly processes: number;
  /** In each process two worker threads share the increments: one updates, the other writes inside the lock. */
  readonly threads?: boolean;
  /** Increments of each process. */
  readonly increments: number;
  /** How many of the processes are killed at random moments, and how often each of them. */
  readonly killed: number;
  readonly kills: number;
  /** How often some process is stopped (SIGSTOP) in the middle of something, and goes on a moment later. */
  readonly stops?: number;
  /** How often somebody removes the lock file, or the lock directory, whoever holds it. */
  readonly removals?: number;
  /** The options of every process, or of the process with this number. */
  readonly options: object | ((index: number) => object);
  /** Whether a shell takes part, with flock(1) on the lock file. */
  readonly shell: boolean;
  /** What each process runs, and within which program; default: increments under the lock. */
  readonly script?: string;
  readonly wrapper?: string[];
  /** What was counted, where the file itself may lag. `told` is every line that a participant has printed. */
  readonly counted?: (path: string, told: readonly string[]) => number;
}

export interface StormReport {
  readonly acknowledged: number;
  readonly kills: number;
  readonly stops: number;
  readonly removals: number;
  /** Changes that were refused because the lock was lost, and made again. */
  readonly refused: number;
  /** Changes of which nobody knows whether they count: the lock was lost in the moment of the commit. */
  readonly doubtful: number;
  readonly count: number;
  readonly looks: number;
  /** How many have had at least one increment acknowledged. */
  readonly participants: number;
}

const shellLoop = `
  i=0
  while [ $i -lt "$2" ]; do
    flock "$1.lock" sh -c '
      n=$(cat "$1" 2>/dev/null | tr -dc 0-9)
      echo "{\\"count\\":$((\${n:-0} + 1))}" > "$1.shell" && mv "$1.shell" "$1" && echo +' sh "$1" || exit 1
    i=$((i + 1))
  done`;

/** One participant, however often it is started again. */
class Participant {
  kills = 0;
  refused = 0;
  doubtful = 0;
  /** A line for each increment that was acknowledged. */
  readonly told: string[] = [];
  #script: SpawnedScript | undefined;
  #over = false;

  /** How many increments were acknowledged. */
  get acknowledged(): number {
    return this.told.length;
  }

  /** `deaths`: how often it is killed. */
  constructor(readonly start: (left: number) => SpawnedScript, readonly increments: number, readonly deaths: number) {}

  /** Runs to the end of its increments; one that has ended before it could be killed often enough begins again. */
  async run(): Promise<void> {
    while (!this.#over && (this.acknowledged < this.increments || this.kills < this.deaths)) {
      const left = this.increments - this.acknowledged;
      const script = this.start(left > 0 ? left : this.increments);
      this.#script = script;
      const heard = listen(script.child);
      if (this.kills < this.deaths) this.#killSoon(script);
      const { code, signal, stderr } = await script.status;
      const lines = heard.text.split("\n").slice(0, -1);
      this.told.push(...lines.filter((line) => line !== "lost" && line !== "doubtful"));
      this.refused += lines.filter((line) => line === "lost").length;
      this.doubtful += lines.filter((line) => line === "doubtful").length;
      if (signal === "SIGKILL") {
        this.kills++;
        continue;
      }
      if (code !== 0 || stderr !== "") throw new Error(`a participant ended with ${code ?? signal}: ${stderr}`);
    }
    this.#script = undefined;
  }

  /**
   * Kills it a few milliseconds after an acknowledgement picked at random, or after its start: a clock alone would, on a
   * busy machine, kill it before it has done anything, again and again.
   */
  #killSoon(script: SpawnedScript): void {
    let left = Math.floor(Math.random() * (this.increments / this.deaths));
    const kill = () => void setTimeout(() => this.#kill(script), Math.random() * (left === 0 ? 200 : 25));
    if (left === 0) return kill();
    script.child.stdout?.on("data", () => {
      if (--left === 0) kill();
    });
  }

  #kill(script: SpawnedScript): void {
    const { child } = script;
    if (child.exitCode !== null || child.signalCode !== null) return;
    signal(script, "SIGKILL");
  }

  /** Stops it until the answer is called; undefined when it does not run. */
  stop(): (() => void) | undefined {
    const script = this.#script;
    if (script === undefined || script.child.exitCode !== null || script.child.signalCode !== null) return undefined;
    signal(script, "SIGSTOP");
    return () => signal(script, "SIGCONT");
  }

  /** Is not started again: another has failed. */
  end(): void {
    this.#over = true;
    if (this.#script !== undefined) signal(this.#script, "SIGKILL");
  }
}

/** Lets it rage. */
export function storm(rules: Storm): Promise<StormReport> {
  const { runtimes, processes, threads = false, increments, killed, kills, stops = 0, options, shell } = rules;
  const { removals = 0 } = rules;
  const { script = "tests/lock/scripts/increment.ts", wrapper } = rules;
  return withProcesses(async (directory, spawn) => {
    const path = join(directory, "counter.json");
    const participants: Participant[] = [];
    const total = runtimes.length * processes;
    const started = new Map<RuntimeName, number>();
    for (const runtime of runtimes) {
      for (let process = 0; process < processes; process++) {
        const index = started.get(runtime) ?? 0;
        started.set(runtime, index + 1);
        // Both kinds of calls, and on Node both ways to flock.
        const kinds = removals === 0 ? ["", "sync"] : ["", "sync", "locks"];
        const how = threads ? "threads" : kinds[index % kinds.length] ?? "";
        const robbed = removals === 0 ? "" : "robbed";
        const env = runtime === "node" && index === 3 ? hiddenAddon : {};
        const given = JSON.stringify(typeof options === "function" ? options(participants.length) : options);
        const start = (left: number) =>
          spawn(script, [path, String(left), given, how, robbed], {
            runtime,
            env,
            ...wrapper === undefined ? {} : { wrapper },
          });
        // So many of all, and no two side by side while it can be helped.
        const victims = (count: number) => Math.ceil(count * killed / total);
        const isVictim = victims(participants.length + 1) > victims(participants.length);
        participants.push(new Participant(start, increments, isVictim ? kills : 0));
      }
    }
    // Not killed: it would leave its own file half written, which is a shell's way, not ours.
    const bystanders = shell
      ? [new Participant((left) => spawnProgram(["sh", "-c", shellLoop, "sh", path, String(left)]), increments, 0)]
      : [];

    let over = false;
    const everybody = [...participants, ...bystanders];
    // Whatever fails ends it for all: one who is killed at the end of the test would start once more.
    const end = () => {
      over = true;
      everybody.forEach((participant) => participant.end());
    };
    const running = Promise.all(everybody.map((participant) => participant.run())).finally(end);
    let looks = 0;
    const looking = (async () => {
      while (!over) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (!fs.existsSync(path)) continue;
        JSON.parse(fs.readFileSync(path, "utf8"));
        looks++;
      }
    })();
    let stopped = 0;
    const stopping = (async () => {
      while (!over && stopped < stops) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
        const goOn = participants[Math.floor(Math.random() * participants.length)]?.stop();
        if (goOn === undefined) continue;
        stopped++;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
        goOn();
      }
    })();
    let removed = 0;
    const removing = (async () => {
      while (!over && removed < removals) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
        if (!fs.existsSync(`${path}.lock`)) continue;
        try {
          fs.rmSync(`${path}.lock`, { recursive: true, force: true });
          removed++;
        } catch (error) {
          // A token has come into the lock directory meanwhile, or a lock directory has gone.
          if (!["ENOTEMPTY", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
        }
      }
    })();
    await Promise.all([running, looking, stopping, removing]).finally(end);

    const told = everybody.flatMap((each) => each.told);
    const count = rules.counted?.(path, told) ?? JSON.parse(fs.readFileSync(path, "utf8")).count;
    const acknowledged = told.length;
    const suffered = participants.reduce((sum, each) => sum + each.kills, 0);
    const [refused, doubtful] = (["refused", "doubtful"] as const).map((what) =>
      participants.reduce((sum, each) => sum + each[what], 0)
    ) as [number, number];
    // A kill may come between a commit and its acknowledgement: one more for each, in each thread.
    if (!(count >= acknowledged && count <= acknowledged + doubtful + suffered * (threads ? 2 : 1))) {
      throw new Error(`${count} counted, ${acknowledged} acknowledged, ${doubtful} doubtful, ${suffered} kills`);
    }
    const active = everybody.filter((each) => each.acknowledged > 0).length;
    return {
      acknowledged,
      kills: suffered,
      stops: stopped,
      removals: removed,
      refused,
      doubtful,
      count,
      looks,
      participants: active,
    };
  });
}
