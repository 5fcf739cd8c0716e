/** Which processes run at a cut, and what each does. The first runs on the runtime under test, the others on any. */
export interface Scene {
  /** The workloads of each process. */
  readonly processes: readonly (readonly string[])[];
  /** The processes end by themselves, and then the power is cut. */
  readonly ends?: boolean;
}

/** The scenes of the product, in turn. Synchronous workloads take turns in their process; others would starve there. */
export const scenes: Record<string, Scene> = {
  "one file": { processes: [["overwrite"]] },
  "groups of files": { processes: [["groups"], ["groupsSync"]] },
  "many files in one directory": { processes: [["manyFiles"]] },
  "updates under a lock": { processes: [["updates"], ["updates"]] },
  "new directories": { processes: [["newDirectories", "removals"]] },
  "save once, exit": { processes: [["saveOnce"], ["saveOnce"]], ends: true },
  "synchronously": { processes: [["overwriteSync", "manyFilesSync", "writerSync"]] },
  "copies, streams, backups": { processes: [["copy", "stream", "writer", "backups"]] },
  "synchronous updates and removals": { processes: [["updatesSync", "removalsSync"]] },
  "several writers and a neighbour": {
    processes: [["one file of several writers", "neighbour"], ["one file of several writers"]],
  },
  "everything": {
    processes: [
      ["overwrite", "manyFiles", "newDirectories", "copy", "stream", "backups", "updates", "removals", "groups"],
      ["one file of several writers", "updates", "manyFiles", "newDirectories", "removals", "copy"],
    ],
  },
};

/** The scenes that methods are compared in. */
export const compared: Record<string, Scene> = {
  "one file": { processes: [["compared: one file"]] },
  "new files": { processes: [["compared: new files"]] },
  "save once, exit": { processes: [["compared: save once"]], ends: true },
};
