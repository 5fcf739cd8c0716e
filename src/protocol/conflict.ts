/**
 * The errors of a change that is not made because things are not as the caller, or the plan, says: one place, one
 * wording. What was found and expected is in fields as well, for programs. Nothing has been changed then.
 */
import { ConflictError } from "../core/errors.ts";

/** What is not done, and to which file. */
interface Refused {
  readonly verb: string;
  readonly path: string;
  /** The file that the message names, if it is another one. */
  readonly named?: string;
}

/** Something is in the way, or has become other than it was. */
export function conflict({ verb, path, named }: Refused, reason: string, step: string): ConflictError {
  return new ConflictError(verb, reason, {
    code: "ECONFLICT",
    path,
    ...named === undefined ? {} : { named },
    step,
    targetState: "unchanged",
  });
}

/** What is compared, for programs. */
type Compared =
  | Required<Pick<ConflictError, "expected" | "actual">>
  | Required<Pick<ConflictError, "expectedVersion" | "actualVersion">>;

/** It is not as it was expected to be. `found`: what is so instead, as a clause; `wanted`: what was expected, in a word. */
export function notAsExpected(refused: Refused, found: string, wanted: string, compared: Compared): ConflictError {
  return Object.assign(conflict(refused, `${found}, and ${wanted} was expected`, "read"), compared);
}
