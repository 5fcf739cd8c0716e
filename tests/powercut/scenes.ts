/** Which processes run at a cut, and what each does. The first runs on the runtime under test, the others on any. */
export interface Scene {
  /** The workloads of each process. */
  readonly processes: readonly (readonly string[])[];
  /** The processes end by themselves, and then the power is cut. */
  readonly ends?: boolean;
  /** Files that are there, durably, before the processes start: the first thing a save may lose is what was there. */
  readonly old?: readonly string[];
}

/** The scene whose process has not ended at the cut, by name. */
export const WHILE_SAVING = "while it saves";

/** The scenes of the product, in turn. Synchronous workloads take turns in their process; others would starve there. */
export const scenes: Record<string, Scene> = {
  "one file": { processes: [["overwrite"]] },
  "groups of files": { processes: [["groups"], ["groupsSync"]] },
  "many files in one directory": { processes: [["manyFiles"]] },
  "many files in one call": { processes: [["manyInOneCall"], ["manyInOneCall", "neighbour"]] },
  "many files in one sync": { processes: [["manyInOneSync"], ["manyInOneSync", "neighbour"]] },
  "updates under a lock": { processes: [["updates"], ["updates"]] },
  "new directories": { processes: [["newDirectories", "removals"]] },
  "save once, exit": { processes: [["saveOnce"], ["saveOnce"]], ends: true },
  "synchronously": { processes: [["overwriteSync", "manyFilesSync", "writerSync"]] },
  "copies, streams, backups": { processes: [["copy", "stream", "writer", "backups"]] },
  "synchronous updates and removals": { processes: [["updatesSync", "removalsSync"]] },
  "publications, planned removals": { processes: [["publications"], ["plannedRemovals"]] },
  "stores and logs": { processes: [["objects"], ["logs"]] },
  "logs and stores": { processes: [["logs"], ["objects", "neighbour"]] },
  "several writers and a neighbour": {
    processes: [["one file of several writers", "neighbour"], ["one file of several writers"]],
  },
  "everything": {
    processes: [
      [
        "overwrite",
        "manyFiles",
        "manyInOneCall",
        "newDirectories",
        "copy",
        "stream",
        "backups",
        "updates",
        "removals",
        "groups",
      ],
      ["one file of several writers", "updates", "manyFiles", "newDirectories", "removals", "copy"],
    ],
  },
};

/**
 * The scenes that methods are compared in. In the first three a process saves as often as the seed says, which is the
 * same for every method, and ends before the power goes: what is at stake is the same, however quick a method is. In the
 * last one the power goes while it saves, beside a program whose syncs bring to the disk what they please; there a
 * quicker method has saved more by then, and only what is torn or destroyed is compared.
 */
export const compared: Record<string, Scene> = {
  "one file": { processes: [["compared: one file"]], ends: true, old: ["one"] },
  "new files": { processes: [["compared: new files"]], ends: true },
  "save once, exit": { processes: [["compared: save once"]], ends: true },
  [WHILE_SAVING]: { processes: [["compared: until the cut"], ["compared: neighbour"]], old: ["one"] },
};
