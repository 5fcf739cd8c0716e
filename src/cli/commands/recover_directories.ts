/**
 * Directory after directory for `recover`: one that cannot be recovered does not keep the others from it, and what was
 * done is known whatever comes of the rest.
 */
import { ActivationError, FileError, WriteError } from "../../core/errors.ts";
import { childOf, makeEngine } from "../../protocol/engine.ts";
import { beginAttempt, translate } from "../../protocol/failure.ts";
import { parseJournalName, parseMarkerName } from "../../protocol/transaction_names.ts";
import { currentRuntime } from "../../runtime/current.ts";
import { emptyReport } from "../../transaction/recover_one.ts";
import { recoverInto, type RecoverOptions, type RecoveryReport } from "../../transaction/recover_transactions.ts";
import { Interrupted } from "../interruption.ts";

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
export async function recoverDirectories(
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
    // What cannot be listed has been told already.
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
    if (await isThere(path)) kept.set(path, each);
  }
  return {
    finished: once(report.finished),
    undone: once(report.undone),
    conflicts: once(report.conflicts),
    needsActivation,
    kept: [...kept.values()],
  };
}

async function isThere(path: string): Promise<boolean> {
  try {
    return await currentRuntime().fileSystem.linkStat(path) !== undefined;
  } catch {
    // What cannot be looked at has not been settled.
    return true;
  }
}
