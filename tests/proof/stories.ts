/** What is kept in files, stores, references, logs, transactions and publications, told as stories; story.ts says how. */
import { assertEquals } from "@std/assert";
import { copyFileSync, CorruptionError, removeFileSync, updateTextFileSync, writeFileSync } from "../../mod.ts";
import { openLogReaderSync, openLogSync, repairLogSync } from "../../src/log/mod.ts";
import { type Digest, openObjectStoreSync, openReferencesSync } from "../../src/store/mod.ts";
import type { MemoryRuntime } from "../../src/testing/mod.ts";
import {
  applyFilesSync,
  publishDirectorySync,
  recoverTransactionsSync,
  rollBackDirectorySync,
} from "../../src/transaction/mod.ts";
import { textsOf } from "../log/support.ts";
import { NOTHING_DONE, type SpareSync, type Step, type Story } from "./story.ts";
import { digestOf } from "./write_features.ts";

/** Longer than a sector: it may be torn. */
const long = (name: string): string => `${name}:${"x".repeat(600)}`;
const reads = (machine: MemoryRuntime, path: string, text: string | undefined): boolean =>
  machine.readText(path) === text;

/** What was there before is durable: no process can know that of what others have made. */
const madeBefore = (call: RegExp): SpareSync => ({
  call,
  because: "it is durable already, which cannot be known of what may be another process's",
});

const writes: Story[] = [
  {
    name: "a file is written, written with a backup, and removed",
    home: "/d",
    machine: { files: { "/d/": { kind: "directory" } } },
    steps: [
      {
        name: "write into new directories",
        run: (runtime) => writeFileSync("/d/x/a", long("one"), { createDirectories: true, runtime }),
      },
      { name: "write with a backup", run: (runtime) => writeFileSync("/d/x/a", long("two"), { backup: 1, runtime }) },
      { name: "remove", run: (runtime) => removeFileSync("/d/x/a", { lock: true, runtime }), lock: "/d/x/a" },
    ],
    shows: (machine, done) =>
      reads(machine, "/d/x/a", [undefined, long("one"), long("two"), undefined][done]) &&
      (done < 2 ||
        Object.entries(machine.files("/d/x")).some(([path, text]) => path.endsWith(".bak") && text === long("one"))),
    spare: [madeBefore(/directories sync \/ /), madeBefore(/sync .*\.bak /)],
  },
  {
    name: "a file is copied, updated and written under its lock",
    home: "/d",
    machine: { files: { "/d/s": long("one") } },
    steps: [
      { name: "copy", run: (runtime) => copyFileSync("/d/s", "/d/a", { lock: true, runtime }), lock: "/d/a" },
      {
        name: "update",
        run: (runtime) => updateTextFileSync("/d/a", () => long("two"), { runtime }),
        lock: "/d/a",
      },
      {
        name: "write under a lock",
        run: (runtime) => writeFileSync("/d/a", long("three"), { lock: true, runtime }),
        lock: "/d/a",
      },
    ],
    shows: (machine, done) =>
      reads(machine, "/d/a", [undefined, long("one"), long("two"), long("three")][done]) &&
      reads(machine, "/d/s", long("one")),
  },
];

const contents = ["one", "two", "three"].map(long);
const digests = contents.map((text) => digestOf(text) as Digest);
const [first, second, third] = digests as [Digest, Digest, Digest];

/** Which of the three objects are there, whole. */
function objectsIn(machine: MemoryRuntime): ("whole" | "missing" | "damaged")[] {
  if (machine.statusOf("/s") === undefined) return contents.map(() => "missing");
  const store = openObjectStoreSync("/s", { runtime: machine });
  return digests.map((digest) => {
    if (!store.has(digest)) return "missing";
    try {
      return store.get(digest).length > 0 ? "whole" : "damaged";
    } catch (error) {
      if (CorruptionError.is(error)) return "damaged";
      throw error;
    }
  });
}

const put = (...numbers: number[]): Step => ({
  name: `put ${numbers.join()}`,
  run(runtime) {
    const store = openObjectStoreSync("/s", { runtime });
    const texts = numbers.map((number) => contents[number] ?? "");
    return numbers.length === 1 ? store.put(texts[0] ?? "") : store.putMany(texts);
  },
  lock: "/s/objects",
  looksAfter: true,
});

