/**
 * The errors for what a caller gave: an argument or option of the wrong kind, or a number out of range.
 *
 * Callers see them as a TypeError and a RangeError. They are classes of their own because the runtime throws both, too:
 * for a mistake in this module, in a callback, or when memory or the stack is exhausted. Those say nothing about what
 * the caller gave, keep their own stack (caller_stack.ts), and are no wrong usage of the command.
 */

/** What callers see as a TypeError: an argument or option is not what it must be. */
export class InvalidArgument extends TypeError {}

/** What callers see as a RangeError: a value they gave is out of range. */
export class OutOfRange extends RangeError {}

/** Whether an error is about what the caller gave. */
export function isInvalidArgument(error: unknown): error is InvalidArgument | OutOfRange {
  return error instanceof InvalidArgument || error instanceof OutOfRange;
}
