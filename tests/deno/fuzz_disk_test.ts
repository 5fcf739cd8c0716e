/**
 * Fuzzing what is read from disk, with random bytes, with ours changed somewhere, and with lies in our own form whose
 * checksums are right: typed errors only, nothing left open, no delay, no memory for what is only said to be there, and
 * nothing touched that is not ours.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import {
  breakLockSync,
  CorruptionError,
  FileError,
  inspectLockSync,
  listBackupsSync,
  readJsonFileSync,
  sweepSync,
  tryLockSync,
  updateTextFileSync,
} from "../../mod.ts";
import { PlanMistake, readDeployPlan } from "../../src/cli/deploy/deploy_plan.ts";
import { isLockContent, parseRecord } from "../../src/lock/owner_record.ts";
import { formatLogHeader } from "../../src/log/log_header.ts";
import { openLogReaderSync, openLogSync } from "../../src/log/mod.ts";
import { parseGenerationName } from "../../src/protocol/names/generation.ts";
import { backupName, parseBackupName, parseTemporaryName, parseTokenName } from "../../src/protocol/names/names.ts";
import { encodeRecord } from "../../src/log/record.ts";
import { isReferenceName, parseObjectNames } from "../../src/protocol/names/store.ts";
import {
  journalName,
  parseJournalName,
  parseMarkerName,
  parseStageName,
} from "../../src/protocol/names/transaction.ts";
import { openObjectStoreSync, openReferencesSync } from "../../src/store/mod.ts";
import { type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { frameBytes } from "../../src/transaction/frame.ts";
import { recoverTransactionsSync, rollBackDirectorySync } from "../../src/transaction/mod.ts";
import { afterRenameTo, applyAndDie, filesOf, scenario } from "../transaction/support.ts";
import { anyName, encode, entryName, fc, mutated, parameters } from "./fuzz_parameters.ts";
import { notEmpty } from "../support/tally.ts";

/** Calls that may fail with an error of ours, and with no other; nothing stays open. */
function only(machine: MemoryRuntime, calls: readonly (() => unknown)[]): void {
  for (const call of notEmpty(calls)) {
    try {
      call();
    } catch (error) {
      assert(FileError.is(error) || CorruptionError.is(error), String(error));
    }
    assertEquals(machine.openHandles, []);
  }
}

const parsers: readonly ((name: string) => unknown)[] = [
  parseTemporaryName,
  parseBackupName,
  parseTokenName,
  parseJournalName,
  parseMarkerName,
  parseStageName,
  (name) => parseGenerationName(name, "directory"),
  (name) => parseGenerationName(name, "symlink"),
  (name) => parseObjectNames("ab", name),
  isReferenceName,
];

/** What a parser may take for a name, in milliseconds: only a regular expression without end would take as long. */
const patience = 1000;

const held = encode('atomic-write lock held\n{"pid":1,"since":1,"program":"x","boot":"0"}\n'.padEnd(512));

describe("fuzzing names and locks", () => {
  it("names of any kind are understood or not, without an error and without delay", () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const started = performance.now();
        for (const parse of parsers) parse(name);
        const backup = parseBackupName(name);
        if (backup !== undefined) assertEquals(backupName(backup.target, backup.time), name);
        const journal = parseJournalName(name);
        if (journal !== undefined) assertEquals(journalName(journal), name);
        assert(performance.now() - started < patience);
      }),
      parameters(),
    );
  });

  it("a record of a lock's owner holds only what a record may hold", () => {
    fc.assert(
      fc.property(mutated(held), (bytes) => {
        isLockContent(bytes, bytes.length);
        const record = parseRecord(bytes, "1:2");
        // check-tests: allow -- most random bytes are no record
        for (const [key, value] of Object.entries(record ?? {})) {
          assertEquals(typeof value, ["pid", "since"].includes(key) ? "number" : "string");
        }
      }),
      parameters(),
    );
  });

  it("lock files, backups, leftovers and JSON of any content end in a result or a typed error", () => {
    fc.assert(
      fc.property(mutated(held), fc.array(entryName, { maxLength: 5 }), (bytes, names) => {
        const files = Object.fromEntries(names.map((each) => [`/d/${each}`, bytes]));
        const runtime = memoryRuntime({ files: { ...files, "/d/a": bytes, "/d/a.lock": bytes } });
        only(runtime, [
          () => updateTextFileSync("/d/a", () => "new", { runtime }),
          () => listBackupsSync("/d/a", { runtime }),
          () => sweepSync("/d", { runtime, olderThan: 60_000 }),
          () => readJsonFileSync("/d/a", { runtime }),
        ]);
      }),
      parameters(4),
    );
  });

  it("a lock directory that holds anything is free, held or refused, and what is in it stays but for one token", () => {
    fc.assert(
      fc.property(fc.uniqueArray(entryName, { maxLength: 4 }), (names) => {
        const files = Object.fromEntries(names.map((each) => [`/d/a.lock/${each}`, "x"]));
        const runtime = memoryRuntime({ files: { ...files, "/d/a.lock/": { kind: "directory" }, "/d/a": "data" } });
        only(runtime, [
          () => {
            const info = inspectLockSync("/d/a", { runtime });
            if (info !== undefined) breakLockSync("/d/a", info, { runtime });
          },
          () => tryLockSync("/d/a", { backend: "directory", runtime })?.[Symbol.dispose](),
          () => tryLockSync("/d/a", { runtime })?.[Symbol.dispose](),
        ]);
        const left = Object.keys(runtime.files());
        const gone = names.filter((each) => !left.includes(`/d/a.lock/${each}`));
        assert(gone.every((each) => parseTokenName(each) !== undefined), gone.join());
        assertEquals(runtime.readText("/d/a"), "data");
      }),
      parameters(4),
    );
  });
});

