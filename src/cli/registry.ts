/**
 * The commands by name. What they take is known at once; what a command does is loaded when it is asked for.
 *
 * The modules are named by text and not by literals in `import()`: what those name, Deno loads before the first line
 * runs, and most of the time that a small command takes is its start. scripts/npm/parts.js makes literals of them. Their
 * types are named by literals: `deno install` fetches what types name as well, so that an installed command needs no
 * network when it is used for the first time, and at the start nothing of them is loaded.
 */
import { copyTable, lockTable, removeTable, restoreTable, updateTable, writeTable } from "./grammar/files.ts";
import { logAppendTable, logCheckpointTable, logReadTable, logRepairTable } from "./grammar/log.ts";
import {
  storeGcTable,
  storeGetTable,
  storeListTable,
  storePutTable,
  storeReferenceTable,
  storeRemoveTable,
  storeRestoreTable,
  storeVerifyTable,
} from "./grammar/store.ts";
import { deployTable, generationsTable, publishTable, recoverTable, rollBackTable } from "./grammar/transaction.ts";
import { completionsTable, doctorTable, sweepTable } from "./grammar/upkeep.ts";
import { isVersioned } from "./grammar/versioned.ts";
import type { Call, CommandTable, Outcome } from "./table.ts";

/** A command as the registry knows it. */
export interface Command {
  /** One line of the list of commands. */
  readonly summary: string;
  /** What it takes. */
  readonly table: CommandTable;
  /** What it does. */
  load(): Promise<{ run(call: Call): Outcome | Promise<Outcome> }>;
}

function module<Module>(path: string): Promise<Module> {
  return import(path);
}

const versionedCommands = () => module<typeof import("./commands/versioned.ts")>("./commands/versioned.ts");
const publishCommands = () => module<typeof import("./commands/publish.ts")>("./commands/publish.ts");
const storeCommands = () => module<typeof import("./commands/store.ts")>("./commands/store.ts");
const logCommands = () => module<typeof import("./commands/log.ts")>("./commands/log.ts");

/** All of them. */
export const commands = {
  write: {
    summary: "Replace or create a file with standard input",
    table: writeTable,
    load: () =>
      Promise.resolve({
        run: async (call: Call<typeof writeTable>) =>
          isVersioned(call.options)
            ? (await versionedCommands()).writeVersion(call)
            : (await module<typeof import("./commands/write.ts")>("./commands/write.ts")).run(call),
      }),
  },
  copy: {
    summary: "Copy a file over another one, or to a new one",
    table: copyTable,
    load: () => module<typeof import("./commands/copy.ts")>("./commands/copy.ts"),
  },
  remove: {
    summary: "Remove a file so that it stays removed",
    table: removeTable,
    load: () => module<typeof import("./commands/remove.ts")>("./commands/remove.ts"),
  },
  restore: {
    summary: "Restore an earlier version of a file, or list the versions",
    table: restoreTable,
    load: () => module<typeof import("./commands/restore.ts")>("./commands/restore.ts"),
  },
  update: {
    summary: "Change a file through a program, under its lock",
    table: updateTable,
    load: () =>
      Promise.resolve({
        run: async (call: Call<typeof updateTable>) =>
          isVersioned(call.options)
            ? (await versionedCommands()).updateVersion(call)
            : (await module<typeof import("./commands/update.ts")>("./commands/update.ts")).run(call),
      }),
  },
  lock: {
    summary: "Run a program while holding the lock of a file",
    table: lockTable,
    load: () => module<typeof import("./commands/lock.ts")>("./commands/lock.ts"),
  },
  deploy: {
    summary: "Replace several files together and activate them, or roll everything back",
    table: deployTable,
    load: () => module<typeof import("./commands/deploy.ts")>("./commands/deploy.ts"),
  },
  recover: {
    summary: "Finish or undo interrupted deployments",
    table: recoverTable,
    load: () => module<typeof import("./commands/recover.ts")>("./commands/recover.ts"),
  },
  publish: {
    summary: "Replace a whole directory by switching a symlink",
    table: publishTable,
    load: async () => ({ run: (await publishCommands()).publish }),
  },
  "roll-back": {
    summary: "Go back to the directory that was published before",
    table: rollBackTable,
    load: async () => ({ run: (await publishCommands()).rollBack }),
  },
  generations: {
    summary: "List the directories that were published and are still there",
    table: generationsTable,
    load: async () => ({ run: (await publishCommands()).generations }),
  },
  "store put": {
    summary: "Store content under its SHA-256",
    table: storePutTable,
    load: async () => ({ run: (await storeCommands()).storePut }),
  },
  "store get": {
    summary: "Print an object",
    table: storeGetTable,
    load: async () => ({ run: (await storeCommands()).storeGet }),
  },
  "store restore": {
    summary: "Write an object to a file",
    table: storeRestoreTable,
    load: async () => ({ run: (await storeCommands()).storeRestore }),
  },
  "store list": {
    summary: "Print the SHA-256 of every object",
    table: storeListTable,
    load: async () => ({ run: (await storeCommands()).storeList }),
  },
  "store rm": {
    summary: "Remove objects",
    table: storeRemoveTable,
    load: async () => ({ run: (await storeCommands()).storeRemove }),
  },
  "store ref": {
    summary: "Set, print, list and remove names for objects",
    table: storeReferenceTable,
    load: () => module<typeof import("./commands/store_reference.ts")>("./commands/store_reference.ts"),
  },
  "store verify": {
    summary: "Verify every object and list the damaged ones",
    table: storeVerifyTable,
    load: async () => ({ run: (await storeCommands()).storeVerify }),
  },
  "store gc": {
    summary: "Remove objects that are no longer referenced",
    table: storeGcTable,
    load: async () => ({ run: (await storeCommands()).storeGc }),
  },
  "log append": {
    summary: "Append a record to a log",
    table: logAppendTable,
    load: async () => ({ run: (await logCommands()).logAppend }),
  },
  "log read": {
    summary: "Print the records of a log",
    table: logReadTable,
    load: async () => ({ run: (await logCommands()).logRead }),
  },
  "log repair": {
    summary: "Make a damaged log usable again",
    table: logRepairTable,
    load: async () => ({ run: (await logCommands()).logRepair }),
  },
  "log checkpoint": {
    summary: "Replace the records of a log by a snapshot",
    table: logCheckpointTable,
    load: async () => ({ run: (await logCommands()).logCheckpoint }),
  },
  doctor: {
    summary: "Measure what a directory and this runtime really provide",
    table: doctorTable,
    load: () => module<typeof import("./commands/doctor.ts")>("./commands/doctor.ts"),
  },
  completions: {
    summary: "Print shell completions",
    table: completionsTable,
    load: () => module<typeof import("./commands/completions.ts")>("./commands/completions.ts"),
  },
  sweep: {
    summary: "Remove temporary files that killed writers have left",
    table: sweepTable,
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
