/**
 * `atomic-write lock FILE [--] COMMAND`: a program, run while the lock of a file is held. `--inspect` says who holds it;
 * `--break` does so, asks at a terminal, and breaks the lock of the very holder that it has shown, or nothing.
 */
import { breakLock, holderSinceText, insideLock, inspectLock } from "../../lock/mod.ts";
import { optionName, UsageError } from "../arguments.ts";
import { exitStatus } from "../exit_status.ts";
import { endOfProgram } from "../interruption.ts";
import { shownName } from "../shown.ts";
import { LockedCommand } from "../program/program.ts";
import type { Call, Outcome } from "../table.ts";
import type { lockTable } from "../grammar/files.ts";
import { locateOperand } from "../operand.ts";
import { lockInTime } from "../waiting.ts";

type LockCall = Call<typeof lockTable>;

/** Runs the command. */
export async function run(call: LockCall): Promise<Outcome> {
  const { host, operands, options } = call;
  const { shared, exclusive, close, command: text, inspect, break: breaks, force: _checked, ...waiting } = options;
  if (shared && exclusive) throw new UsageError("--shared and --exclusive cannot be combined");
  const attempt = "Cannot lock";
  const words = text === undefined ? operands.command : [host.environment("SHELL") || "/bin/sh", "-c", text];
  const wanted = [inspect, breaks, text !== undefined, operands.command.length > 0].filter(Boolean).length;
  if (wanted === 0) throw new UsageError("COMMAND is missing", "put it after FILE");
  if (wanted > 1) throw new UsageError("only one of COMMAND, --command, --inspect and --break is possible");
  if (inspect || breaks) {
    refuseOptions(call, inspect ? ["lockDirectory", "inspect"] : ["lockDirectory", "break", "force"]);
    return await (inspect ? inspectHolder : breakHolder)(call);
  }
  if (call.options.force) throw new UsageError("--force has no effect without --break");
  const path = locateOperand(operands.file, attempt);
  const command = new LockedCommand(host, attempt, path);
  const lock = await lockInTime(call, path, waiting, { shared: shared === true, signal: command.signal });
  if ("status" in lock) return lock;
  try {
    const inside = insideLock(lock, !close);
    const program = await command.run(words, "shared", inside);
    if (inside.inherit === undefined && !close) call.note(notInherited);
    const { status, signal } = await program.ended;
    return {
      result: { path: lock.path, status, ...signal === undefined ? {} : { signal } },
      status,
      ...endOfProgram(signal),
      changing: true,
    };
  } finally {
    await lock.release();
  }
}

const notInherited =
  "the program cannot inherit this lock: if this process is killed, others may lock the file while " +
  "the program is still running (--close says that this is intended)";

/** Refuses what is about taking a lock where none is taken. */
function refuseOptions({ options }: LockCall, allowed: readonly (keyof LockCall["options"])[]): void {
  const other = (Object.keys(options) as (keyof LockCall["options"])[]).find((key) => !allowed.includes(key));
  if (other === undefined) return;
  throw new UsageError(`${optionName(other)} has no effect: --inspect and --break take no lock`);
}

const placeOf = ({ options: { lockDirectory } }: LockCall) => lockDirectory === undefined ? {} : { lockDirectory };

/** Says who holds the lock. */
async function inspectHolder(call: LockCall): Promise<Outcome> {
  const path = locateOperand(call.operands.file, "Cannot inspect the lock of");
  const holder = await inspectLock(path, placeOf(call));
  const text = holder === undefined ? "is not locked" : `is locked by ${holderSinceText(holder)}`;
  return { result: { path, holder: holder ?? null }, output: [`${shownName(path)} ${text}`], changing: false };
}

/** Frees the lock of a holder that is dead. */
async function breakHolder(call: LockCall): Promise<Outcome> {
  const path = locateOperand(call.operands.file, "Cannot break the lock of");
  const holder = await inspectLock(path, placeOf(call));
  if (holder === undefined) {
    return { result: { path, broken: false }, notes: [`${shownName(path)} is not locked`], changing: false };
  }
  if (!call.options.force && !(await agrees(call, path, holderSinceText(holder)))) {
    return {
      result: { path, broken: false },
      notes: ["nothing was changed"],
      status: exitStatus.notInTime,
      changing: false,
    };
  }
  const broken = await breakLock(path, holder, placeOf(call));
  return broken
    ? { result: { path, broken, holder }, output: [`${shownName(path)} is not locked any more`], changing: true }
    : {
      result: { path, broken },
      notes: ["another holder, or none, has the lock by now; nothing was changed"],
      status: exitStatus.tryAgain,
      changing: false,
    };
}

/** Asks the person at the terminal. */
async function agrees({ host }: LockCall, path: string, holder: string): Promise<boolean> {
  if (!host.isTerminal("input") || !host.isTerminal("errors")) {
    throw new UsageError("--break asks at a terminal, and there is none", "--force breaks the lock without asking");
  }
  const name = shownName(path);
  host.write("errors", `${name} is locked by ${holder}. Break the lock, if you know that it is dead? [y/N] `);
  const answer = await host.readInput();
  return /^y(es)?$/i.test(new TextDecoder().decode(answer).trim());
}
