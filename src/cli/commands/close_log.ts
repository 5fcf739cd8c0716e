/** The end of a command that has written to a log: what was appended stays, whatever closing says. */
import type { Log } from "../../log/log.ts";

/** Closes the log; the note for the user when that fails, which is no reason to append the same records again. */
export async function closeLog(log: Log): Promise<string[]> {
  try {
    await log.close();
    return [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [`${reason}; its records are safe, but damage to the last of them would not be noticed`];
  }
}