/** Machines on which a transaction has died: at each of these a journal means something else. */
const files = scenario(3);
const deaths = [".journal", "/f1", "/f2"].map((end) => {
  const machine = memoryRuntime({ files: { ...filesOf(files), "/d/bystander": "mine", "/e/stranger": "mine" } });
  applyAndDie(machine, files, afterRenameTo(end));
  const paths = Object.keys(machine.files()).filter((path) => !path.endsWith("/"));
  return Object.fromEntries(paths.map((path) => [path, machine.readBytes(path) ?? new Uint8Array()]));
});

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
const kinds = { journal: parseJournalName, marker: parseMarkerName, stage: parseStageName } as const;
const isTransactions = (path: string): boolean =>
  Object.values(kinds).some((parse) => parse(nameOf(path)) !== undefined);

/**
 * Recovers, twice; whatever was there to be read, bystanders and strangers are as they were. Only a file of which a
 * journal says that it is to be removed, as a plan may, can be missing.
 */
function recover(entries: Record<string, Uint8Array>, removed: ReadonlySet<unknown> = new Set()): void {
  const runtime = memoryRuntime({ user: 0, files: entries });
  only(runtime, [
    () => recoverTransactionsSync("/d", { runtime }),
    () => recoverTransactionsSync("/d", { runtime, unproven: "recover" }),
  ]);
  assertEquals([runtime.readText("/d/bystander"), runtime.readText("/e/stranger")], ["mine", "mine"]);
  for (const path of notEmpty(files.paths)) {
    const text = runtime.readText(path);
    if (text === undefined && removed.has(nameOf(path))) continue;
    assert([files.old[path], files.new[path]].includes(text), `${path} is ${text}`);
  }
}

describe("fuzzing transactions", () => {
  it("journals, markers and stages with damage are recovered, or told and left; targets are old or new", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...deaths).chain((disk) => {
          const paths = Object.keys(disk).filter(isTransactions);
          return fc.constantFrom(...paths).chain((path) =>
            mutated(disk[path] ?? new Uint8Array()).map((bytes) => ({ ...disk, [path]: bytes }))
          );
        }),
        (disk) => recover(disk),
      ),
      parameters(4),
    );
  });

  it("journals and markers that lie, with a checksum that is right, lead to nothing that is not theirs", () => {
    const { createHash } = memoryRuntime();
    const lie = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom("/e", "/d", ".", "..", "bystander", "/e/stranger", "../e/stranger", 0, -1, 1e20, null),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...deaths),
        fc.constantFrom("journal", "marker"),
        fc.array(fc.tuple(fc.nat(60), lie), { minLength: 1, maxLength: 3 }),
        (disk, kind, lies) => {
          const path = Object.keys(disk).find((each) => kinds[kind](nameOf(each)) !== undefined);
          if (path === undefined) return;
          const told = JSON.parse(new TextDecoder().decode(disk[path]).split("\n")[1] ?? "null") as unknown;
          let value = told;
          for (const [place, instead] of lies) value = replaced(value, place, instead);
          recover({ ...disk, [path]: frameBytes({ createHash }, kind, value) }, removedBy(value));
        },
      ),
      parameters(4),
    );
  });

  it("generations of any name are rolled back to, or a typed error tells why not", () => {
    fc.assert(
      fc.property(fc.uniqueArray(entryName, { maxLength: 5 }), fc.nat(4), (names, which) => {
        const directories = Object.fromEntries(names.map((each) => [`/d/${each}/`, { kind: "directory" as const }]));
        const site = { symlink: names[which] ?? "nowhere" };
        const runtime = memoryRuntime({ files: { "/d/kept": "x", ...directories, "/d/site": site } });
        only(runtime, [() => rollBackDirectorySync("/d/site", { runtime })]);
        assertEquals(runtime.readText("/d/kept") ?? "x", "x");
      }),
      parameters(4),
    );
  });
});

