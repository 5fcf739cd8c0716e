/** Mistakes around single files: what is swept, kept of the old file, followed, backed up. */
import type { Mutant } from "./mutant.ts";

const sweep = ["tests/sweep_test.ts", "tests/hostile_directory_test.ts"];
const metadata = ["tests/metadata_rules_test.ts", "tests/metadata_test.ts"];
const links = ["tests/links_test.ts"];
const backups = ["tests/backups_test.ts", "tests/backups_failures_test.ts"];

export const fileMutants: readonly Mutant[] = [
  {
    name: "young temporary files are swept",
    file: "src/file/sweep.ts",
    from: `if (age < youngest) return "young";`,
    to: ``,
    tests: sweep,
  },
  {
    name: "a file whose owner may still be running is swept",
    file: "src/file/sweep.ts",
    from: `const verdict = owner === "unproven" && age >= olderThan ? "dead" : owner;`,
    to: `const verdict = owner === "unproven" && age >= 0 * olderThan ? "dead" : owner;`,
    tests: sweep,
  },
  {
    name: "a living writer's temporary file is swept",
    file: "src/file/sweep.ts",
    from: `(yield* wait(file.tryLock(false))) ? "dead" : "alive";`,
    to: `(yield* wait(file.tryLock(true))) ? "dead" : "dead";`,
    tests: sweep,
  },
  {
    name: "a file that was exchanged is judged by another's lock",
    file: "src/file/sweep.ts",
    from: `if ((yield* wait(file.stat())).identity !== status.identity) return "alive";`,
    to: ``,
    tests: sweep,
  },
  {
    name: "a symlink by a temporary name is swept",
    file: "src/file/sweep.ts",
    from: `if (status.kind !== "file" && !(status.kind === "directory" && proof.kind !== "lock")) return "foreign";`,
    to: ``,
    tests: sweep,
  },
  {
    name: "a directory with somebody's files in it is emptied",
    file: "src/file/sweep.ts",
    from: `return names.every(isPrepared) ? names : undefined;`,
    to: `return names;`,
    tests: sweep,
  },
  {
    name: "a dry run removes",
    file: "src/file/sweep.ts",
    from: `if (!options.dryRun) yield*`,
    to: `yield*`,
    tests: sweep,
  },
  {
    name: "a lock directory that others may replace is emptied",
    file: "src/file/sweep.ts",
    from: `if (isReachable) verdict = "unproven";`,
    to: ``,
    tests: sweep,
  },
  {
    name: "one closed directory keeps the others from being swept",
    file: "src/file/sweep.ts",
    from: `    if (!(error instanceof SystemError)) throw error;\n    result.kept.push({ path: directory,`,
    to: `    if (error instanceof SystemError) throw error;\n    result.kept.push({ path: directory,`,
    tests: sweep,
  },
  {
    name: "sweeping a missing directory is not an error",
    file: "src/file/sweep.ts",
    from: `if (!found) throw`,
    to: `if (!found && checked.dryRun) throw`,
    tests: sweep,
  },
  {
    name: "setuid is kept",
    file: "src/protocol/metadata.ts",
    from: `mode = previous.mode & ~setUserAndGroup;`,
    to: `mode = previous.mode;`,
    tests: metadata,
  },
  {
    name: "that setgid was dropped is not reported",
    file: "src/protocol/metadata.ts",
    from: `if ((previous.mode & 0o2000) !== 0) lost.push("setgid");`,
    to: ``,
    tests: metadata,
  },
  {
    name: "the old file's owner is not kept",
    file: "src/protocol/metadata.ts",
    from: `if (plan.owner === "keep" && previous !== undefined) ({ user, group } = previous);`,
    to: ``,
    tests: metadata,
  },
  {
    name: "a file that changes hands is open to others before it does",
    file: "src/protocol/metadata.ts",
    from: `if (!sameOwner) return permissions & 0o600;`,
    to: `if (!sameOwner) return permissions;`,
    tests: metadata,
  },
  {
    name: "the group's rights go to another group",
    file: "src/protocol/metadata.ts",
    from: `return certain ? permissions : narrowed(permissions);`,
    to: `return certain ? permissions : permissions;`,
    tests: metadata,
  },
  {
    name: "a lost group leaves its rights to the new one",
    file: "src/protocol/metadata.ts",
    from: `    mode = narrowed(mode);\n  }\n`,
    to: `  }\n`,
    tests: metadata,
  },
  {
    name: "an owner that was named and refused is a loss, not an error",
    file: "src/protocol/metadata.ts",
    from: `if (required || !isRefused(error)) throw error;\n  }\n  if (user`,
    to: `if (!isRefused(error)) throw error;\n  }\n  if (user`,
    tests: metadata,
  },
  {
    name: "the group is not tried where the user was refused",
    file: "src/protocol/metadata.ts",
    from: `    yield* wait(file.setOwner(undefined, group));\n  } catch (error) {\n    if (wanted`,
    to: `    yield* wait(file.setOwner(undefined, undefined));\n  } catch (error) {\n    if (wanted`,
    tests: metadata,
  },
  {
    name: "an unknown user name is user 0",
    file: "src/protocol/metadata.ts",
    from: `(/^\\d+$/.test(name) ? Number(name) : undefined);`,
    to: `(/^\\d*/.test(name) ? Number.parseInt(name, 10) || 0 : undefined);`,
    tests: metadata,
  },
  {
    name: "a file that nobody may write to is replaced, asked or not",
    file: "src/protocol/replace_file.ts",
    from: `  if ((status.mode & writable) !== 0) return;
`,
    to: `  if ((status.mode & writable) === 0) return;
`,
    tests: ["tests/read_only_test.ts"],
  },
  {
    name: "names in /proc and /dev that stand for open files are followed like symlinks",
    file: "src/protocol/target.ts",
    from: `  if (style === "posix" && magicNames.test(path)) throw magicName(attempt);
`,
    to: ``,
    tests: ["tests/read_only_test.ts"],
  },
  {
    name: "a link to an open file without a name is taken for a dangling one",
    file: "src/protocol/target.ts",
    from: `      if (status === undefined && link !== undefined) yield* checkDangling(engine, link, current, attempt);
`,
    to: ``,
    tests: ["tests/read_only_test.ts"],
  },
  {
    name: "a sticky directory is not named as what refuses",
    file: "src/protocol/refused_change.ts",
    from: `(directory.mode & 0o1000) === 0`,
    to: `(directory.mode & 0o2000) === 0`,
    tests: ["tests/read_only_test.ts"],
  },
  {
    name: "the mode a new file is created with is not what was asked for",
    file: "src/protocol/write_plan.ts",
    from: `rest.defaults?.creationMode ?? defaultPlan.newFileMode`,
    to: `defaultPlan.newFileMode`,
    tests: ["tests/read_only_test.ts"],
  },
  {
    name: "a FIFO is waited for when it is opened",
    file: "src/runtime/foreign/c_library.ts",
    from: `const flags = nonBlocking | noTerminal`,
    to: `const flags = noTerminal`,
    tests: ["tests/real/fifo_test.ts"],
    hangs: true,
  },
  {
    name: "a user that the namespace does not map is trusted",
    file: "src/protocol/known_owner.ts",
    from: `  user !== 0 && user === process.unmappedUser?.();`,
    to: `  user !== 0 && user === process.unmappedUser?.() && false;`,
    tests: ["tests/others_links_test.ts"],
  },
  {
    name: "another user's link in a sticky directory is followed",
    file: "src/protocol/links.ts",
    from: `if (owner === user && !isUnmapped(engine.runtime, user) && !(isSticky && directory.user !== user)) return;`,
    to: `if (owner === user) return;`,
    tests: ["tests/others_links_test.ts"],
  },
  {
    name: "a symlink is followed where it is to be refused",
    file: "src/protocol/target.ts",
    from: `if (rule === "refuse") throw attemptFailed(attempt, "ELOOP", "resolve", "it is a symlink");`,
    to: ``,
    tests: links,
  },
  {
    name: "a link to a directory's name with a slash is a file",
    file: "src/protocol/target.ts",
    from: `  return endsAsDirectory(text, style) ? childOf(engine, path, "") : path;
`,
    to: `  return path;
`,
    tests: links,
  },
  {
    name: "a backup of another version counts as the same",
    file: "src/protocol/find_backups.ts",
    from: `if (links !== 1 || size !== file.status.size || modified !== file.status.modified) return false;`,
    to: `if (size !== file.status.size) return false;\n  if (links !== 0) return true;`,
    tests: backups,
  },
  {
    name: "backups are listed oldest first",
    file: "src/protocol/find_backups.ts",
    from: `return found.sort((a, b) => b.time - a.time);`,
    to: `return found.sort((a, b) => a.time - b.time);`,
    tests: backups,
  },
  {
    name: "own backups count as hard links of somebody's",
    file: "src/protocol/find_backups.ts",
    from: `    if (seen?.identity === status?.identity) count++;`,
    to: `    void [seen, status];`,
    tests: [...backups, ...links],
  },
  {
    name: "a symlink by a backup's name is a backup",
    file: "src/protocol/find_backups.ts",
    from: `const parsed = kind === "file" ? parseBackupName(name) : undefined;`,
    to: `const parsed = kind === undefined ? undefined : parseBackupName(name);`,
    tests: [...backups, "tests/hostile_directory_test.ts"],
    survives: "the status that is looked at next says the same of what is no file",
  },
  {
    name: "the stack of a TypeError about an argument begins inside the module",
    file: "src/core/caller_stack.ts",
    from: `FileError.is(error) || isInvalidArgument(error) ?`,
    to: `FileError.is(error) ?`,
    tests: ["tests/caller_stack_test.ts"],
  },
  {
    name: "arguments that are read before an operation runs keep the module's own stack",
    file: "src/core/operation.ts",
    from: `    showCaller(error, readGiven, 1, 1);
`,
    to: ``,
    tests: ["tests/caller_stack_test.ts"],
  },
];
