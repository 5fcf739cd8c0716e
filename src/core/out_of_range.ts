/** The error for a value that cannot be, whatever it is for. */

/**
 * What callers see as a RangeError: a value they gave is out of range. A class of its own, because the runtime throws
 * RangeErrors too, when memory or the stack is exhausted, and those say nothing about a caller's value.
 */
export class OutOfRange extends RangeError {}