const rot = "rot";

/** A log of three records, of which one is damaged. */
function damageRecord(machine: MemoryRuntime, payload: number): void {
  const log = openLogSync("/l/log", { runtime: machine });
  for (const text of ["one", "two", "three"]) log.append(text);
  log.close();
  const bytes = (machine.readBytes("/l/log") ?? new Uint8Array()).slice();
  bytes[payload] = 0xff;
  writeFileSync("/l/log", bytes, { runtime: machine });
}

const damageLog = (machine: MemoryRuntime): void => damageRecord(machine, 72 + 32);
const damageSecond = (machine: MemoryRuntime): void => damageRecord(machine, 72 + 32 + "one".length + 32);

/** Other bytes in the place of the first object, which nobody has seen yet. */
function damageFirst(machine: MemoryRuntime): void {
  const path = `/s/${first.slice(0, 2)}/${first.slice(2)}`;
  machine.syncFileSystem.remove(path);
  writeFileSync(path, rot, { runtime: machine });
}

/** A damaged log is repaired, and then holds `whole`. */
const repairsOf = (keep: "readable" | "before", whole: readonly string[]): Story[] => [{
  name: `a damaged log is repaired: what is ${keep === "before" ? "before the damage" : "readable"} stays`,
  home: "/l",
  machine: { files: { "/l/": { kind: "directory" } } },
  setup: keep === "before" ? damageSecond : damageLog,
  steps: [{
    name: "repair",
    // One that finds nothing to repair any more answers for what the one before it has put there.
    run: (runtime) => assertEquals(repairLogSync("/l/log", { keep, runtime }).durability, "full"),
    lock: "/l/log",
    untold: true,
  }],
  shows(machine, done) {
    const found = textsOf(openLogReaderSync("/l/log", { runtime: machine }).read({ whenDamaged: "skip" })).join();
    return found === whole.join() || (done === 0 && found === (keep === "before" ? "1 one,3 three" : "2 two,3 three"));
  },
  spare: [
    { call: /\.bak \(1\)/, because: "the damaged log, which the backup is, was durable before" },
    { call: /sync \/l \(1\)/, because: "the backup's name is synced together with the log's" },
  ],
}];

const repairs: Story[] = [
  {
    name: "an empty file becomes a log, and gets a record",
    home: "/l",
    machine: { files: { "/l/log": "" } },
    steps: ["one", "two"].map((text, index): Step => ({
      name: index === 0 ? "open and append" : "append",
      run(runtime) {
        const log = openLogSync("/l/log", { runtime });
        try {
          return log.append(text);
        } finally {
          log.close();
        }
      },
      lock: "/l/log",
    })),
    shows(machine, done) {
      if (machine.statusOf("/l/log")?.size === 0) return done === 0;
      const texts = textsOf(openLogReaderSync("/l/log", { runtime: machine }).read()).map((text) => text.split(" ")[1]);
      // A record that nobody was notified of may be there, or not; an append that failed and was tried again may be there twice.
      const found = texts.filter((text, index) => text !== texts[index - 1]).join();
      return ["", "one", "one,two"].slice(done).includes(found);
    },
    spare: [{ call: /append sync \/l \(1\)/, because: "the name of the log was made durable when it became one" }],
  },
  ...repairsOf("readable", ["1 two", "2 three"]),
  ...repairsOf("before", ["1 one"]),
];

