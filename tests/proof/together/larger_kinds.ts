/** Operations on several files, directories, stores, references and logs that may meet. */
import { assert, assertEquals } from "@std/assert";
import { openLog, openLogReaderSync, openLogSync, repairLog } from "../../../src/log/mod.ts";
import { openObjectStore, openObjectStoreSync, openReferences, openReferencesSync } from "../../../src/store/mod.ts";
import {
  applyFiles,
  publishDirectory,
  publishDirectorySync,
  recoverTransactions,
  recoverTransactionsSync,
} from "../../../src/transaction/mod.ts";
import { CorruptionError, writeFile, writeFileSync } from "../../../mod.ts";
import type { MemoryRuntime } from "../../../src/testing/mod.ts";
import { sha256 } from "../../store/support.ts";
import { absent, type Kind, textAt } from "./part.ts";

const old = "old";
const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

const transaction: Kind = {
  name: "transaction",
  family: "file",
  at: (path, word) => {
    const second = `${path}-of-${word}`;
    const third = `${path}-gone-by-${word}`;
    return {
      files: { [path]: old, [second]: old, [third]: old },
      keys: { [path]: textAt(path), [second]: textAt(second), [third]: textAt(third) },
      plans: { [path]: word, [second]: word, [third]: absent },
      locked: true,
      writes: {
        [path]: (version) => version === word,
        [second]: (version) => version === word,
        [third]: (version) => version === absent,
      },
      run: async (runtime, tell, signal) => {
        const files = [{ path, data: word }, { path: second, data: word }, { path: third, remove: true as const }];
        const result = await applyFiles({ files, backup: 0 }, { runtime, signal });
        if (result.durability !== "full") return;
        tell.done(path, word);
        tell.done(second, word);
        tell.done(third, absent);
      },
      refusals: ["ConflictError"],
      check: (machine, { conflicts, inDoubt, seen }) => {
        // What it found before it was never on the disk: then recovery leaves that file alone, and says so.
        if (inDoubt || conflicts.some((conflict) => [path, second, third].includes(conflict))) return;
        const isDone = machine.readText(second) !== old;
        assert(
          (machine.readText(third) === undefined) === isDone,
          "a removal without the rest, or the rest without it",
        );
        // All or nothing, as far as nobody else has written the first one.
        if (machine.readText(second) === old) assert(machine.readText(path) !== word, "half a transaction");
        else assert(machine.readText(path) !== old || seen(path).includes(old), "half a transaction");
      },
    };
  },
};

const recovery: Kind = {
  name: "recovery",
  family: "directory",
  at: (path) => ({
    run: async (runtime, _tell, signal) => {
      await recoverTransactions(directoryOf(path), { runtime, signal });
    },
  }),
};

const indexOf = (path: string) => (machine: MemoryRuntime): string => machine.readText(`${path}/index`) ?? absent;

const publication: Kind = {
  name: "publication",
  family: "publication",
  at: (path, word) => {
    const site = `${path}.site`;
    return {
      setup: (runtime) =>
        publishDirectorySync(site, (directory) => writeFileSync(`${directory}/index`, "old", { runtime }), { runtime }),
      keys: { [site]: indexOf(site) },
      writes: { [site]: (version) => version === word },
      run: async (runtime, tell, signal) => {
        const build = async (directory: string) => void await writeFile(`${directory}/index`, word, { runtime });
        const activate = () => tell.fact(`${site} activated ${word}`);
        const result = await publishDirectory(site, build, { runtime, signal, activate });
        if (result.durability === "full") tell.done(site, word);
      },
      check: (machine, { facts, inDoubt }) => {
        if (inDoubt || machine.readText(`${site}/index`) !== word || facts.includes(`${site} activated ${word}`)) {
          return;
        }
        const { needsActivation } = recoverTransactionsSync(directoryOf(site), { runtime: machine });
        assert(needsActivation.some((owed) => owed.endsWith(".activation")), "nobody knows of what has no effect yet");
      },
    };
  },
};

const storeOf = (path: string): string => `${path}.store`;