/** The value with the `place`-th of its parts, counted through, replaced. */
/** The names that a journal says are to be removed. */
function removedBy(journal: unknown): ReadonlySet<unknown> {
  const found = (journal as { files?: unknown } | null)?.files;
  const entries: { name?: unknown; new?: unknown }[] = Array.isArray(found) ? found.filter(Boolean) : [];
  return new Set(entries.flatMap(({ name, new: digest }) => digest === null ? [name] : []));
}

function replaced(value: unknown, place: number, instead: unknown): unknown {
  let left = place;
  const visit = (part: unknown): unknown => {
    if (left-- === 0) return instead;
    if (Array.isArray(part)) return part.map(visit);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, each]) => [key, visit(each)]));
  };
  return visit(value);
}

describe("fuzzing plans of deployments", () => {
  it("a plan of any content is a plan, or a mistake that says where", () => {
    const plan = {
      files: [
        { path: "a.conf", source: "new/a.conf", mode: "0640", owner: "root:adm" },
        { path: "/etc/b", content: "text\n", defaults: { mode: "0600" } },
      ],
      validate: ["check", "--strict"],
      activate: ["systemctl", "reload", "x"],
      backup: 3,
      timeouts: { validate: 5, activate: 10 },
    };
    const text = encode(JSON.stringify(plan));
    const right = readDeployPlan(text, "/d/plan.json", "posix");
    assertEquals(right.files.length, 2);
    const lies = fc.array(fc.tuple(fc.nat(40), fc.jsonValue()), { minLength: 1, maxLength: 3 });
    const lied = lies.map((all) => {
      let value: unknown = plan;
      for (const [place, instead] of all) value = replaced(value, place, instead);
      return encode(JSON.stringify(value));
    });
    fc.assert(
      fc.property(fc.oneof(mutated(text), lied), (bytes) => {
        try {
          const { files, directory } = readDeployPlan(bytes, "/d/plan.json", "posix");
          assertEquals(directory, "/d");
          for (const { path } of notEmpty(files)) assert(path.startsWith("/"), path);
        } catch (error) {
          assert(error instanceof PlanMistake, String(error));
          assertEquals(error.targetState, "unchanged");
        }
      }),
      parameters(2),
    );
  });
});

describe("fuzzing the store and the log", () => {
  const digest = "ab".repeat(32);
  const object = `/s/${digest.slice(0, 2)}/${digest.slice(2)}`;

  it("references, HEAD and objects of any content end in a result or a typed error", () => {
    const good = fc.constantFrom(`${digest}\n`, "reference: heads/main\n", `${digest}`).chain((text) =>
      mutated(encode(text))
    );
    fc.assert(
      fc.property(good, good, fc.array(entryName, { maxLength: 3 }), (reference, head, names) => {
        const more = Object.fromEntries(names.flatMap((each) => [[`/r/${each}`, reference], [`/s/ab/${each}`, head]]));
        const runtime = memoryRuntime({
          files: { ...more, "/r/heads/main": reference, "/r/HEAD": head, [object]: reference },
        });
        const references = openReferencesSync("/r", { runtime });
        const store = openObjectStoreSync("/s", { runtime });
        only(runtime, [
          () => references.read("heads/main"),
          () => references.readHead(),
          () => [...references.list()],
          () => references.update("heads/main", digest),
          () => references.setHead("heads/main"),
          () => store.get(digest),
          () => [...store.list()],
          () => assertEquals(store.verify().corrupt.includes(digest), true),
          () => store.collectGarbage({ reachable: [], grace: 0 }),
        ]);
      }),
      parameters(8),
    );
  });

  it("a log whose numbers are lies with the right checksum is refused, without memory for what it claims", () => {
    const number = fc.oneof(fc.nat(300), fc.constantFrom(2 ** 30, 2 ** 40, Number.MAX_SAFE_INTEGER));
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), number, number, number, number, fc.uint8Array({ maxLength: 100 }), (
        identity,
        firstSequence,
        length,
        sequence,
        syncedThrough,
        data,
      ) => {
        const snapshot = length % 3 === 0 ? { length, digest: "0".repeat(64) } : undefined;
        const bytes = new Uint8Array(400);
        bytes.set(formatLogHeader({ identity, firstSequence, snapshot }));
        const header = { kind: "data", sequence, syncedThrough, salt: 1n } as const;
        encodeRecord(bytes, 72, identity, 72, header, data);
        const runtime = memoryRuntime({ files: { "/log": bytes } });
        only(runtime, [
          () => openLogReaderSync("/log", { runtime }).snapshot(),
          () => [...openLogReaderSync("/log", { runtime }).read()],
          () => {
            const log = openLogSync("/log", { runtime });
            try {
              log.append("more");
            } finally {
              log.close();
            }
          },
        ]);
      }),
      parameters(8),
    );
  });
});
