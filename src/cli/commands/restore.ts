/** `atomic-write restore FILE [WHICH]`, and with `--list` the versions there are. */
import { type Backup, listBackups } from "../../file/backups.ts";
import { restoreBackup } from "../../file/restore_backup.ts";
import { UsageError } from "../arguments.ts";
import type { restoreTable } from "../grammar/files.ts";
import { locateOperand } from "../operand.ts";
import { written } from "../results.ts";
import { shownName } from "../shown.ts";
import type { Call, Outcome } from "../table.ts";

function line({ path, time, size }: Backup): string {
  return `${new Date(time).toISOString()} ${String(size).padStart(12)} ${shownName(path)}`;
}

/** Runs the command. */
export async function run({ operands, options, abortOnSignal }: Call<typeof restoreTable>): Promise<Outcome> {
  const { list, strict, ...rest } = options;
  const attempt = list ? "Cannot list the backups of" : "Cannot restore";
  const path = locateOperand(operands.file, attempt);
  if (list) {
    if (operands.which !== undefined) {
      throw new UsageError("--list lists all versions: WHICH cannot be combined with it");
    }
    const backups = await listBackups(path, rest.trust === undefined ? {} : { trust: rest.trust });
    return { result: { backups }, output: backups.map(line), changing: false };
  }
  const whenLost = strict ? { whenLost: "throw" as const } : {};
  const signal = abortOnSignal(attempt, path);
  return written(await restoreBackup(path, operands.which, { ...rest, ...whenLost, signal }), rest);
}
