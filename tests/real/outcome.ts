/** How a call ended, in a form that can be compared and sent between processes. */
import { FileError, type WriteResult } from "../../mod.ts";

export interface Failure {
  name: string;
  message: string;
  code?: string;
  step?: string;
  targetState?: string;
  leftBehind?: string[];
  cleanupErrors?: number;
}

export interface Outcome {
  result?: WriteResult;
  failure?: Failure;
}

function describeFailure(error: unknown): Failure {
  if (FileError.is(error)) {
    const { name, message, code, step, targetState, leftBehind, cleanupErrors } = error;
    return { name, message, code, step, targetState, leftBehind, cleanupErrors: cleanupErrors.length };
  }
  return error instanceof Error ? { name: error.name, message: error.message } : { name: "", message: String(error) };
}

/** Runs a call and tells how it ended. */
export async function outcomeOf(call: () => Promise<WriteResult>): Promise<Outcome> {
  try {
    return { result: await call() };
  } catch (error) {
    return { failure: describeFailure(error) };
  }
}
