/**
 * The commands by name. Nothing of a command is loaded before it is asked for: first its table, then what it does.
 *
 * The modules are named by text and not by literals in `import()`: what those name, Deno loads before the first line
 * runs, and most of the time that a small command takes is its start. scripts/npm/parts.js makes literals of them. Their
 * types are named by literals: `deno install` fetches what types name as well, so that an installed command needs no
 * network when it is used for the first time, and at the start nothing of them is loaded.
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
    table: () => module<typeof import("./tables/write.ts")>("./tables/write.ts"),
    load: () => module<typeof import("./commands/write.ts")>("./commands/write.ts"),
  },
  copy: {
    summary: "Replace or make a file with another one's content",
    table: () => module<typeof import("./tables/copy.ts")>("./tables/copy.ts"),
    load: () => module<typeof import("./commands/copy.ts")>("./commands/copy.ts"),
  },
  remove: {
    summary: "Remove a file so that it stays removed",
    table: () => module<typeof import("./tables/remove.ts")>("./tables/remove.ts"),
    load: () => module<typeof import("./commands/remove.ts")>("./commands/remove.ts"),
  },
  restore: {
    summary: "Bring an earlier version of a file back, or list them",
    table: () => module<typeof import("./tables/restore.ts")>("./tables/restore.ts"),
    load: () => module<typeof import("./commands/restore.ts")>("./commands/restore.ts"),
  },
  update: {
    summary: "Change a file through a program, inside its lock",
    table: () => module<typeof import("./tables/update.ts")>("./tables/update.ts"),
    load: () => module<typeof import("./commands/update.ts")>("./commands/update.ts"),
  },
  lock: {
    summary: "Run a program while the lock of a file is held",
    table: () => module<typeof import("./tables/lock.ts")>("./tables/lock.ts"),
    load: () => module<typeof import("./commands/lock.ts")>("./commands/lock.ts"),
  },
  deploy: {
    summary: "Replace several files together, activate them, or put everything back",
    table: () => module<typeof import("./tables/deploy.ts")>("./tables/deploy.ts"),
    load: () => module<typeof import("./commands/deploy.ts")>("./commands/deploy.ts"),
  },
  recover: {
    summary: "Finish or undo deployments that were cut off",
    table: () => module<typeof import("./tables/recover.ts")>("./tables/recover.ts"),
    load: () => module<typeof import("./commands/recover.ts")>("./commands/recover.ts"),
  },
  publish: {
    summary: "Replace a whole directory by one switch of a symlink",
    table: () => module<typeof import("./tables/publish.ts")>("./tables/publish.ts"),
    load: () => module<typeof import("./commands/publish.ts")>("./commands/publish.ts"),
  },
  "roll-back": {
    summary: "Go back to the directory that was published before",
    table: () => module<typeof import("./tables/roll_back.ts")>("./tables/roll_back.ts"),
    load: () => module<typeof import("./commands/roll_back.ts")>("./commands/roll_back.ts"),
  },
  "store put": {
    summary: "Keep content under its own SHA-256",
    table: () => module<typeof import("./tables/store_put.ts")>("./tables/store_put.ts"),
    load: () => module<typeof import("./commands/store_put.ts")>("./commands/store_put.ts"),
  },
  "store get": {
    summary: "Print an object",
    table: () => module<typeof import("./tables/store_get.ts")>("./tables/store_get.ts"),
    load: () => module<typeof import("./commands/store_get.ts")>("./commands/store_get.ts"),
  },
  "store restore": {
    summary: "Write an object to a file",
    table: () => module<typeof import("./tables/store_restore.ts")>("./tables/store_restore.ts"),
    load: () => module<typeof import("./commands/store_restore.ts")>("./commands/store_restore.ts"),
  },
  "store list": {
    summary: "Print the SHA-256 of every object",
    table: () => module<typeof import("./tables/store_list.ts")>("./tables/store_list.ts"),
    load: () => module<typeof import("./commands/store_list.ts")>("./commands/store_list.ts"),
  },
  "store verify": {
    summary: "Read every object and tell which are damaged",
    table: () => module<typeof import("./tables/store_verify.ts")>("./tables/store_verify.ts"),
    load: () => module<typeof import("./commands/store_verify.ts")>("./commands/store_verify.ts"),
  },
  "store gc": {
    summary: "Remove the objects that nobody refers to",
    table: () => module<typeof import("./tables/store_gc.ts")>("./tables/store_gc.ts"),
    load: () => module<typeof import("./commands/store_gc.ts")>("./commands/store_gc.ts"),
  },
  "log append": {
    summary: "Add a record to a log",
    table: () => module<typeof import("./tables/log_append.ts")>("./tables/log_append.ts"),
    load: () => module<typeof import("./commands/log_append.ts")>("./commands/log_append.ts"),
  },
  "log read": {
    summary: "Print the records of a log",
    table: () => module<typeof import("./tables/log_read.ts")>("./tables/log_read.ts"),
    load: () => module<typeof import("./commands/log_read.ts")>("./commands/log_read.ts"),
  },
  "log checkpoint": {
    summary: "Replace the records of a log by what they amount to",
    table: () => module<typeof import("./tables/log_checkpoint.ts")>("./tables/log_checkpoint.ts"),
    load: () => module<typeof import("./commands/log_checkpoint.ts")>("./commands/log_checkpoint.ts"),
  },
  doctor: {
    summary: "Measure what a directory and this runtime really give",
    table: () => module<typeof import("./tables/doctor.ts")>("./tables/doctor.ts"),
    load: () => module<typeof import("./commands/doctor.ts")>("./commands/doctor.ts"),
  },
  completions: {
    summary: "Print what teaches a shell to complete these words",
    table: () => module<typeof import("./tables/completions.ts")>("./tables/completions.ts"),
    load: () => module<typeof import("./commands/completions.ts")>("./commands/completions.ts"),
  },
  sweep: {
    summary: "Remove what killed writers have left in a directory",
    table: () => module<typeof import("./tables/sweep.ts")>("./tables/sweep.ts"),
    load: () => module<typeof import("./commands/sweep.ts")>("./commands/sweep.ts"),
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