const put: Kind = {
  name: "put",
  family: "store",
  at: (path) => ({
    setup: (runtime) => openObjectStoreSync(storeOf(path), { runtime }).put("something else"),
    run: async (runtime, tell) => {
      const store = await openObjectStore(storeOf(path), { runtime });
      const digest = await store.put("an object");
      if (store.durability === "full") tell.durable(`${storeOf(path)} ${digest}`);
    },
    // Of two who put one object, one relies on the other's.
    rests: true,
    check: (machine, { facts, inDoubt }) => {
      if (inDoubt) return;
      const store = openObjectStoreSync(storeOf(path), { runtime: machine });
      if (facts.includes(`${storeOf(path)} ${sha256("an object")}`)) {
        assert(store.has(sha256("an object")), "an object is lost that was acknowledged");
      }
      assertEquals(store.verify().corrupt.filter((digest) => digest !== damaged), []);
    },
  }),
};

const removable = sha256("an object to be removed");
const damaged = sha256("an object to be damaged");

const objectRemoval: Kind = {
  name: "object removal",
  family: "store",
  at: (path) => ({
    setup: (runtime) => openObjectStoreSync(storeOf(path), { runtime }).put("an object to be removed"),
    run: async (runtime, tell) => {
      const store = await openObjectStore(storeOf(path), { runtime });
      // Whoever finds nothing to remove promises nothing of what another one has removed.
      const isOurs = await store.remove(removable);
      if (isOurs && store.durability === "full") tell.durable(`${storeOf(path)} is rid of it`);
    },
    rests: true,
    check: (machine, { facts, inDoubt }) => {
      if (inDoubt || !facts.includes(`${storeOf(path)} is rid of it`)) return;
      const store = openObjectStoreSync(storeOf(path), { runtime: machine });
      assert(!store.has(removable), "an object that was removed is back");
    },
  }),
};

const quarantine: Kind = {
  name: "quarantine",
  family: "store",
  at: (path) => ({
    setup: (runtime) => {
      const directory = storeOf(path);
      openObjectStoreSync(directory, { runtime }).put("an object to be damaged");
      const object = `${directory}/${damaged.slice(0, 2)}/${damaged.slice(2)}`;
      runtime.syncFileSystem.remove(object);
      writeFileSync(object, "rot", { runtime });
    },
    run: async (runtime, tell) => {
      const store = await openObjectStore(storeOf(path), { runtime });
      const { quarantined = [] } = await store.verify({ quarantine: true });
      if (quarantined.includes(damaged) && store.durability === "full") tell.durable(`${storeOf(path)} is whole`);
    },
    rests: true,
    check: (machine, { facts, inDoubt }) => {
      if (inDoubt || !facts.includes(`${storeOf(path)} is whole`)) return;
      const store = openObjectStoreSync(storeOf(path), { runtime: machine });
      assert(!store.has(damaged), "a damaged object is back");
      assertEquals(machine.readText(`${storeOf(path)}/damaged/${damaged}`), "rot");
    },
  }),
};

const collection: Kind = {
  name: "collection",
  family: "store",
  at: (path) => ({
    setup: (runtime) => openObjectStoreSync(storeOf(path), { runtime }).put("something else"),
    run: async (runtime) => {
      const store = await openObjectStore(storeOf(path), { runtime });
      await store.collectGarbage({ reachable: [sha256("an object")], grace: 0 });
    },
  }),
};

const reference: Kind = {
  name: "reference",
  family: "reference",
  at: (path, word) => {
    const references = `${path}.references`;
    const read = (machine: MemoryRuntime) =>
      openReferencesSync(references, { runtime: machine }).read("main") ?? absent;
    return {
      setup: (runtime) => openReferencesSync(references, { runtime }).update("main", sha256("old")),
      keys: { [references]: read },
      writes: { [references]: (version) => version === sha256(word) },
      run: async (runtime, tell) => {
        const opened = await openReferences(references, { runtime });
        await opened.update("main", sha256(word));
        if (opened.durability === "full") tell.done(references, sha256(word));
      },
    };
  },
};

