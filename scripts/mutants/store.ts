/** Mistakes in the store and its references. */
import type { Mutant } from "./mutant.ts";

const store = [
  "tests/store/object_store_test.ts",
  "tests/store/durability_options_test.ts",
  "tests/store/crash_test.ts",
];
const lost = ["tests/proof/lock_lost_test.ts"];
const references = ["tests/store/references_test.ts", "tests/store/crash_test.ts"];

export const storeMutants: readonly Mutant[] = [
  {
    name: "a verification ends at the first object that may not be read",
    file: "src/store/verify.ts",
    from: `if (FileError.is(error) && isForbidden(error.cause)) return error;`,
    to: ``,
    tests: ["tests/store/object_store_test.ts"],
  },
  {
    name: "what a damaged object is moved to is not synced",
    file: "src/store/take_away.ts",
    from: `          yield* syncNames(context, to, attempt);
`,
    to: ``,
    tests: ["tests/proof/sync_controls_test.ts"],
  },
  {
    name: "an object that was put again in the meantime is moved away as damaged",
    file: "src/store/take_away.ts",
    from: `(yield* judgeObject(context, digest)) !== "corrupt") return false;`,
    to: `(yield* judgeObject(context, digest)) === "removed") return false;`,
    tests: ["tests/store/take_away_test.ts"],
  },
  {
    name: "a put of an object that is there says that it is new",
    file: "src/store/put.ts",
    from: `        if (absent) lead.found = "new";`,
    to: `        lead.found = "new";`,
    tests: ["tests/store/take_away_test.ts"],
  },
  {
    name: "objects are put without the store's lock",
    file: "src/store/put.ts",
    from: `yield* hold.confirm(state());`,
    to: ``,
    tests: lost,
  },
  {
    name: "a failed sync of a shard fails nobody",
    file: "src/store/sync_shards.ts",
    from: `          own.forEach(({ lead }) => failures.set(lead, error));`,
    to: `          own.forEach(({ lead }) => void lead);`,
    tests: [...store, "tests/proof/fault_then_cut_test.ts"],
  },
  {
    name: "a shard that could not be synced is reported as durable",
    file: "src/store/sync_shards.ts",
    from: `fileSynced && holds, synced.has(directory)));`,
    to: `fileSynced && holds, true));`,
    tests: [...store, "tests/proof/fault_then_cut_test.ts"],
  },
  {
    name: "a store in a directory whose name could not be synced is reported as durable",
    file: "src/store/store.ts",
    from: `    if (!named) this.note(reachedDurability(this.plan.durability, true, false));`,
    to: `    void named;`,
    tests: ["tests/store/durability_options_test.ts"],
  },
  {
    name: "what the removal of a temporary name says of a put is not heard",
    file: "src/store/sync_shards.ts",
    from: `const witness = witnessOf([...removals.values()].flat());`,
    to: `const witness = undefined;
  removals.clear();`,
    tests: ["tests/protocol/removal_witness_test.ts"],
  },
  {
    name: "a damaged object in its place is trusted",
    file: "src/store/refresh.ts",
    from: `if ((yield* readableDigest(context, file)) !== digest) return { state: "damaged", fileSynced: false };`,
    to: ``,
    tests: store,
  },
  {
    name: "a repeated put does not make its object young",
    file: "src/store/refresh.ts",
    from: `yield* wait(file.setTimes(atMilliseconds(young)));`,
    to: `yield* wait(file.setTimes(atMilliseconds(modified)));`,
    tests: store,
  },
  {
    name: "a repeated put does not sync its object",
    file: "src/store/refresh.ts",
    from: `if (!syncsFile(plan.durability)) return`,
    to: `if (syncsFile(plan.durability) || true) return`,
    tests: store,
  },
  {
    name: "content that is not what was announced is stored",
    file: "src/store/incoming.ts",
    from: `if (expected !== undefined && expected !== digest) throw this.#refused(expected);`,
    to: ``,
    tests: store,
  },
  {
    name: "an object is handed out unverified",
    file: "src/store/get.ts",
    from: `    if (found !== digest) throw wrongContent(path, digest, found);\n    return bytes;`,
    to: `    return bytes;`,
    tests: store,
  },
  {
    name: "a stream is not verified before its first byte",
    file: "src/store/get.ts",
    from: `    if (found !== this.#digest) throw wrongContent(path, this.#digest, found);\n    this.#left`,
    to: `    this.#left`,
    tests: store,
  },
  {
    name: "a stream is not verified a second time while it is read",
    file: "src/store/get.ts",
    from:
      `      if (found !== this.#digest) throw wrongContent(path, this.#digest, found);\n      yield* this.close();`,
    to: `      yield* this.close();`,
    tests: store,
  },
  {
    name: "a restored file keeps the time of the one it replaces",
    file: "src/store/get.ts",
    from: `Math.max(runtime.clock.now(), Math.floor(previous.modified) + 1)`,
    to: `previous.modified`,
    tests: store,
  },
  {
    name: "rot is not verified when an object is restored",
    file: "src/store/get.ts",
    from: `if (found !== digest) throw wrongContent(path, digest, found ?? "unknown");`,
    to: ``,
    tests: store,
  },
  {
    name: "a kept object's name is not synced",
    file: "src/store/keep.ts",
    from: `    yield* syncName(context, digest, fileSynced, attempt);\n`,
    to: `    if (digest === "") yield* syncName(context, digest, fileSynced, attempt);\n`,
    tests: store,
  },
  {
    name: "keeping does not look at the lock",
    file: "src/store/keep.ts",
    from: `      yield* hold.confirm("unchanged");\n`,
    to: `      void hold;\n`,
    tests: lost,
  },
  {
    name: "a sector that cannot be read ends the verification",
    file: "src/store/get.ts",
    from: `if (error.code === "EIO" && error.step === "read") return "corrupt";`,
    to: ``,
    tests: store,
  },
  {
    name: "a reference is updated whatever it led to",
    file: "src/store/reference_body.ts",
    from:
      `          if (actual !== expected) throw leadsElsewhere(attempt, expected, actual);\n        }\n        yield* write`,
    to: `          void actual;\n        }\n        yield* write`,
    tests: references,
  },
  {
    name: "of references that are set at once, any one stays",
    file: "src/store/reference_body.ts",
    from: `const ticket = expected === undefined ? takeTicket() : undefined;`,
    to: `const ticket = expected === undefined ? undefined : takeTicket();`,
    tests: references,
  },
  {
    name: "a reference is removed whatever it led to",
    file: "src/store/reference_body.ts",
    from:
      `        if (actual !== expected) throw leadsElsewhere(attempt, expected, actual);\n      }\n      return yield* removeFile`,
    to: `        void actual;\n      }\n      return yield* removeFile`,
    tests: references,
  },
  {
    name: "a reference is removed under a lock that was lost",
    file: "src/store/reference_body.ts",
    from: `    yield* guard();\n    removed =`,
    to: `    void guard;\n    removed =`,
    tests: lost,
  },
  {
    name: "a reference is written under a lock that was lost",
    file: "src/store/reference_body.ts",
    from: `ticket: ticket ?? takeTicket() }, () => hold.confirm("unchanged"));`,
    to: `ticket: ticket ?? takeTicket() }, function* () {});`,
    tests: lost,
  },
  {
    name: "a removed reference is not synced",
    file: "src/store/reference_body.ts",
    from: `const synced = yield* syncDirectory(engine, parent, plan, attempt);`,
    to: `const synced = removed || (yield* syncDirectory(engine, parent, plan, attempt));`,
    tests: references,
  },
  {
    name: "one damaged reference hides the others",
    file: "src/store/reference_body.ts",
    from: `listing.failure ??= error;`,
    to: `throw error;`,
    tests: references,
  },
  {
    name: "references behind a symlink to a directory are silently missing from the list",
    file: "src/store/reference_body.ts",
    from: `        if (digest === undefined) yield* refuseSymlink(context, path);`,
    to: `        if (digest === undefined) continue;`,
    tests: ["tests/store/references_test.ts"],
  },
  {
    name: "a file in the place of a directory that holds objects is not seen by verify",
    file: "src/store/verify.ts",
    from: `    if (intruder !== undefined) {`,
    to: `    if (intruder === "") {`,
    tests: ["tests/store/object_store_test.ts"],
  },
];
