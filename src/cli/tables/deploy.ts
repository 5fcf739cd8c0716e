/** What `atomic-write deploy PLAN` takes. */
import type { CommandTable } from "../table.ts";
import { transactionRows } from "./transaction_rows.ts";

/** The table. */
export const table = {
  description: [
    "Replaces the files that PLAN, a JSON file, names: all of them or none, across crashes and power cuts, too. " +
    "Everything is staged, then `validate` of the plan is asked, then all files are switched, then `activate` makes them " +
    "take effect. When that fails, every file is restored and activated again (status 90). Files that are as they should " +
    "be are not touched, and when all are, no program runs.",
    "PLAN is { files: [{ path, source | content, mode, owner, defaults }], validate: [word…], activate: [word…], backup, " +
    "timeouts: { validate, activate } }. Paths are relative to PLAN, where the programs run, too, without a shell; they " +
    "find in ATOMIC_WRITE_STAGED, a JSON object, where the new content of each file is. What they print is shown when " +
    "they fail. docs/deploy_plan.md explains it all.",
    "SIGINT, SIGTERM and SIGHUP leave everything as it was, until the files are switched; from then on the deployment is " +
    "brought to its end.",
  ],
  operands: { plan: { help: "The JSON file that says what is to be where" } },
  options: { ...transactionRows },
  examples: [
    `echo '{"files":[{"path":"greeting","content":"hello"}],"activate":["cat","greeting"]}' > plan.json`,
    "atomic-write deploy -w 30 plan.json",
  ],
} as const satisfies CommandTable;
