/** What `atomic-write copy SOURCE TARGET` takes. */
import { type CommandTable, flag } from "../table.ts";
import { writeRows } from "./write_rows.ts";

/** The table. */
export const table = {
  description: [
    "Replaces or makes TARGET with the content of SOURCE, as `write` does, sharing blocks where the file system " +
    "can. TARGET keeps its mode and owner; a new one gets the mode of SOURCE, less the umask.",
    "A SOURCE that changes while it is read is status 75.",
  ],
  operands: {
    source: { help: "The file to read", insteadOfDash: "standard input is what `… | atomic-write TARGET` writes" },
    target: { help: "The file to write" },
  },
  options: { ...writeRows, keepTimes: flag("Give TARGET the modification time of SOURCE") },
  statuses: [2, 66],
  examples: ["atomic-write copy --backup 3 /etc/hosts hosts.copy"],
} as const satisfies CommandTable;
