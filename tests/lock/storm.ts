/**
 * Many processes on every runtime, and perhaps a shell with flock(1), increment one counter while some of them are killed
 * and started again. Afterwards the counter is what was acknowledged, or at most one more for every kill; and it was
 * valid JSON all the time.
 */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { listen, signal, withProcesses } from "../real/processes.ts";
import { type RuntimeName, type SpawnedScript, spawnProgram } from "../support/spawn.ts";
import { hiddenAddon, pause } from "./support.ts";

export interface Storm {
  readonly runtimes: readonly RuntimeName[];
  /** Processes on each of them. */
  readonly processes: number;
  /** Increments of each process. */
  readonly increments: number;
  /** How many of the processes are killed, again and again, at random moments. */
  readonly killed: number;
  readonly options: object;
  /** Whether a shell takes part, with flock(1) on the lock file. */
  readonly shell: boolean;
}

export interface StormReport {
  readonly acknowledged: number;
  readonly kills: number;
  readonly count: number;
  readonly looks: number;
}

const shellLoop = `
  i=0
  while [ $i -lt "$2" ]; do
    flock "$1.lock" sh -c '
      n=$(tr -dc 0-9 < "$1" 2>/dev/null)
      echo "{\\"count\\":$((\${n:-0} + 1))}" > "$1.shell" && mv "$1.shell" "$1" && echo +' sh "$1" || exit 1
    i=$((i + 1))
  done`;

/** One participant, however often it is started again. */
class Participant {
  acknowledged = 0;
  kills = 0;
  #script: SpawnedScript | undefined;

  constructor(readonly start: (left: number) => SpawnedScript, readonly increments: number) {}

  /** Runs to the end of its increments. */
  async run(): Promise<void> {
    while (this.acknowledged < this.increments) {
      const script = this.start(this.increments - this.acknowledged);
      this.#script = script;
      const heard = listen(script.child);
      const { code, signal, stderr } = await script.status;
      this.acknowledged += heard.text.split("\n").length - 1;
      if (signal === "SIGKILL") continue;
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      break;
    }
    this.#script = undefined;
  }

  kill(): void {
    if (this.#script === undefined) return;
    const { child } = this.#script;
    if (child.exitCode !== null || child.signalCode !== null) return;
    signal(this.#script, "SIGKILL");
    this.kills++;
  }
}

/** Lets it rage. */
export function storm({ runtimes, processes, increments, killed, options, shell }: Storm): Promise<StormReport> {
  return withProcesses(async (directory, spawn) => {
    const path = join(directory, "counter.json");
    const participants: Participant[] = [];
    for (const runtime of runtimes) {
      for (let index = 0; index < processes; index++) {
        // Both kinds of calls, and on Node both ways to flock.
        const how = index % 2 === 0 ? "" : "sync";
        const env = runtime === "node" && index === 3 ? hiddenAddon : {};
        const start = (left: number) =>
          spawn("tests/lock/scripts/increment.ts", [path, String(left), JSON.stringify(options), how], {
            runtime,
            env,
          });
        participants.push(new Participant(start, increments));
      }
    }
    // Not killed: it would leave its own file half written, which is a shell's way, not ours.
    const bystanders = shell
      ? [new Participant((left) => spawnProgram(["sh", "-c", shellLoop, "sh", path, String(left)]), increments)]
      : [];

    let over = false;
    const running = Promise.all([...participants, ...bystanders].map((participant) => participant.run()));
    const stop = () => void (over = true);
    running.then(stop, stop);
    const victims = participants.filter((_, index) =>
      index % Math.max(1, Math.floor(participants.length / killed)) === 0
    );
    const killing = (async () => {
      while (!over && killed > 0) {
        await pause(200 + Math.random() * 400);
        if (!over) victims[Math.floor(Math.random() * victims.length)]?.kill();
      }
    })();
    let looks = 0;
    const looking = (async () => {
      while (!over) {
        await pause(20);
        if (!fs.existsSync(path)) continue;
        JSON.parse(fs.readFileSync(path, "utf8"));
        looks++;
      }
    })();
    await Promise.all([running, killing, looking]);

    const { count } = JSON.parse(fs.readFileSync(path, "utf8"));
    const acknowledged = [...participants, ...bystanders].reduce((sum, each) => sum + each.acknowledged, 0);
    const kills = participants.reduce((sum, each) => sum + each.kills, 0);
    assert(count >= acknowledged, `${acknowledged - count} updates are lost: ${count} of ${acknowledged}`);
    assert(count <= acknowledged + kills, `${count} counted, ${acknowledged} acknowledged, ${kills} kills`);
    return { acknowledged, kills, count, looks };
  });
}
