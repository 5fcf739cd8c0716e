/**
 * `atomic-write recover DIR`. Every transaction is independent: it may be stopped at any point. One directory after
 * the other: one that cannot be recovered does not keep the others from it, and what was done is known whatever comes
 * of the rest.
 */
import { ActivationError, FileError, LockTimeoutError, WriteError } from "../../core/errors.ts";
import { childOf, makeEngine } from "../../protocol/engine.ts";
import { beginAttempt, translate } from "../../protocol/failure.ts";
import { parseJournalName, parseMarkerName } from "../../protocol/names/transaction.ts";
import { currentRuntime } from "../../runtime/current.ts";
import { emptyReport, type RecoveryReport } from "../../transaction/recovery.ts";
import { recoverInto, type RecoverOptions } from "../../transaction/recover_transactions.ts";
import { StagedLists } from "../../transaction/staged_list.ts";
import { defaultLimit } from "../deploy/deploy_plan.ts";
import { exitStatus } from "../exit_status.ts";
import type { recoverTable } from "../grammar/transaction.ts";
import { Interrupted } from "../interruption.ts";
import { locateOperand, mayExist, mustExist } from "../operand.ts";
import { refuseProgramsNotRunnable } from "../program/program_lookup.ts";
import { runProgramStep } from "../program/program_step.ts";
import { recoveryLines, recoveryReasons, recoveryStatus } from "../results.ts";
import { shownName } from "../shown.ts";
import { StepFailed } from "../program/failed.ts";
import type { Call, Outcome } from "../table.ts";
import { patienceOf, ShownWait } from "../waiting.ts";

/** What came of it. */
interface Recovered {
  readonly report: RecoveryReport;
  /** The one that ended all is the first one; the others are in their order. */
  readonly failures: readonly unknown[];
}

/** What ends the whole work: an interruption, an activation that failed, a mistake in this program. */
const endsAll = (error: unknown): boolean =>
  !FileError.is(error) || error instanceof Interrupted || ActivationError.is(error);

/** Recovers a directory and, when asked for, those below it, not through symlinks. */
async function recoverDirectories(
  top: string,
  { recursive, verb, ...options }: RecoverOptions & { recursive: boolean; verb: string; signal: AbortSignal },
): Promise<Recovered> {
  const engine = makeEngine(currentRuntime(), false);
  const report = emptyReport();
  const failures: unknown[] = [];

  async function attempt(path: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (thrown) {
      const error = translate(thrown, { ...beginAttempt(verb, path), targetState: "unknown" });
      if (endsAll(error)) throw error;
      // Removed since it was seen: nothing is left to be recovered.
      const isGone = path !== top && WriteError.is(error) && error.code === "ENOENT" && error.step === "readDirectory";
      if (!isGone) failures.push(error);
      return false;
    }
  }

  async function subdirectories(path: string): Promise<string[]> {
    const entries = await engine.fileSystem.readDirectory(path) ?? [];
    return entries.filter(({ kind }) => kind === "directory").map(({ name }) => childOf(engine, path, name)).sort();
  }

  async function visit(path: string): Promise<void> {
    options.signal.throwIfAborted();
    const recovered = await attempt(path, () => recoverInto(report, path, options));
    if (!recursive) return;
    let below: string[] = [];
    const list = async () => {
      below = await subdirectories(path);
    };
    // What cannot be listed has been reported already.
    if (recovered) await attempt(path, list);
    else await list().catch(() => {});
    for (const each of below) await visit(each);
  }

  try {
    await visit(top);
  } catch (error) {
    const isChanged = report.finished.length + report.undone.length > 0;
    const isInterrupted = isChanged && error instanceof Interrupted;
    failures.unshift(isInterrupted ? new Interrupted(verb, top, error.signal, "unknown") : error);
  }
  return { report: await settledReport(report), failures };
}

/** The transaction whose journal or marker is at the path. */
function transactionAt(path: string): string | undefined {
  const name = path.replace(/^.*[/\\]/s, "");
  return parseJournalName(name)?.id ?? parseMarkerName(name);
}

/** Everything once, and without what was kept in one directory and then settled from another. */
async function settledReport(report: RecoveryReport): Promise<RecoveryReport> {
  const once = (paths: readonly string[]) => [...new Set(paths)];
  const needsActivation = once(report.needsActivation);
  const settled = new Set(needsActivation.map(transactionAt));
  const kept = new Map<string, RecoveryReport["kept"][number]>();
  for (const each of report.kept) {
    const { path, reason } = each;
    if (kept.has(path) || (reason === "unreachable" && settled.has(transactionAt(path)))) continue;
    if (await mayExist(path)) kept.set(path, each);
  }
  return {
    finished: once(report.finished),
    undone: once(report.undone),
    conflicts: once(report.conflicts),
    needsActivation,
    kept: [...kept.values()],
  };
}

const attempt = "Cannot recover";

function activationFailed(path: string, cause: StepFailed): ActivationError {
  const details = { code: "EACTIVATE", path, step: "activate", targetState: "replaced", cause } as const;
  const reason = "the interrupted deployment is finished, but activating it failed; run this again with --activate";
  return new ActivationError(attempt, reason, details);
}

/** `atomic-write recover DIR`. */
export async function run(call: Call<typeof recoverTable>): Promise<Outcome> {
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
    lock: {
      timeout,
      ...options.lockDirectory === undefined ? {} : { lockDirectory: options.lockDirectory },
      ...new ShownWait(call).options,
    },
    ...options.unproven ? { unproven: "recover" as const } : {},
    ...options.trust === undefined ? {} : { trust: options.trust },
    ...options.unsafePath === undefined ? {} : { unsafePath: options.unsafePath },
    ...words === undefined ? {} : {
      async activate(journal: string) {
        const limit = (options.programTimeout ?? defaultLimit) * 1000;
        // Where it is, something has just been renamed; `top` need not be writable.
        const lists = new StagedLists(journal, { verb: attempt, path: journal });
        try {
          // What is where, its own journal has said; the program must find the variables all the same.
          const step = { name: "activate", words, directory, limit } as const;
          await runProgramStep(call, step, await lists.place(new Map()));
        } catch (error) {
          throw error instanceof StepFailed ? activationFailed(top, error) : error;
        } finally {
          await lists.remove();
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
    output: [...recoveryLines(report), ...[...activated].map((journal) => `activated ${shownName(journal)}`)],
    reasons: recoveryReasons(report),
    failures,
    ...status === undefined ? {} : { status },
    changing: true,
  };
}