const referenceRemoval: Kind = {
  name: "reference removal",
  family: "reference",
  at: (path) => {
    const references = `${path}.references`;
    const read = (machine: MemoryRuntime) => openReferencesSync(references, { runtime: machine }).read("old/one");
    return {
      setup: (runtime) => openReferencesSync(references, { runtime }).update("old/one", sha256("old")),
      run: async (runtime, tell) => {
        const opened = await openReferences(references, { runtime });
        // Whoever finds nothing to remove promises nothing of what another one has removed.
        const isOurs = await opened.remove("old/one");
        if (isOurs && opened.durability === "full") tell.durable(`${references} is rid of it`);
      },
      rests: true,
      check: (machine, { facts, inDoubt }) => {
        if (inDoubt || !facts.includes(`${references} is rid of it`)) return;
        assertEquals(read(machine), undefined, "a reference that was removed is back");
      },
    };
  },
};

const patient = { timeout: Infinity };

/** Words in the snapshot and in the records. */
function wordsIn(machine: MemoryRuntime, path: string): string[] {
  if (machine.statusOf(path) === undefined) return [];
  const reader = openLogReaderSync(path, { runtime: machine });
  const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
  return [...text(reader.snapshot()).split(" "), ...[...reader.read()].map(({ data }) => text(data))];
}

const logKind = (name: string, checkpoints: boolean): Kind => ({
  name,
  family: "log",
  at: (path, word) => {
    const log = `${path}.log`;
    return {
      run: async (runtime, tell) => {
        const opened = await openLog(log, { runtime, lock: patient });
        try {
          const records: string[] = [];
          if (checkpoints) {
            const before = await opened.snapshot();
            for await (const { data } of opened.read()) records.push(new TextDecoder().decode(data));
            await opened.checkpoint([new TextDecoder().decode(before), ...records, word].join(" "));
          } else await opened.append(word);
          if (opened.durability === "full") tell.durable(`${log} ${word}`);
        } finally {
          await opened.close();
        }
      },
      // Whoever finds the log there relies on the name that the other one gave it.
      rests: true,
      recover: (machine) => {
        if (machine.statusOf(log) === undefined) return;
        try {
          openLogSync(log, { runtime: machine }).close();
        } catch (error) {
          // The check reads it again, and knows whether it may be there by halves.
          if (!(error instanceof CorruptionError)) throw error;
        }
      },
      check: (machine, { facts, inDoubt }) => {
        const due = facts.flatMap((fact) => fact.startsWith(`${log} `) ? [fact.slice(log.length + 1)] : []);
        if (inDoubt && due.length === 0) return;
        const words = wordsIn(machine, log);
        assertEquals(due.filter((word) => !words.includes(word)), [], `lost of what was acknowledged: ${words}`);
      },
    };
  },
});

/** Where the payload of a log's first record begins. */
const firstPayload = 72 + 32;

/** Of a log of its own: whoever opens a damaged log to write to it gets an error. */
const repair: Kind = {
  name: "repair",
  family: "log",
  at: (path) => {
    const log = `${path}.damaged`;
    const whole = ["two", "three"];
    return {
      setup: (runtime) => {
        if (runtime.statusOf(log) !== undefined) return;
        const opened = openLogSync(log, { runtime });
        for (const text of ["one", ...whole]) opened.append(text);
        opened.close();
        const bytes = (runtime.readBytes(log) ?? new Uint8Array()).slice();
        bytes[firstPayload] = 0xff;
        writeFileSync(log, bytes, { runtime });
      },
      run: async (runtime, tell) => {
        const { durability } = await repairLog(log, { keep: "readable", lock: patient, runtime });
        if (durability === "full") tell.durable(`${log} is whole`);
      },
      // Whoever finds nothing to repair relies on what the other one has put there.
      rests: true,
      check: (machine, { facts, inDoubt }) => {
        const read = (whenDamaged: "throw" | "skip") =>
          Array.from(openLogReaderSync(log, { runtime: machine }).read({ whenDamaged }), ({ data }) => {
            return new TextDecoder().decode(data);
          });
        if (inDoubt) return;
        assertEquals(read("skip"), whole);
        if (facts.includes(`${log} is whole`)) assertEquals(read("throw"), whole);
      },
    };
  },
};

/** Everything that is more than one file. */
export const largerKinds: readonly Kind[] = [
  transaction,
  recovery,
  publication,
  put,
  reference,
  referenceRemoval,
  collection,
  objectRemoval,
  quarantine,
  logKind("append", false),
  logKind("checkpoint", true),
  repair,
];
