/** What `atomic-write completions SHELL` takes. */
import type { CommandTable } from "../table.ts";

/** The table. */
export const table = {
  description: [
    "Prints a script that teaches a shell to complete the words of this command. Its first line says where to put it.",
  ],
  operands: { shell: { help: "The shell: bash, zsh or fish", words: ["bash", "zsh", "fish"] } },
  options: {},
  statuses: [],
  examples: ["atomic-write completions bash > atomic-write.bash"],
} as const satisfies CommandTable;
