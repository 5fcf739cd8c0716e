/** `atomic-write write`, `copy`, `remove` and `restore`: one file each time. */
import { type Backup, listBackups, restoreBackup } from "../../file/backups.ts";
import { copyFile, type CopyProgress } from "../../file/copy_file.ts";
import { removeFile } from "../../file/remove_file.ts";
import { writeFile } from "../../file/write_file.ts";
import { UsageError } from "../arguments.ts";
import type { copyTable, removeTable, restoreTable, writeTable } from "../grammar/files.ts";
import { readContent, standardInput } from "../input.ts";
import { locateOperand } from "../operand.ts";
import { durabilityNotes, writeOptions, written } from "../results.ts";
import type { Call, Outcome } from "../table.ts";

/** `atomic-write [write] FILE`: standard input into a file. */
export async function write(call: Call<typeof writeTable>): Promise<Outcome> {
  const { host } = call;
  const { appendNewline: _added, allowEmpty: _accepted, requireJson: _required, ...rest } = call.options;
  const attempt = "Cannot write";
  const path = locateOperand(call.operands.file, attempt);
  const signal = call.abortOnSignal(attempt, path);
  if (host.isTerminal("input")) call.note("reading from the terminal; end the input with Ctrl-D");
  const report = await call.progress(`writing ${call.operands.file}`, "byte");
  const content = await readContent(standardInput(host, report), call.options, signal, { attempt, path });
  const result = await writeFile(path, content, writeOptions(rest, signal));
  return written(result, rest);
}

/** `atomic-write copy SOURCE TARGET`. */
export async function copy({ operands, options, abortOnSignal, progress }: Call<typeof copyTable>): Promise<Outcome> {
  const { keepTimes, ...rest } = options;
  const source = locateOperand(operands.source, "Cannot copy");
  const target = locateOperand(operands.target, "Cannot copy to");
  const signal = abortOnSignal("Cannot copy to", target);
  const times = keepTimes ? { keepTimes } : {};
  const report = await progress(`copying ${operands.source}`, "byte");
  const onProgress = ({ bytes, total }: CopyProgress) => report(bytes, total);
  const result = await copyFile(source, target, { ...writeOptions(rest, signal), ...times, onProgress });
  return written(result, rest);
}

/** `atomic-write remove FILE`. */
export async function remove({ operands, options, abortOnSignal }: Call<typeof removeTable>): Promise<Outcome> {
  const attempt = "Cannot remove";
  const path = locateOperand(operands.file, attempt);
  const signal = abortOnSignal(attempt, path);
  const result = await removeFile(path, { ...options, signal });
  const name = JSON.stringify(result.path);
  const notes = result.removed
    ? durabilityNotes(`${name} is removed`, result.durability, options.durability)
    : [`there is no ${name}`];
  return { result, notes, changing: true };
}

function line({ path, time, size }: Backup): string {
  return `${new Date(time).toISOString()} ${String(size).padStart(12)} ${path}`;
}

/** `atomic-write restore FILE [WHICH]`, and with `--list` the versions there are. */
export async function restore({ operands, options, abortOnSignal }: Call<typeof restoreTable>): Promise<Outcome> {
  const { list, ...rest } = options;
  const attempt = list ? "Cannot list the backups of" : "Cannot restore";
  const path = locateOperand(operands.file, attempt);
  if (list) {
    if (operands.which !== undefined) throw new UsageError("--list lists all versions: WHICH makes no sense with it");
    const backups = await listBackups(path);
    return { result: { backups }, output: backups.map(line), changing: false };
  }
  const signal = abortOnSignal(attempt, path);
  return written(await restoreBackup(path, operands.which, { ...rest, signal }), rest);
}
