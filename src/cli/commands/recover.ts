/** `atomic-write recover DIR`. Every transaction stands for itself: it may be stopped at any point. */
import { ActivationError } from "../../core/errors.ts";
import { childOf, makeEngine } from "../../protocol/engine.ts";
import { translate } from "../../protocol/failure.ts";
import { currentRuntime } from "../../runtime/current.ts";
import { recoverTransactions, type RecoveryReport } from "../../transaction/recover_transactions.ts";
import { defaultLimit } from "../deploy/deploy_plan.ts";
import { refuseProgramsNotRunnable } from "../program_lookup.ts";
import { runProgramStep } from "../program_step.ts";
import { StepFailed } from "../step_failed.ts";
import type { Call, Outcome } from "../table.ts";
import type { table } from "../tables/recover.ts";
import { recoveryLines, recoveryStatus } from "./deployed.ts";
import { mustExist } from "./existing.ts";
import { locateOperand } from "./location.ts";
import { notInTime, patienceOf } from "./lock_in_time.ts";

const attempt = "Cannot recover";

/** The directories below one, not through symlinks. */
async function* directoriesBelow(directory: string): AsyncGenerator<string, void, void> {
  const engine = makeEngine(currentRuntime(), false);
  for (const { name, kind } of await engine.fileSystem.readDirectory(directory) ?? []) {
    if (kind !== "directory") continue;
    const path = childOf(engine, directory, name);
    yield path;
    yield* directoriesBelow(path);
  }
}

function add(all: RecoveryReport, more: RecoveryReport): void {
  for (const key of ["finished", "undone", "conflicts", "needsActivation"] as const) {
    all[key].push(...more[key].filter((path) => !all[key].includes(path)));
  }
  all.kept.push(...more.kept.filter(({ path }) => !all.kept.some((kept) => kept.path === path)));
}

/** Runs the command. */
export async function run(call: Call<typeof table>): Promise<Outcome> {
  const { operands, options } = call;
  const timeout = patienceOf(options);
  const top = locateOperand(operands.dir, attempt);
  const signal = call.abortOnSignal(attempt, top);
  const { activate: words } = options;
  const directory = currentRuntime().process.workingDirectory();
  await mustExist(top, attempt, "directory", "directory");
  await refuseProgramsNotRunnable(call.host, attempt, top, { activate: words }, [top]);
  const activated: string[] = [];
  const settings = {
    signal,
    lock: { timeout },
    ...options.unproven ? { unproven: "recover" as const } : {},
    ...words === undefined ? {} : {
      async activate(journal: string) {
        const limit = (options.programTimeout ?? defaultLimit) * 1000;
        await runProgramStep(call, { name: "activate", words, directory, limit }, new Map());
        activated.push(journal);
      },
    },
  };
  const all: RecoveryReport = { finished: [], undone: [], conflicts: [], needsActivation: [], kept: [] };
  try {
    add(all, await recoverTransactions(top, settings));
    if (options.recursive) {
      for await (const path of directoriesBelow(top)) {
        signal.throwIfAborted();
        add(all, await recoverTransactions(path, settings));
      }
    }
  } catch (error) {
    if (error instanceof StepFailed) {
      const details = {
        code: "EACTIVATE",
        path: top,
        step: "activate",
        targetState: "replaced",
        cause: error,
      } as const;
      const reason = "what was cut off is at its end, but activating it failed; do it again with --activate";
      throw new ActivationError(`${attempt} ${JSON.stringify(top)}`, reason, details);
    }
    return notInTime(translate(error, { verb: attempt, path: top, targetState: "unknown" }), options);
  }
  const lines = [...recoveryLines(all), ...activated.map((journal) => `activated ${journal}`)];
  return { result: { ...all, activated }, output: lines, status: recoveryStatus(all), changing: true };
}
