/** `atomic-write update FILE -- COMMAND`: old content in, new content out, inside the lock. */
import { run as drive } from "../../core/operation.ts";
import { beginAttempt, translate } from "../../protocol/failure.ts";
import { closeQuietly } from "../../protocol/file_call.ts";
import { ensureTargetDirectory } from "../../protocol/replace_file.ts";
import type { ChildProgram } from "../../runtime/host/child_program.ts";
import { currentRuntime } from "../../runtime/current.ts";
import { writeFile } from "../../file/write_file.ts";
import { readWriteOptions, type WriteFileOptions } from "../../file/write_options.ts";
import { readContent } from "../input.ts";
import { LockedCommand } from "../program/program.ts";
import { ProgramOutput } from "../program/program_output.ts";
import type { Call, Outcome } from "../table.ts";
import type { updateTable } from "../grammar/files.ts";
import { locateOperand } from "../operand.ts";
import { insideLock, lockInTime, releaseUnused } from "../waiting.ts";
import { writeOptions, written } from "../results.ts";

const chunkSize = 64 * 1024;

/** Hands the content of the file to the program, as long as it reads. */
async function feed(path: string, program: ChildProgram): Promise<void> {
  const file = await currentRuntime().fileSystem.open(path, "read");
  try {
    const buffer = new Uint8Array(chunkSize);
    for (let count = await file?.read(buffer) ?? 0; count > 0; count = await file?.read(buffer) ?? 0) {
      if (!await program.writeInput(buffer.subarray(0, count))) return;
    }
  } finally {
    if (file !== undefined) await drive(() => closeQuietly(file));
    program.endInput();
  }
}

/** The lock lives in the directory of the file. */
async function makeDirectory(path: string, options: WriteFileOptions): Promise<void> {
  const { engine, plan } = readWriteOptions(options, false);
  const attempt = beginAttempt("Cannot update", path);
  try {
    await drive(() => ensureTargetDirectory(engine, path, plan, attempt));
  } catch (error) {
    throw translate(error, attempt);
  }
}

/** Runs the command. */
export async function run(call: Call<typeof updateTable>): Promise<Outcome> {
  const { nonblock, timeout, conflictExitCode, lockDirectory, join, verbose, ...writing } = call.options;
  const { appendNewline, allowEmpty, requireJson, ...rest } = writing;
  const attempt = "Cannot update";
  const words = call.operands.command;
  const path = locateOperand(call.operands.file, attempt);
  const command = new LockedCommand(call.host, attempt, path);
  // From the start of the program on signals are its own: they end it, and that ends this.
  const none = new AbortController().signal;
  const options = writeOptions(rest, none);
  if (rest.mkdir) await makeDirectory(path, options);
  const waiting = { nonblock, timeout, conflictExitCode, lockDirectory, join, verbose, unsafePath: rest.unsafePath };
  const mode = rest.mode === undefined ? {} : { mode: rest.mode };
  const lock = await lockInTime(call, path, waiting, { shared: false, signal: command.signal, ...mode });
  if ("status" in lock) return lock;
  let isDone = false;
  try {
    const program = await command.run(words, "piped", { environment: insideLock(lock, false).environment });
    let unread: unknown;
    const fed = feed(lock.path, program).catch((error) => {
      unread = translate(error, beginAttempt("Cannot update", path));
      program.send("SIGTERM");
    });
    const output = new ProgramOutput(program, {
      ofEnd: (end) => command.failed(words, end),
      ofOpenOutput: () => command.outputHeldOpen(words),
    });
    const read = async () => {
      const chunk = await output.read();
      if (chunk !== undefined) return chunk;
      await fed;
      if (unread !== undefined) throw unread;
      return undefined;
    };
    const rules = { appendNewline, allowEmpty, requireJson };
    const from = { name: `the output of ${JSON.stringify(words[0])}`, read };
    try {
      const content = await readContent(from, rules, none, { attempt, path: lock.path });
      const result = await writeFile(path, content, { ...options, lock, skipIfEqual: true });
      isDone = true;
      return written(result, rest);
    } catch (error) {
      // Nobody reads its output any more.
      program.send("SIGTERM");
      await program.ended;
      throw error;
    }
  } finally {
    await (isDone ? lock.release() : releaseUnused(lock));
  }
}