const stores: Story[] = [
  {
    name: "objects are put",
    home: "/s",
    steps: [put(0), put(1, 2)],
    shows(machine, done) {
      const found = objectsIn(machine);
      // What is put may be there before anybody was told; of several that are put together, each is there or not.
      return !found.includes("damaged") && found.slice(0, [0, 1, 3][done]).every((object) => object === "whole");
    },
    spare: [{
      call: /put 1,2 sync \/s \(1\)/,
      only: "left out",
      because: "one sync of the store follows for each shard",
    }],
  },
  {
    name: "objects are put that only their owner may read",
    home: "/s",
    steps: [0, 1].map((number): Step => ({
      name: `put ${number}`,
      run: (runtime) => openObjectStoreSync("/s", { mode: 0o600, runtime }).put(contents[number] ?? ""),
      lock: "/s/objects",
      looksAfter: true,
    })),
    shows(machine, done) {
      const found = objectsIn(machine);
      const modes = digests.map((digest) => machine.statusOf(`/s/${digest.slice(0, 2)}/${digest.slice(2)}`)?.mode);
      return !found.includes("damaged") && found.slice(0, done).every((object) => object === "whole") &&
        modes.every((mode) => mode === undefined || mode === 0o400);
    },
  },
  {
    name: "one object is removed",
    home: "/s",
    setup: (machine) => void put(0, 1).run(machine),
    steps: [{
      name: "remove",
      run: (runtime) => openObjectStoreSync("/s", { runtime }).remove(first),
      lock: "/s/objects",
    }],
    shows(machine, done) {
      const [removed, kept] = objectsIn(machine);
      return kept === "whole" && removed !== "damaged" && (done === 0 || removed === "missing");
    },
  },
  {
    name: "a damaged object is moved out of the way",
    home: "/s",
    setup(machine) {
      put(0, 1).run(machine);
      damageFirst(machine);
    },
    steps: [{
      name: "quarantine",
      run: (runtime) => {
        const { quarantined } = openObjectStoreSync("/s", { runtime }).verify({ quarantine: true });
        return quarantined?.includes(first) ? undefined : NOTHING_DONE;
      },
      lock: "/s/objects",
    }],
    // Its name moves from one directory to another: a power cut in between may lose what is damaged.
    shows(machine, done) {
      const [one, other] = objectsIn(machine);
      const isKept = machine.readText(`/s/damaged/${first}`) === rot;
      return other === "whole" && (done === 0 || (isKept && one === "missing"));
    },
    spare: [{ call: /sync \/ \(1\)/, because: "the store itself was durable before" }],
  },
  {
    name: "an object is kept that nobody has synced, others are collected, and one is put again",
    home: "/s",
    setup: (machine) => void put(1, 2).run(machine),
    steps: [
      {
        name: "put without syncs",
        run: (runtime) => openObjectStoreSync("/s", { durability: "none", runtime }).put(contents[0] ?? ""),
      },
      {
        name: "keep",
        run: (runtime) => openObjectStoreSync("/s", { runtime }).keep(first),
        lock: "/s/objects",
        looksAfter: true,
      },
      {
        name: "collect",
        run(runtime) {
          runtime.clock.pause(5_000);
          openObjectStoreSync("/s", { runtime }).collectGarbage({ reachable: [first, third], grace: 1_000 });
        },
        lock: "/s/objects",
      },
      put(1),
    ],
    shows(machine, done) {
      const [one, two, three] = objectsIn(machine);
      return three === "whole" && (done < 2 || one === "whole") && (done === 3 ? two !== "damaged" : two === "whole");
    },
    spare: [
      { call: /^collect sync/, because: "an object that comes back is collected once more" },
      madeBefore(/^keep sync \/ /),
      madeBefore(/^put 1 sync \/s /),
    ],
  },
];

const references: Story[] = [{
  name: "a reference is made, moved and removed, and HEAD set",
  home: "/r",
  steps: [
    {
      name: "make",
      run: (runtime) => openReferencesSync("/r", { runtime }).update("a/main", first),
      lock: "/r/references",
    },
    {
      name: "move",
      run: (runtime) => openReferencesSync("/r", { runtime }).update("a/main", second, { expected: first }),
      lock: "/r/references",
    },
    {
      name: "set HEAD",
      run: (runtime) => openReferencesSync("/r", { runtime }).setHead({ digest: third }),
      lock: "/r/references",
    },
    {
      name: "remove",
      run: (runtime) => openReferencesSync("/r", { runtime }).remove("a/main"),
      lock: "/r/references",
    },
  ],
  shows(machine, done) {
    if (machine.statusOf("/r") === undefined) return done === 0;
    const found = openReferencesSync("/r", { runtime: machine });
    return found.read("a/main") === [undefined, first, second, second, undefined][done] &&
      (found.readHead() !== undefined) === done >= 3;
  },
}];

const record = (name: string, sequence: number): Step => ({
  name: `append ${name}`,
  run(runtime) {
    const log = openLogSync("/l/log", { runtime });
    try {
      // Where only closing has failed, it is there.
      if (log.nextSequence === sequence) log.append(long(name));
    } finally {
      log.close();
    }
  },
  lock: "/l/log",
});

