/** `atomic-write lock FILE -- COMMAND`: a program, run while the lock of a file is held. */
import { isStopSignal } from "../../runtime/host/command_host.ts";
import { UsageError } from "../arguments.ts";
import { LockedCommand } from "../program/program.ts";
import type { Call, Outcome } from "../table.ts";
import type { lockTable } from "../grammar/files.ts";
import { locateOperand } from "../operand.ts";
import { lockInTime } from "../waiting.ts";

/** Runs the command. */
export async function run({ host, operands, options }: Call<typeof lockTable>): Promise<Outcome> {
  const { shared, exclusive, ...waiting } = options;
  if (shared && exclusive) throw new UsageError("--shared and --exclusive cannot be combined");
  const attempt = "Cannot lock";
  const path = locateOperand(operands.file, attempt);
  const command = new LockedCommand(host, attempt, path);
  const lock = await lockInTime(path, waiting, { shared: shared === true, signal: command.signal });
  if ("status" in lock) return lock;
  try {
    const program = await command.run(operands.command, "shared");
    const { status, signal } = await program.ended;
    return {
      result: { path: lock.path, status, ...signal === undefined ? {} : { signal } },
      status,
      ...isStopSignal(signal) ? { signal } : {},
      changing: true,
    };
  } finally {
    await lock.release();
  }
}
