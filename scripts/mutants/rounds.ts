/** Mistakes in many files that are written side by side, and in many writes of one file that collapse. */
import type { Mutant } from "./mutant.ts";

const rounds = ["tests/protocol/round_test.ts"];
const proof = ["tests/proof/exploration_operations_test.ts"];
const files = ["tests/write_files_test.ts"];
const collapsed = ["tests/coalesce_test.ts"];

export const roundMutants: readonly Mutant[] = [
  {
    name: "a call resolves as superseded before the newer content is written",
    file: "src/file/coalesced_write.ts",
    from: `    const result = await run(`,
    to: `    const before = { path: newest.request.path, durability: newest.request.plan.durability };
    for (const { resolve } of group) resolve({ ...before, superseded: true } as WriteResult);
    const result = await run(`,
    tests: collapsed,
  },
  {
    name: "calls collapse whatever they ask for",
    file: "src/file/coalesced_write.ts",
    from: `  return one === other || asText(one) === asText(other);`,
    to: `  return one === other || asText(one) !== "";`,
    tests: collapsed,
  },
  {
    name: "a call that is overtaken keeps its place in the order",
    file: "src/file/coalesced_write.ts",
    from: `  for (const { request } of group) returnTicket(request.ticket);
`,
    to: ``,
    tests: collapsed,
  },
  {
    name: "of calls that collapse the oldest is written",
    file: "src/file/coalesced_write.ts",
    from: `group.pop();`,
    to: `group.shift();`,
    tests: collapsed,
  },
  {
    name: "a write that has to be made itself collapses with others",
    file: "src/file/coalesced_write.ts",
    from: `lock === undefined && plan.backup === 0 && !plan.mustNotExist;`,
    to: `lock === undefined && !plan.mustNotExist;`,
    tests: collapsed,
  },
  {
    name: "a directory is synced for a whole round when the first file of it is renamed",
    file: "src/protocol/round.ts",
    from: `    await this.#reach("committed");
`,
    to: `    await this.#reach("staged");
`,
    tests: proof,
  },
  {
    name: "no file of a round begins to be written back",
    file: "src/protocol/round.ts",
    from: `this.#shared.writes > 1 ? file.startWriteBack?.() : undefined;`,
    to: `undefined;`,
    tests: rounds,
  },
  {
    name: "a sync does not wait for the write-back of the others to begin",
    file: "src/protocol/round.ts",
    from: `return started === undefined ? this.#reach("staged") : started.then(() => this.#reach("staged"));`,
    to: `return this.#reach("staged");`,
    tests: rounds,
  },
  {
    name: "a write of a round syncs before the others are written",
    file: "src/protocol/round.ts",
    from: `this.#reach("staged") : started.then(`,
    to: `void this.#pass("staged") : started.then(`,
    tests: files,
  },
  {
    name: "one failed sync of a directory is that of every later try",
    file: "src/protocol/round.ts",
    from: `      if (syncs.get(key) === sync) syncs.delete(key);
`,
    to: ``,
    tests: rounds,
  },
  {
    name: "a write that stages again counts twice",
    file: "src/protocol/round.ts",
    from: `      if (this.#passed.has(each)) continue;
`,
    to: ``,
    tests: rounds,
  },
  {
    name: "content that was written after the sync of the file system is taken for synced",
    file: "src/protocol/round.ts",
    from: `const whole = this.#isTaken ? undefined : this.#shared.whole;`,
    to: `const whole = this.#shared.whole;`,
    tests: files,
  },
  {
    name: "a file system is watched only when it is synced",
    file: "src/protocol/replace_file.ts",
    from: `if (write.plan.round?.whole !== undefined) yield* write.plan.round.whole.enter(write.parent);
  for (`,
    to: `for (`,
    tests: files,
  },
  {
    name: "a file system that could not be synced for one file is tried again",
    file: "src/protocol/whole_sync.ts",
    from: `yield* wait(watched.synced ??= this.#begin(watched, device));`,
    to: `yield* wait(this.#begin(watched, device));`,
    tests: files,
  },
  {
    name: "the sync of a file system is not in the ledger when it fails",
    file: "src/protocol/whole_sync.ts",
    from: `endSync(syncs, order, error);`,
    to: `endSync(syncs, order);`,
    tests: files,
  },
  {
    name: "what watches a file system stays open",
    file: "src/protocol/whole_sync.ts",
    from: `if (handle !== undefined) yield* closeQuietly(handle);`,
    to: ``,
    tests: files,
  },
  {
    name: "files are taken however many are under way",
    file: "src/file/write_files.ts",
    from: `return this.#pending < 2 * this.#most && this.#pendingBytes < mostBytes ? undefined`,
    to: `return this.#pending < 1000 * this.#most ? undefined`,
    tests: files,
  },
  {
    name: "files are taken however large what is under way is",
    file: "src/file/write_files.ts",
    from: `&& this.#pendingBytes < mostBytes ?`,
    to: `?`,
    tests: files,
  },
  {
    name: "a file that failed is reported as written",
    file: "src/file/write_files.ts",
    from: `    else this.#failed.push({ path, index, error });
`,
    to: `    else this.#result.written += index - index + Number(path !== "");
`,
    tests: files,
  },
  {
    name: "a call ends while files of it are under way",
    file: "src/file/write_files.ts",
    from: `    while (this.#pending > 0) await this.#settled();
`,
    to: `    if (this.#broken === undefined) while (this.#pending > 0) await this.#settled();
`,
    tests: files,
  },
];
