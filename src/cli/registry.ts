/**
 * The commands by name. Nothing of a command is loaded before it is asked for: first its table, then what it does.
 */
import type { Call, CommandTable, Outcome } from "./table.ts";

/** A command as the registry knows it. */
export interface Command {
  /** One line of the list of commands. */
  readonly summary: string;
  /** What it takes. */
  table(): Promise<{ readonly table: CommandTable }>;
  /** What it does. */
  load(): Promise<{ run(call: Call): Promise<Outcome> }>;
}

/** All of them. */
export const commands = {
  write: {
    summary: "Replace or make a file with standard input",
    table: () => import("./tables/write.ts"),
    load: () => import("./commands/write.ts"),
  },
  copy: {
    summary: "Replace or make a file with another one's content",
    table: () => import("./tables/copy.ts"),
    load: () => import("./commands/copy.ts"),
  },
  remove: {
    summary: "Remove a file so that it stays removed",
    table: () => import("./tables/remove.ts"),
    load: () => import("./commands/remove.ts"),
  },
  restore: {
    summary: "Bring an earlier version of a file back, or list them",
    table: () => import("./tables/restore.ts"),
    load: () => import("./commands/restore.ts"),
  },
  update: {
    summary: "Change a file through a program, inside its lock",
    table: () => import("./tables/update.ts"),
    load: () => import("./commands/update.ts"),
  },
  lock: {
    summary: "Run a program while the lock of a file is held",
    table: () => import("./tables/lock.ts"),
    load: () => import("./commands/lock.ts"),
  },
  deploy: {
    summary: "Replace several files together, activate them, or put everything back",
    table: () => import("./tables/deploy.ts"),
    load: () => import("./commands/deploy.ts"),
  },
  recover: {
    summary: "Finish or undo deployments that were cut off",
    table: () => import("./tables/recover.ts"),
    load: () => import("./commands/recover.ts"),
  },
  publish: {
    summary: "Replace a whole directory by one switch of a symlink",
    table: () => import("./tables/publish.ts"),
    load: () => import("./commands/publish.ts"),
  },
  "roll-back": {
    summary: "Go back to the directory that was published before",
    table: () => import("./tables/roll_back.ts"),
    load: () => import("./commands/roll_back.ts"),
  },
  sweep: {
    summary: "Remove what killed writers have left in a directory",
    table: () => import("./tables/sweep.ts"),
    load: () => import("./commands/sweep.ts"),
  },
} as const satisfies Record<string, Command>;

/**
 * Names that later versions give a meaning. A script that uses one of them today must not get a file of that name.
 */
export const plannedCommands: readonly string[] = [
  "doctor",
  "store",
  "log",
  "completions",
];

/** The command of that name. */
export function commandNamed(name: string): Command | undefined {
  return Object.hasOwn(commands, name) ? (commands as Record<string, Command>)[name] : undefined;
}

/** Whether a first argument means a command, now or later, and no file. */
export function isReserved(name: string): boolean {
  return name === "help" || commandNamed(name) !== undefined || plannedCommands.includes(name);
}
