/** What `atomic-write lock FILE -- COMMAND` takes. */
import { type CommandTable, flag } from "../table.ts";
import { waitRows } from "./lock_rows.ts";

/** The table. */
export const table = {
  description: [
    "Runs COMMAND while the lock of FILE is held, and ends with its status. The lock is flock(2) on FILE.lock: it " +
    "keeps out all who lock FILE with atomic-write, or FILE.lock with flock(1).",
    "SIGINT, SIGTERM and SIGHUP are sent on to COMMAND, but for those that a terminal sends it anyway. COMMAND " +
    "does not inherit the lock: it ends with this process, even if that is killed while COMMAND goes on.",
  ],
  operands: {
    file: { help: "The file whose lock it is; it need not exist" },
    command: { help: "The program to run, found as a shell finds it, and its arguments", rest: true },
  },
  options: {
    shared: flag("Together with others that ask for it shared", "s"),
    exclusive: flag("Alone (the default)", "x"),
    ...waitRows,
  },
  statuses: [1, 126, 127],
  examples: [
    'atomic-write lock -w 10 state.json -- echo "nobody else changes it now"',
    `atomic-write lock -n nightly -- sh -c 'echo "the only one"' || echo "it runs already"`,
  ],
} as const satisfies CommandTable;
