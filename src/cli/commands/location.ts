/** The file an operand means, absolute, so that messages and machines are told the same name whatever happens next. */
import { FileError } from "../../core/errors.ts";
import { locate, makeEngine } from "../../protocol/engine.ts";
import { currentRuntime } from "../../runtime/current.ts";
import { SystemError } from "../../runtime/system_error.ts";
import { UsageError } from "../arguments.ts";

/** The absolute path of an operand. `attempt` begins the message of a failure: `Cannot write`. */
export function locateOperand(operand: string, attempt: string): string {
  try {
    return locate(makeEngine(currentRuntime(), false), operand);
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    const cause = FileError.is(error) ? error.cause : error;
    if (!(cause instanceof SystemError)) throw error;
    const { code, call: step } = cause;
    const details = { code, path: operand, step, targetState: "unchanged", cause } as const;
    throw new FileError(`${attempt} ${JSON.stringify(operand)}`, "it is not known which directory this is", details);
  }
}
