/** `atomic-write recover DIR`. Every transaction stands for itself: it may be stopped at any point. */
import { ActivationError, LockTimeoutError } from "../../core/errors.ts";
import { currentRuntime } from "../../runtime/current.ts";
import { defaultLimit } from "../deploy/deploy_plan.ts";
import { exitStatus } from "../exit_status.ts";
import { refuseProgramsNotRunnable } from "../program_lookup.ts";
import { runProgramStep } from "../program_step.ts";
import { StepFailed } from "../step_failed.ts";
import type { Call, Outcome } from "../table.ts";
import type { table } from "../tables/recover.ts";
import { recoveryLines, recoveryReasons, recoveryStatus } from "./deployed.ts";
import { mustExist } from "./existing.ts";
import { locateOperand } from "./location.ts";
import { patienceOf } from "./lock_in_time.ts";
import { recoverDirectories } from "./recover_directories.ts";

const attempt = "Cannot recover";

function activationFailed(path: string, cause: StepFailed): ActivationError {
  const details = { code: "EACTIVATE", path, step: "activate", targetState: "replaced", cause } as const;
  const reason = "what was cut off is at its end, but activating it failed; do it again with --activate";
  return new ActivationError(`${attempt} ${JSON.stringify(path)}`, reason, details);
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
  const activated = new Set<string>();
  const { report, failures } = await recoverDirectories(top, {
    recursive: options.recursive === true,
    verb: attempt,
    signal,
    lock: { timeout },
    ...options.unproven ? { unproven: "recover" as const } : {},
    ...words === undefined ? {} : {
      async activate(journal: string) {
        const limit = (options.programTimeout ?? defaultLimit) * 1000;
        try {
          await runProgramStep(call, { name: "activate", words, directory, limit }, new Map());
        } catch (error) {
          throw error instanceof StepFailed ? activationFailed(top, error) : error;
        }
        activated.add(journal);
      },
    },
  });
  const [first] = failures;
  const status = LockTimeoutError.is(first)
    ? options.conflictExitCode ?? exitStatus.notInTime
    : first === undefined
    ? recoveryStatus(report)
    : undefined;
  return {
    result: { ...report, activated: [...activated] },
    output: [...recoveryLines(report), ...[...activated].map((journal) => `activated ${journal}`)],
    reasons: recoveryReasons(report),
    failures,
    ...status === undefined ? {} : { status },
    changing: true,
  };
}
