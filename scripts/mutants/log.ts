/** Mistakes in the log and its records. */
import type { Mutant } from "./mutant.ts";

const log = ["tests/log/log_test.ts"];
const crash = ["tests/log/log_test.ts", "tests/log/crash_test.ts"];
const failed = ["tests/log/failed_sync_test.ts"];
const end = ["tests/log/log_end_test.ts"];

export const logMutants: readonly Mutant[] = [
  {
    name: "records after damage keep their numbers, which leaves a gap",
    file: "src/log/checkpoint.ts",
    from: `sequence: found.sequence - missing`,
    to: `sequence: found.sequence`,
    tests: ["tests/log/repair_test.ts"],
  },
  {
    name: "a repair that finds nothing to repair leaves what is in memory alone",
    file: "src/log/repair_log.ts",
    from: `  if (sureness === "unproven") return yield* rewriteLog(opening, file, header);
`,
    to: ``,
    tests: ["tests/log/repair_test.ts"],
  },
  {
    name: "a repaired log keeps no backup",
    file: "src/log/repair_log.ts",
    from: `backup = 1, lock`,
    to: `backup = 0, lock`,
    tests: ["tests/log/repair_test.ts"],
  },
  {
    name: "a batch is not synced",
    file: "src/log/append_file.ts",
    from: `      synced = yield* this.#sync(this.#rules, attempt);
`,
    to: `      synced = true;
`,
    tests: crash,
  },
  {
    name: "the end of a batch that was cut back is not synced",
    file: "src/log/append_file.ts",
    from: `      yield* this.#sync({ ...this.#rules, whenUnsupported: "report", whenSyncFails: "throw" }, attempt);
`,
    to: ``,
    tests: failed,
  },
  {
    name: "a batch that failed is not cut back",
    file: "src/log/append_file.ts",
    from: `      yield* wait(this.#file.truncate(this.#cursor.offset));
`,
    to: ``,
    tests: log,
  },
  {
    name: "what could not be cut back does not end the log",
    file: "src/log/append_file.ts",
    from: `      this.fail(thrown);
`,
    to: ``,
    tests: log,
  },
  {
    name: "after a failed sync a later one is trusted",
    file: "src/log/append_file.ts",
    from: `    this.#provable &&= synced;
`,
    to: `    this.#provable = synced;
`,
    tests: log,
  },
  {
    name: "a seal is written over, not cut off",
    file: "src/log/append_file.ts",
    from: `    if (this.#size > start) yield* wait(this.#file.truncate(start));
`,
    to: ``,
    tests: end,
  },
  {
    name: "a seal says of what was not synced that it was",
    file: "src/log/append_file.ts",
    from: ` && this.#syncedThrough === this.#cursor.offset;`,
    to: `;`,
    tests: end,
  },
  {
    name: "a failure of a batch is forgotten: it may come back",
    file: "src/log/append_file.ts",
    from: `      throw yield* this.#cutBack(error, attempt);
`,
    to: `      throw error;
`,
    tests: log,
  },
  {
    name: "damage passes for a torn tail when the log is opened",
    file: "src/log/records_end.ts",
    from: `      if (proof !== undefined) {
        const reason`,
    to: `      if (proof === -1) {
        const reason`,
    tests: log,
  },
  {
    name: "damage passes for the end when the log is read",
    file: "src/log/read_log.ts",
    from: `      if (typeof found === "string" && proof !== undefined) {`,
    to: `      if (typeof found === "string" && proof === -1) {`,
    tests: log,
  },
  {
    name: "records of which nothing says that they were synced are built upon",
    file: "src/log/records_end.ts",
    from: `const proven = cursor.syncedThrough === cursor.offset;`,
    to: `const proven = cursor.syncedThrough <= cursor.offset;`,
    tests: failed,
  },
  {
    name: "a torn tail is not cut off",
    file: "src/log/records_end.ts",
    from: `    if (tornTail !== undefined) yield* wait(file.truncate(cursor.offset));
`,
    to: ``,
    tests: end,
  },
  {
    name: "a log that was cut is not synced",
    file: "src/log/records_end.ts",
    from:
      `const synced = wanted && (yield* syncFile(engine, { file, place }, { ...rules, whenSyncFails: "throw" }, attempt));`,
    to: `const synced = wanted && syncFile !== undefined;`,
    tests: crash,
  },
  {
    name: "an append does not look at its lock",
    file: "src/log/log_body.ts",
    from: `    yield* this.#hold.confirm(attempt.targetState);
    const now`,
    to: `    const now`,
    tests: ["tests/proof/lock_lost_test.ts"],
  },
  {
    name: "records go into a log that was emptied in place",
    file: "src/log/log_body.ts",
    from: `if (same && now.size === this.#appended.size) return;`,
    to: `if (same) return;`,
    tests: log,
  },
  {
    name: "records go into a file that has lost its name",
    file: "src/log/log_body.ts",
    from: `const same = now?.identity === this.#identity;`,
    to: `const same = now !== undefined;`,
    tests: end,
  },
  {
    name: "a checkpoint does not look at its lock before its rename",
    file: "src/log/log_body.ts",
    from: `    this.#plan = { ...request.plan, guard: () => hold.confirm("unchanged") };`,
    to: `    this.#plan = request.plan;`,
    tests: ["tests/proof/lock_lost_test.ts"],
  },
  {
    name: "after a checkpoint that failed after its rename the old file is appended to",
    file: "src/log/log_body.ts",
    from: `if (FileError.is(error) && error.targetState !== "unchanged") before.fail(error);`,
    to: `if (FileError.is(error) && error.targetState === "unchanged") before.fail(error);`,
    tests: end,
  },
  {
    name: "the writer's lock stays after an opening that failed",
    file: "src/log/log_body.ts",
    from: `        yield* releaseQuietly(hold);
        throw error;`,
    to: `        throw error;`,
    tests: log,
  },
  {
    name: "the name of a log that another process has made is not synced",
    file: "src/log/open_log_file.ts",
    from: `const named = yield* syncName(engine, path, plan, attempt);`,
    to: `const named = syncName !== undefined;`,
    tests: crash,
  },
  {
    name: "a log is rewritten with one backup more",
    file: "src/log/open_log_file.ts",
    from: `plan: { ...opening.plan, backup: 0 } };`,
    to: `plan: opening.plan };`,
    tests: log,
  },
  {
    name: "a damaged snapshot is handed out",
    file: "src/log/read_log.ts",
    from: `if (hash.digest() === snapshot.digest) return bytes;`,
    to: `if (hash.digest() !== "") return bytes;`,
    tests: log,
  },
  {
    name: "a log that ends within its snapshot is opened",
    file: "src/log/read_log.ts",
    from: `if (size < start) throw`,
    to: `if (size < 0 * start) throw`,
    tests: end,
  },
  {
    name: "a checkpoint drops one record too many",
    file: "src/log/checkpoint.ts",
    from: `found.sequence < from) continue;`,
    to: `found.sequence <= from) continue;`,
    tests: log,
  },
  {
    name: "the digest of a snapshot is that of nothing",
    file: "src/log/checkpoint.ts",
    from: `    hash.update(piece);
`,
    to: ``,
    tests: log,
  },
  {
    name: "a record counts wherever it was written",
    file: "src/log/record.ts",
    from: `placeChecksum(identityChecksum(identity), offset)) === header.checksum;`,
    to: `placeChecksum(identityChecksum(identity), offset)) === header.checksum || header.checksum !== 0;`,
    tests: log,
  },
  {
    name: "what may be a record is not compared with its checksum",
    file: "src/log/damage_proof.ts",
    from: `found === records.checksum(record)`,
    to: `found !== 0`,
    tests: log,
  },
  {
    name: "a record that proves damage is passed over",
    file: "src/log/damage_proof.ts",
    from: `found === records.checksum(record)`,
    to: `found === records.checksum(record) + 1`,
    tests: log,
  },
  {
    name: "a record of an older session counts after one of a newer session",
    file: "src/log/record.ts",
    from: `  if (header.salt !== cursor.salt) return header.syncedThrough === cursor.offset;
`,
    to: ``,
    tests: end,
  },
  {
    name: "a read record is not copied",
    file: "src/log/record_reader.ts",
    from: `const data = whole.slice(recordHeaderSize);`,
    to: `const data = whole.subarray(recordHeaderSize);`,
    tests: end,
  },
  {
    name: "what was read once is not looked at again",
    file: "src/log/read_log.ts",
    from: `      reader.forget();
      found = yield* reader.next(cursor);
    }
    if (found === "bad")`,
    to: `      found = yield* reader.next(cursor);
    }
    if (found === "bad")`,
    tests: end,
  },
  {
    name: "the end of a hole is passed over with it",
    file: "src/log/damage_proof.ts",
    from: `offset = end - recordHeaderSize + 1;`,
    to: `offset = end;`,
    tests: ["tests/log/zeros_test.ts"],
  },
  {
    name: "zeros are left out of a checksum",
    file: "src/log/damage_proof.ts",
    from: `shiftState(state, to - from), [],`,
    to: `(to > from ? state : 0), [],`,
    tests: ["tests/log/zeros_test.ts"],
  },
  {
    name: "holes behind a torn tail are read",
    file: "src/log/damage_proof.ts",
    from: `const isHole = data - offset > windowSize;`,
    to: `const isHole = data < 0;`,
    tests: ["tests/log/zeros_test.ts"],
    hangs: true,
  },
  {
    name: "bytes are zeros if the first of them are",
    file: "src/core/zeros.ts",
    from: `index < words.length; index++`,
    to: `index < 1; index++`,
    tests: ["tests/log/zeros_test.ts"],
  },
  {
    name: "the search for proof of damage starts over with every piece that is read",
    file: "src/log/damage_proof.ts",
    from: `const mostPending = 2 ** 20;`,
    to: `const mostPending = 2 ** 12;`,
    tests: ["tests/log/log_test.ts"],
  },
];
