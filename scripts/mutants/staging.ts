/** Mistakes in staging: the temporary file, its content, its lock, its end. */
import type { Mutant } from "./mutant.ts";

const faults = ["tests/faults_test.ts", "tests/proof/fault_sweep_test.ts"];
const traces = ["tests/golden_traces_test.ts"];
const abort = ["tests/write_file_abort_test.ts"];
const sweep = ["tests/sweep_test.ts"];
const failures = ["tests/sync_failures_test.ts"];
const moved = ["tests/hostile_directory_test.ts", "tests/paths_test.ts", "tests/real/swapped_parent_test.ts"];
const metadata = ["tests/metadata_rules_test.ts", "tests/metadata_test.ts"];
const sweepers = ["tests/golden_traces_test.ts", "tests/sweep_test.ts"];
const hostile = ["tests/hostile_directory_test.ts"];
const lockless = ["tests/write_file_options_test.ts", "tests/write_file_test.ts", "tests/faults_test.ts"];
const inputs = ["tests/write_file_inputs_test.ts"];
const copies = ["tests/copy_file_test.ts"];

export const stagingMutants: readonly Mutant[] = [
  {
    name: "a temporary file that has lost bytes is committed",
    file: "src/protocol/stage.ts",
    from: `if (status.size !== writer.bytesWritten) {`,
    to: `if (status.size > writer.bytesWritten) {`,
    tests: ["tests/write_file_test.ts"],
  },
  {
    name: "content is not synced",
    file: "src/protocol/stage.ts",
    from: `    write.fileSynced = synced ?? (yield* syncFile(engine, { file, place: parent }, plan, attempt));
`,
    to: `    write.fileSynced = true;
`,
    tests: traces,
  },
  {
    name: "an abort is not looked at before the sync",
    file: "src/protocol/stage.ts",
    from: `    checkAbort(plan.signal);
    let synced`,
    to: `    let synced`,
    tests: abort,
  },
  {
    name: "a file whose sync took long looks old to sweepers",
    file: "src/protocol/stage.ts",
    from: `if (plan.times === undefined && now - written > ageing) {`,
    to: `if (plan.times === undefined && now - written > Infinity) {`,
    tests: sweep,
  },
  {
    name: "what closing reports counts for nothing",
    file: "src/protocol/stage.ts",
    from: `  yield* wait(temporary.file.close());
}`,
    to: `  yield* tidy([], () => temporary.file.close());
}`,
    tests: failures,
  },
  {
    name: "what was not committed is not removed",
    file: "src/protocol/stage.ts",
    from: `  yield* tidy(failures, removeOwn(temporary.home, temporary.name), temporary.path);
  return failures;`,
    to: `  return failures;`,
    tests: faults,
  },
  {
    name: "what was not committed stays open",
    file: "src/protocol/stage.ts",
    from: `  if (phase === "open") yield* tidy(failures, () => temporary.file.close());
`,
    to: ``,
    tests: faults,
  },
  {
    name: "an error does not say that a temporary file went with its directory",
    file: "src/protocol/stage.ts",
    from: `  if (now?.identity !== home.status.identity) throw new SystemError("ESTALE", "remove", home.pathOf(name));
`,
    to: `  void now;
`,
    tests: moved,
  },
  {
    name: "the file that shows the umask's mode is left",
    file: "src/protocol/stage.ts",
    from: `  yield* tidy(failures, () => parent.names.remove(name), path);
  const`,
    to: `  const`,
    tests: metadata,
  },
  {
    name: "a file that changes hands is open to others before",
    file: "src/protocol/stage.ts",
    from: `creationMode: mode & 0o600, modeRequired: false`,
    to: `creationMode: mode, modeRequired: false`,
    tests: metadata,
  },
  {
    name: "temporary files are not locked",
    file: "src/protocol/temporary_file.ts",
    from: `locked: yield* wait(file.tryLock(false)) };`,
    to: `locked: true };`,
    tests: sweepers,
  },
  {
    name: "a planted name ends the write",
    file: "src/protocol/temporary_file.ts",
    from: `&& tries < mostTries) continue;`,
    to: `&& tries < 1) continue;`,
    tests: hostile,
  },
  {
    name: "a file system without locks takes no files",
    file: "src/protocol/temporary_file.ts",
    from: `const failure = asked && hasNoLocks(error) ? failures[0] : { error };`,
    to: `const failure = { error };`,
    tests: lockless,
  },
  {
    name: "NFS without its lock service takes no files",
    file: "src/protocol/temporary_file.ts",
    from: `isUnsupported(error) || (error instanceof SystemError && error.code === "ENOLCK");`,
    to: `isUnsupported(error);`,
    tests: sweep,
  },
  {
    name: "that a file system has no locks is not remembered",
    file: "src/protocol/temporary_file.ts",
    from: `      lockless.add(engine.fileSystem, device);
`,
    to: ``,
    tests: ["tests/write_file_test.ts"],
    hangs: true,
  },
  {
    name: "the rest of a short write is lost",
    file: "src/protocol/content_writer.ts",
    from: `      offset += written;
`,
    to: `      offset = bytes.length;
`,
    tests: faults,
  },
  {
    name: "an abort is not looked at between two pieces",
    file: "src/protocol/content_writer.ts",
    from: `      checkAbort(this.#signal);
      const written`,
    to: `      const written`,
    tests: abort,
  },
  {
    name: "what is gathered at the end is not written",
    file: "src/protocol/content_writer.ts",
    from: `    if (this.#used > 0) yield* this.#flush();
    return this.#digest`,
    to: `    return this.#digest`,
    tests: inputs,
  },
  {
    name: "a clone is not compared with its source",
    file: "src/protocol/content_writer.ts",
    from: `yield* this.#keepEqual(source, report);
`,
    to: `{
      this.bytesWritten = (yield* wait(source.stat())).size;
      return;
    }
`,
    tests: copies,
  },
  {
    name: "a Node stream that fails before it is read ends the process",
    file: "src/core/bytes.ts",
    from: '  stream.on("error", () => {});\n',
    to: "",
    tests: ["tests/write_file_source_test.ts"],
  },
  {
    name: "a Node stream that is never read stays open",
    file: "src/core/bytes.ts",
    from: "cancel: () => ignoreOutcome(() => stream.destroy())",
    to: "cancel: () => ignoreOutcome(() => iterator.return?.())",
    tests: ["tests/write_file_source_test.ts"],
  },
  {
    name: "a source that never answers outlives the abort",
    file: "src/protocol/content_writer.ts",
    from: `    const settled = onAbort(signal, abort);
`,
    to: `    const settled = () => {};
`,
    tests: abort,
    hangs: true,
  },
];
