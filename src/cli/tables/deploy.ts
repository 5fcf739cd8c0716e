/** What `atomic-write deploy PLAN` takes. */
import type { CommandTable } from "../table.ts";
import { transactionRows } from "./transaction_rows.ts";

/** The table. */
export const table = {
  description: [
    "Replaces the files that PLAN names, all or none, across crashes and power cuts, too. All is staged, " +
    "`validate` is asked, all files are switched, `activate` makes them take effect. If that fails, every file is " +
    "restored, and activated again (status 90). Files that are as they should be are not touched, and when all " +
    "are, no program runs.",
    "PLAN is { files: [{ path, source | content, mode, owner, defaults }], validate: [word…], activate: [word…], " +
    "backup, timeouts: { validate, activate } }. Paths are relative to PLAN, where the programs run, too, without " +
    "a shell; in ATOMIC_WRITE_STAGED, a JSON object, they find where the new content of each file is. What they " +
    "print is shown when they fail. See docs/deploy_plan.md.",
    "SIGINT, SIGTERM and SIGHUP leave everything as it was until the files are switched; from then on the " +
    "deployment is brought to its end.",
  ],
  operands: { plan: { help: "The JSON file that says what is to be where" } },
  options: { ...transactionRows },
  statuses: [1, 2, 65, 66, 90, 91, 126, 127],
  examples: [
    `echo '{"files":[{"path":"greeting","content":"hello"}],"activate":["cat","greeting"]}' > plan.json`,
    "atomic-write deploy -w 30 plan.json",
  ],
} as const satisfies CommandTable;
