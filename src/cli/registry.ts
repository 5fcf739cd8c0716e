/**
 * The commands by name. Nothing of a command is loaded before it is asked for: first its table, then what it does.
 *
 * The modules are named by text and not by literals in `import()`: what those name, Deno loads before the first line
 * runs, and most of the time that a small command takes is its start. scripts/npm/parts.js makes literals of them.
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

function module<Module>(path: string): Promise<Module> {
  return import(path);
}

/** All of them. */
export const commands = {
  write: {
    summary: "Replace or make a file with standard input",
    table: () => module("./tables/write.ts"),
    load: () => module("./commands/write.ts"),
  },
  copy: {
    summary: "Replace or make a file with another one's content",
    table: () => module("./tables/copy.ts"),
    load: () => module("./commands/copy.ts"),
  },
  remove: {
    summary: "Remove a file so that it stays removed",
    table: () => module("./tables/remove.ts"),
    load: () => module("./commands/remove.ts"),
  },
  restore: {
    summary: "Bring an earlier version of a file back, or list them",
    table: () => module("./tables/restore.ts"),
    load: () => module("./commands/restore.ts"),
  },
  update: {
    summary: "Change a file through a program, inside its lock",
    table: () => module("./tables/update.ts"),
    load: () => module("./commands/update.ts"),
  },
  lock: {
    summary: "Run a program while the lock of a file is held",
    table: () => module("./tables/lock.ts"),
    load: () => module("./commands/lock.ts"),
  },
  deploy: {
    summary: "Replace several files together, activate them, or put everything back",
    table: () => module("./tables/deploy.ts"),
    load: () => module("./commands/deploy.ts"),
  },
  recover: {
    summary: "Finish or undo deployments that were cut off",
    table: () => module("./tables/recover.ts"),
    load: () => module("./commands/recover.ts"),
  },
  publish: {
    summary: "Replace a whole directory by one switch of a symlink",
    table: () => module("./tables/publish.ts"),
    load: () => module("./commands/publish.ts"),
  },
  "roll-back": {
    summary: "Go back to the directory that was published before",
    table: () => module("./tables/roll_back.ts"),
    load: () => module("./commands/roll_back.ts"),
  },
  "store put": {
    summary: "Keep content under its own SHA-256",
    table: () => module("./tables/store_put.ts"),
    load: () => module("./commands/store_put.ts"),
  },
  "store get": {
    summary: "Print an object",
    table: () => module("./tables/store_get.ts"),
    load: () => module("./commands/store_get.ts"),
  },
  "store restore": {
    summary: "Write an object to a file",
    table: () => module("./tables/store_restore.ts"),
    load: () => module("./commands/store_restore.ts"),
  },
  "store list": {
    summary: "Print the SHA-256 of every object",
    table: () => module("./tables/store_list.ts"),
    load: () => module("./commands/store_list.ts"),
  },
  "store verify": {
    summary: "Read every object and tell which are damaged",
    table: () => module("./tables/store_verify.ts"),
    load: () => module("./commands/store_verify.ts"),
  },
  "store gc": {
    summary: "Remove the objects that nobody refers to",
    table: () => module("./tables/store_gc.ts"),
    load: () => module("./commands/store_gc.ts"),
  },
  "log append": {
    summary: "Add a record to a log",
    table: () => module("./tables/log_append.ts"),
    load: () => module("./commands/log_append.ts"),
  },
  "log read": {
    summary: "Print the records of a log",
    table: () => module("./tables/log_read.ts"),
    load: () => module("./commands/log_read.ts"),
  },
  "log checkpoint": {
    summary: "Replace the records of a log by what they amount to",
    table: () => module("./tables/log_checkpoint.ts"),
    load: () => module("./commands/log_checkpoint.ts"),
  },
  doctor: {
    summary: "Measure what a directory and this runtime really give",
    table: () => module("./tables/doctor.ts"),
    load: () => module("./commands/doctor.ts"),
  },
  completions: {
    summary: "Print what teaches a shell to complete these words",
    table: () => module("./tables/completions.ts"),
    load: () => module("./commands/completions.ts"),
  },
  sweep: {
    summary: "Remove what killed writers have left in a directory",
    table: () => module("./tables/sweep.ts"),
    load: () => module("./commands/sweep.ts"),
  },
} as const satisfies Record<string, Command>;

/** What a first word stands for that only the second makes a command. */
export const groups: Readonly<Record<string, string>> = {
  store: "Objects kept under their own SHA-256, verified when they are read",
  log: "Records, one after another, that a power cut cannot tear",
};

/** Whether a word is the first of several commands. */
export function isGroup(word: string | undefined): word is string {
  return word !== undefined && Object.hasOwn(groups, word);
}

/** The second words of a group's commands. */
export function membersOf(group: string): string[] {
  return Object.keys(commands).filter((name) => name.startsWith(`${group} `)).map((name) =>
    name.slice(group.length + 1)
  );
}

/** The command of that name. */
export function commandNamed(name: string): Command | undefined {
  return Object.hasOwn(commands, name) ? (commands as Record<string, Command>)[name] : undefined;
}

/** Whether a first argument means a command and no file. */
export function isReserved(name: string): boolean {
  return name === "help" || commandNamed(name) !== undefined || isGroup(name);
}
