/** Mistakes in single commands: the programs that they run, what they refuse, the statuses that they end with. */
import type { Mutant } from "./mutant.ts";

const lock = ["tests/cli/lock_test.ts"];
const update = ["tests/cli/update_test.ts"];
const store = ["tests/cli/store_test.ts"];
const deploy = ["tests/cli/deploy_test.ts"];
const recover = ["tests/cli/recover_test.ts", "tests/cli/deploy_test.ts"];
const log = ["tests/cli/log_test.ts"];
const shell = ["tests/cli/commands_test.ts", "tests/cli/transcript_test.ts", "tests/cli/every_flag_test.ts"];

export const commandsMutants: readonly Mutant[] = [
  {
    name: "the program is not sent the command's signal",
    file: "src/cli/program/program.ts",
    from: `      this.#program.send(signal);
`,
    to: ``,
    tests: lock,
  },
  {
    name: "a signal does not end the wait for a lock",
    file: "src/cli/program/program.ts",
    from: `      this.#waiting.abort(new Interrupted(this.#attempt, this.#path, signal));
`,
    to: ``,
    tests: lock,
    hangs: true,
  },
  {
    name: "--nonblock waits",
    file: "src/cli/waiting.ts",
    from: `return nonblock ? 0 : timeout`,
    to: `return nonblock ? Infinity : timeout`,
    tests: lock,
    hangs: true,
  },
  {
    name: "-E is not the status when the lock is not free in time",
    file: "src/cli/waiting.ts",
    from: `status: conflictExitCode ?? exitStatus.notInTime,`,
    to: `status: exitStatus.notInTime,`,
    tests: lock,
  },
  {
    name: "the status of the program is not the command's",
    file: "src/cli/commands/lock.ts",
    from: `      status,
      ...endOfProgram`,
    to: `      status: 0,
      ...endOfProgram`,
    tests: lock,
  },
  {
    name: "a shared lock is exclusive",
    file: "src/cli/commands/lock.ts",
    from: `shared: shared === true,`,
    to: `shared: shared === false,`,
    tests: lock,
  },
  {
    name: "a program that failed has written the file",
    file: "src/cli/program/program_output.ts",
    from: `if (end.status !== 0) this`,
    to: `if (end.status < 0) this`,
    tests: update,
  },
  {
    name: "an update does not wait for its program's end",
    file: "src/cli/program/program_output.ts",
    from: `    await this.#end;
`,
    to: ``,
    tests: update,
  },
  {
    name: "an update waits for what its program has left running",
    file: "src/cli/program/program_output.ts",
    from: `if (this.#hasEnded) this.#limitSilence();`,
    to: ``,
    tests: update,
  },
  {
    name: "one output of a program is cut by the other",
    file: "src/cli/program/output_tail.ts",
    from: `chunk.lastIndexOf(lineFeed) + 1;`,
    to: `chunk.length;`,
    tests: ["tests/cli/output_tail_test.ts"],
  },
  {
    name: "an update keeps its lock",
    file: "src/cli/commands/update.ts",
    from: `  } finally {
    await (isDone ? lock.release() : releaseUnused(lock));
  }
}`,
    to: `  } finally {
    void (isDone ? lock : releaseUnused);
  }
}`,
    tests: update,
  },
  {
    name: "a mistyped references directory empties the store",
    file: "src/cli/commands/store.ts",
    from: `  await mustExist(path, attempt, "directory", "directory");
`,
    to: ``,
    tests: store,
  },
  {
    name: "HEAD does not keep its object",
    file: "src/cli/commands/store.ts",
    from: `  if (head?.digest !== undefined) yield head.digest;
`,
    to: `  void head;
`,
    tests: store,
  },
  {
    name: "a line that is no digest is passed over",
    file: "src/cli/commands/store.ts",
    from: `if (digest === undefined) throw notADigest(to, line);`,
    to: `if (digest === undefined) return undefined;`,
    tests: store,
  },
  {
    name: "validate of a plan is not run",
    file: "src/cli/commands/deploy.ts",
    from: `    await runProgramStep(call, step, await lists.place(given(found)));
`,
    to: `    void step;
`,
    tests: deploy,
  },
  {
    name: "a program that fails has not refused",
    file: "src/cli/program/program_step.ts",
    from: `  if (inTime && status === 0) return;`,
    to: `  if (inTime && status !== -1) return;`,
    tests: deploy,
  },
  {
    name: "a program that takes too long goes on",
    file: "src/cli/program/program_step.ts",
    from: `  if (!inTime) await end(program);
`,
    to: ``,
    tests: deploy,
    hangs: true,
  },
  {
    name: "the output of a program is kept whole",
    file: "src/cli/program/output_tail.ts",
    from: `const kept = 64 * 1024;`,
    to: `const kept = Infinity;`,
    tests: deploy,
  },
  {
    name: "a program does not learn where the staged files are",
    file: "src/cli/program/program_step.ts",
    from: `[listVariable]: path };`,
    to: `[listVariable]: path.slice(0, 0) };`,
    tests: deploy,
  },
  {
    name: "a list of staged files that is too long goes into a variable all the same",
    file: "src/transaction/staged_list.ts",
    from: `isShort ? text : undefined`,
    to: `text`,
    tests: deploy,
  },
  {
    name: "a program counts as executable if anybody may execute it",
    file: "src/cli/program/program_lookup.ts",
    from: `return (mode & (own === user ? 0o100 : 0o011)) !== 0;`,
    to: `return (mode & 0o111) !== 0;`,
    tests: deploy,
  },
  {
    name: "whether a script has an interpreter is not asked",
    file: "src/cli/program/program_lookup.ts",
    from: `    return { ...problem, found: true, reason };
`,
    to: `    return undefined;
`,
    tests: deploy,
  },
  {
    name: "a deployment does not report the interrupted one that it found",
    file: "src/cli/results.ts",
    from: `found an interrupted deployment: `,
    to: ``,
    tests: deploy,
  },
  {
    name: "a conflict of a recovery is a success",
    file: "src/cli/results.ts",
    from: `  if (conflicts.length > 0) return exitStatus.conflict;
`,
    to: ``,
    tests: recover,
  },
  {
    name: "an activation that is owed is a success",
    file: "src/cli/results.ts",
    from: `return needsActivation.length > 0 ? exitStatus.rollbackFailed : exitStatus.done;`,
    to: `return exitStatus.done;`,
    tests: recover,
  },
  {
    name: "a directory that cannot be recovered ends the rest",
    file: "src/cli/commands/recover.ts",
    from: `      if (!isGone) failures.push(error);
      return false;`,
    to: `      throw error;`,
    tests: recover,
  },
  {
    name: "recovery goes on after an activation that failed",
    file: "src/cli/commands/recover.ts",
    from: `!FileError.is(error) || error instanceof Interrupted || ActivationError.is(error);`,
    to: `!FileError.is(error) || error instanceof Interrupted;`,
    tests: recover,
  },
  {
    name: "lines are one record",
    file: "src/cli/commands/log.ts",
    from: `lines === true, to`,
    to: `lines === false, to`,
    tests: log,
  },
  {
    name: "numbers that could not be printed are a success",
    file: "src/cli/commands/log.ts",
    from: `    if (error.code !== "EPIPE") appended.untold = error.code;
`,
    to: ``,
    tests: log,
  },
  {
    name: "a sweep that failed for a file is a success",
    file: "src/cli/commands/sweep.ts",
    from: `    status: first === undefined ? exitStatus.done : statusOf(first.code ?? ""),
`,
    to: ``,
    tests: shell,
  },
  {
    name: "damaged objects are a success",
    file: "src/cli/commands/store.ts",
    from: `...corrupt.length === 0 ? {} : { status: exitStatus.badData },`,
    to: ``,
    tests: store,
  },
];