const logs: Story[] = [{
  name: "a log is made, appended to and cut by a checkpoint",
  home: "/l",
  machine: { files: { "/l/": { kind: "directory" } } },
  steps: [
    record("one", 1),
    record("two", 2),
    {
      name: "checkpoint",
      run(runtime) {
        const log = openLogSync("/l/log", { runtime });
        try {
          log.checkpoint(long("snapshot"), { through: 1 });
        } finally {
          log.close();
        }
      },
      lock: "/l/log",
    },
  ],
  shows(machine, done) {
    if (machine.statusOf("/l/log") === undefined) return done === 0;
    const log = openLogSync("/l/log", { runtime: machine });
    try {
      const wanted = [[], ["one"], ["one", "two"], ["two"]][done] ?? [];
      const texts = textsOf(log.read()).map((text) => text.slice(2));
      return texts.join() === wanted.map(long).join() && (log.snapshot() !== undefined) === (done === 3);
    } finally {
      log.close();
    }
  },
  spare: [madeBefore(/^(append two|checkpoint) sync \/l \(1\)/)],
}];

const applying = (name: string, activate?: () => void): Step => ({
  name: `apply ${name}`,
  run: (runtime) =>
    applyFilesSync(
      {
        files: [{ path: "/d/a", data: long(name) }, { path: "/e/b", data: long(name) }],
        ...activate === undefined ? {} : { activate },
      },
      { runtime },
    ),
  lock: "/d/a",
  commit: /^rename .* → .*\.journal$/,
  untold: true,
});

const applied = (machine: MemoryRuntime, name: string): boolean =>
  reads(machine, "/d/a", long(name)) && reads(machine, "/e/b", long(name));

const transactions: Story[] = [
  {
    name: "two files are replaced together, twice",
    home: "/d",
    machine: { files: { "/d/a": long("none"), "/e/b": long("none") } },
    steps: [applying("one"), applying("two")],
    shows: (machine, done) => applied(machine, ["none", "one", "two"][done] ?? ""),
    recover(machine) {
      for (const directory of ["/d", "/e"]) {
        recoverTransactionsSync(directory, { activate: () => {}, runtime: machine });
      }
    },
    spare: [
      madeBefore(/sync .*\.bak /),
      { call: /sync \/d \((4|5)\)/, because: "a journal of what is done comes back, and is removed once more" },
    ],
  },
];

const publishing = (text: string): Step => ({
  name: `publish ${text}`,
  run: (runtime) =>
    publishDirectorySync("/w/site", (directory) => {
      const file = runtime.syncFileSystem.create(`${directory}/page`, 0o644);
      if (!("write" in file)) throw new Error("The new directory is not empty");
      const bytes = new TextEncoder().encode(long(text));
      for (let at = 0; at < bytes.length;) at += file.write(bytes.subarray(at)) as number;
      file.close();
    }, { runtime }),
  lock: "/w/.site.generations",
  commit: /^rename .* → \/w\/site$/,
  untold: true,
});

const publications: Story[] = [{
  name: "a directory is published twice, and rolled back",
  home: "/w",
  machine: { files: { "/w/": { kind: "directory" } } },
  steps: [publishing("one"), publishing("two"), {
    name: "roll back",
    run: (runtime) => rollBackDirectorySync("/w/site", { runtime }),
    lock: "/w/.site.generations",
    commit: /^rename .* → \/w\/site$/,
    // What is gone back from is marked first, durably.
    window: 6,
    untold: true,
  }],
  spare: [
    {
      call: /publish .* sync \/w \(1\)/,
      because: "only a later roll-back is misled: publish_test.ts explores that",
    },
    {
      call: /publish one sync \/w \(2\)/,
      only: "left out",
      because: "nothing was published before: a link to nothing is none",
    },
    madeBefore(/roll back sync .*generation/),
    { call: /roll back sync \/w \(1\)/, because: "it tells a later roll-back what was gone back from" },
  ],
  shows: (machine, done) =>
    reads(machine, "/w/site/page", [undefined, "one", "two", "one"].map((text) => text && long(text))[done]),
}];

/** Every story. */
export const stories: readonly Story[] = [
  ...writes,
  ...stores,
  ...repairs,
  ...references,
  ...logs,
  ...transactions,
  ...publications,
];
