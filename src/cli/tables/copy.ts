/** What `atomic-write copy SOURCE TARGET` takes. */
import { type CommandTable, flag } from "../table.ts";
import { writeRows } from "./write_rows.ts";

/** The table. */
export const table = {
  description: [
    "Replaces or makes TARGET with the content of SOURCE, as whole and durable as `write` does, sharing blocks where " +
    "the file system can. TARGET keeps its own mode and owner; a new one gets the mode of SOURCE, less the umask.",
    "A SOURCE that changes while it is read fails the copy with status 75.",
  ],
  operands: { source: { help: "The file to read" }, target: { help: "The file to write" } },
  options: { ...writeRows, keepTimes: flag("Give TARGET the modification time of SOURCE") },
  examples: ["atomic-write copy --backup 3 /etc/hosts hosts.copy"],
} as const satisfies CommandTable;
