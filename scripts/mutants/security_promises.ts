/**
 * One promise of SECURITY each, broken: the very test that it links to must turn red, so each names that test
 * alone. scripts/mutants_test.ts holds every link to it.
 */
import type { Mutant } from "./mutant.ts";

export const securityPromiseMutants: readonly Mutant[] = [
  {
    name: "what is planted at a temporary name is written to",
    file: "src/protocol/temporary_file.ts",
    from: `      file = yield* wait(home.names.create(name, mode));
`,
    to:
      `      file = (yield* wait(engine.fileSystem.open(path, "read-write"))) ?? (yield* wait(home.names.create(name, mode)));
`,
    tests: ["tests/hostile_directory_test.ts"],
    promise: "SECURITY: what is planted is neither followed nor opened",
  },
  {
    name: "a planted symlink is swept",
    file: "src/file/sweep.ts",
    from: `  if (status.kind !== "file" && !(status.kind === "directory" && proof.kind !== "lock")) return "foreign";
`,
    to: ``,
    tests: ["tests/real/hostile_directory_test.ts"],
    promise: "SECURITY: sweeping: only plain files",
  },
  {
    name: "the mode is changed by path",
    file: "src/runtime/deno/open_file.ts",
    from: `builtin("node:fs").fchmodSync(this.#descriptor("setMode"), mode)`,
    to: `builtin("node:fs").chmodSync(this.#path, mode)`,
    tests: ["tests/real/system_calls_test.ts"],
    promise: "SECURITY: mode and owner are changed through the open file",
  },
  {
    name: "a directory that was swapped right before the commit is not noticed",
    file: "src/protocol/late_metadata.ts",
    from: `    yield* checkParent(parent, attempt);
`,
    to: ``,
    tests: ["tests/real/swapped_parent_test.ts"],
    promise: "SECURITY: a directory that was swapped is noticed",
  },
  {
    name: "in a sticky directory every symlink is followed",
    file: "src/protocol/links.ts",
    from: `  if (isFollowed(engine, link)) return;
`,
    to: `  if (isFollowed(engine, link) || ((link.directory?.mode ?? 0) & 0o1000) !== 0) return;
`,
    tests: ["tests/real/sticky_directory_test.ts"],
    promise: "SECURITY: in a sticky directory the symlink of another user is not followed",
  },
  {
    name: "another user's symlink is followed wherever it leads",
    file: "src/protocol/links.ts",
    from: `if (owner === user && !isUnmapped(engine.runtime, user) && !(isSticky`,
    to: `if (owner !== undefined && !(isSticky`,
    tests: ["tests/others_links_test.ts"],
    promise: "SECURITY: another user's symlink is followed only to what belongs to that user",
  },
  {
    name: "the way to a directory that is open is not judged",
    file: "src/protocol/directories.ts",
    from: `    yield* checkWay(engine, parent, attempt);
    if (parent.way === "loose") yield* refuseUnsafePath(engine, path, attempt);
    const { device }`,
    to: `    if (parent.way === "loose") yield* refuseUnsafePath(engine, path, attempt);
    const { device }`,
    tests: ["tests/proof/neighbour_test.ts"],
    promise: "SECURITY: nothing of others is changed, whatever a neighbour does between two calls",
  },
  {
    name: "names in a directory that others can exchange are reached by its path",
    file: "src/protocol/directories.ts",
    from: `parent.way = holdNames(isSafeWay(engine, path), handle);`,
    to: `parent.way = "safe";`,
    tests: ["tests/proof/anchored_test.ts"],
    promise: "SECURITY: nothing of others is changed, whatever a neighbour does between two calls",
  },
  {
    name: "names in a directory within one that others can exchange are reached by its path",
    file: "src/protocol/directories.ts",
    from: `child.way = holdNames(this.way === "safe" && isSafeChild(this.engine, this.status, status), handle);`,
    to: `child.way = isSafeChild(this.engine, status, status) ? "safe" : "loose";`,
    tests: ["tests/proof/neighbour_test.ts"],
    promise: "SECURITY: nothing of others is changed, whatever a neighbour does between two calls",
  },
  {
    name: "a step in a directory that others can exchange is made by its path",
    file: "src/protocol/in_directory.ts",
    from: `if (isSafeWay(engine, directory)) return`,
    to: `if (engine.capabilities.anchored || isSafeWay(engine, directory)) return`,
    tests: ["tests/proof/neighbour_test.ts"],
    promise: "SECURITY: nothing of others is changed, whatever a neighbour does between two calls",
  },
  {
    name: "root goes a way that others could exchange, though names are reached by path",
    file: "src/protocol/unsafe_path.ts",
    from: `(knownOwner(engine.runtime)?.user === 0 ? "throw" : "allow")`,
    to: `"allow"`,
    tests: ["tests/protocol/unsafe_path_test.ts"],
    promise: "SECURITY: where names are reached by path, root refuses a way that others could exchange",
  },
  {
    name: "Deno does not see whose a way is",
    file: "src/runtime/deno/file_system.ts",
    from: `  glance(path: string): FileStatus | undefined {
    try {`,
    to: `  glance(path: string): FileStatus | undefined {
    if (this.#calls !== undefined) return undefined;
    try {`,
    tests: ["tests/deno/unsafe_path_test.ts"],
    promise: "SECURITY: where names are reached by path, root refuses a way that others could exchange",
  },
  {
    name: "a symlink of root's on the way hides whose directory it leads into",
    file: "src/protocol/unsafe_path.ts",
    from: `return yield* followWay(engine, absolutePath(text`,
    to: `return { path: own, status, open: undefined }; yield* followWay(engine, absolutePath(text`,
    tests: ["tests/protocol/unsafe_path_test.ts"],
    promise: "SECURITY: where names are reached by path, root refuses a way that others could exchange",
  },
  {
    name: "the tokens of a lock directory are reached by its path",
    file: "src/lock/lock_names.ts",
    from: `if (isSafeWay(engine, directory)) return`,
    to: `if (engine.capabilities.anchored || isSafeWay(engine, directory)) return`,
    tests: ["tests/proof/neighbour_test.ts"],
    promise: "SECURITY: nothing of others is changed, whatever a neighbour does between two calls",
  },
  {
    name: "an object is put into its place by its path",
    file: "src/protocol/directories.ts",
    from: `    other.#byPath = this.names;
`,
    to: ``,
    tests: ["tests/proof/neighbour_test.ts"],
    promise: "SECURITY: nothing of others is changed, whatever a neighbour does between two calls",
  },
  {
    name: "the lock of a new private file of a transaction is for everybody",
    file: "src/lock/lock_files.ts",
    from: `{ ...rules, plan: { ...plan, newFile } }`,
    to: `rules`,
    tests: ["tests/transaction/private_lock_test.ts"],
    promise: "SECURITY: at no instant is a secret accessible to more users than the finished file",
  },
  {
    name: "a stranger's gate counts",
    file: "src/lock/lock_gate.ts",
    from: `      if (status !== undefined && !this.#counts(status)) return true;
`,
    to: ``,
    tests: ["tests/lock/gate_test.ts"],
    promise: "SECURITY: a gate of somebody who could not hold the lock keeps nobody waiting",
  },
  {
    name: "a secret that changes hands is open before it does",
    file: "src/protocol/metadata.ts",
    from: `if (!sameOwner) return permissions & 0o600;`,
    to: `if (!sameOwner) return permissions | 0o044;`,
    tests: ["tests/real/watch_secret_test.ts"],
    promise: "SECURITY: a secret is at no instant open to more users",
  },
  {
    name: "setuid and setgid stay",
    file: "src/protocol/metadata.ts",
    from: `previous.mode & ~setUserAndGroup;`,
    to: `previous.mode & ~0;`,
    tests: ["tests/metadata_test.ts"],
    promise: "SECURITY: setuid and setgid are dropped",
  },
  {
    name: "a list that its directory hands down stays on a file that is replaced",
    file: "src/protocol/attributes.ts",
    from: `if (haveSameBytes(list, has.get(accessList))) return`,
    to: `if (list === undefined || haveSameBytes(list, has.get(accessList))) return`,
    tests: ["tests/attributes_test.ts"],
    promise: "SECURITY: an access control list that can be seen is kept",
  },
  {
    name: "the list of the old file is not given to the new one",
    file: "src/protocol/attributes.ts",
    from: `if (haveSameBytes(list, has.get(accessList))) return`,
    to: `if (list !== undefined || haveSameBytes(list, has.get(accessList))) return`,
    tests: ["tests/proof/attributes_test.ts"],
    promise: "SECURITY: an access control list that can be seen is kept",
  },
  {
    name: "the copy of a list that xfs shows brings the old mask back",
    file: "src/protocol/attributes.ts",
    from: `  "trusted.SGI_ACL_FILE",
`,
    to: ``,
    tests: ["tests/real/attributes_test.ts"],
    promise: "SECURITY: an access control list that can be seen is kept",
  },
  {
    name: "rights stay where the group could not be kept",
    file: "src/protocol/metadata.ts",
    from: `    mode = narrowed(mode);
  }
`,
    to: `  }
`,
    tests: ["tests/metadata_rules_test.ts"],
    promise: "SECURITY: never passes to a group that had no rights",
  },
  {
    name: "any file can be restored from",
    file: "src/file/restore_backup.ts",
    from: `found.versions.find((backup) => backup.path === which || backup.name === which);`,
    to: `found.versions.map((backup) => ({ ...backup, name: which }))[0];`,
    tests: ["tests/backups_test.ts"],
    promise: "SECURITY: backups: only names that this module builds are restored",
  },
  {
    name: "backups of others count",
    file: "src/protocol/find_backups.ts",
    from: `    if (!counts) {`,
    to: `    if (counts === undefined) {`,
    tests: ["tests/others_backups_test.ts"],
    promise: "SECURITY: backups of other users are not listed, restored, counted or pruned",
  },
  {
    name: "what others have decided is carried out by root",
    file: "src/transaction/examine.ts",
    from: `    if (!counts) return { ...examined, status, record, verdict: "untrusted" };
`,
    to: ``,
    tests: ["tests/real/others_names_test.ts"],
    promise: "SECURITY: journals of other users are never carried out",
  },
  {
    name: "what has taken the place of a directory that was made gets its mode",
    file: "src/transaction/make_planned_directories.ts",
    from: `    const made = yield* home.openChild(name);`,
    to: `    const made = yield* openParent(engine, path, rules, attempt);`,
    tests: ["tests/transaction/exchanged_directory_test.ts"],
    promise: "SECURITY: a directory of a plan gets its owner and mode, and nothing that is put in its place does",
  },
  {
    name: "generations of others count",
    file: "src/publication/publication.ts",
    from: `      if (yield* this.trusts(status)) found.push({ name, parsed });`,
    to: `      if (status.user >= 0) found.push({ name, parsed });`,
    tests: ["tests/transaction/others_generations_test.ts"],
    promise: "SECURITY: what other users put beside a published directory is not gone back to, published or removed",
  },
  {
    name: "temporary files are never locked",
    file: "src/protocol/temporary_file.ts",
    from: `locked: yield* wait(file.tryLock(false)) };`,
    to: `locked: file !== undefined };`,
    tests: ["tests/real/living_writer_test.ts"],
    promise: "SECURITY: only of writers that are proven dead",
  },
  {
    name: "a temporary file is swept without regard to its owner",
    file: "src/file/sweep.ts",
    from: `const verdict = owner === "unproven" && age >= olderThan ? "dead" : owner;`,
    to: `const verdict = age >= youngest ? "dead" : owner;`,
    tests: ["tests/sweep_test.ts"],
    promise: "SECURITY: sweeping: only of writers that are proven dead",
  },
  {
    name: "a record is written over somebody's file",
    file: "src/lock/open_lock_file.ts",
    from: `  if ((yield* lockContent(file)) !== undefined) return;
`,
    to: `  if ((yield* lockContent(file)) !== undefined || file !== undefined) return;
`,
    tests: ["tests/lock/lock_file_test.ts"],
    promise: "SECURITY: the lock file is never truncated when it is somebody's",
  },
  {
    name: "a reference's name may contain `..`",
    file: "src/protocol/names/store.ts",
    from: `  if (part.includes("..")) return "it contains \`..\`";
  if (part.startsWith(".")) return "a part begins with a dot";
`,
    to: ``,
    tests: ["tests/store/references_test.ts"],
    promise: "SECURITY: names cannot lead out of the store",
  },
  {
    name: "objects are served unchecked",
    file: "src/store/get.ts",
    from: `    if (found !== digest) throw wrongContent(path, digest, found);
    return bytes;`,
    to: `    void found;
    return bytes;`,
    tests: ["tests/store/object_store_test.ts"],
    promise: "SECURITY: content is checked against its digest",
  },
  {
    name: "bytes that are no text end the recovery",
    file: "src/transaction/frame.ts",
    from: `  } catch {\n    return undefined;\n  }\n  const lines`,
    to: `  } catch (error) {\n    throw error;\n  }\n  const lines`,
    tests: ["tests/deno/fuzz_disk_test.ts"],
    promise: "SECURITY: what is read back is taken for damaged",
  },
  {
    name: "a write reads /proc whatever it may",
    file: "src/runtime/deno/open_file.ts",
    from: `everythingGranted() ? deno().readTextFileSync(path) : undefined;`,
    to: `deno().readTextFileSync(path);`,
    tests: ["tests/deno/permissions_test.ts"],
    promise: "SECURITY: nothing asks for more than it needs",
  },
  {
    name: "names in an open directory are reached by its path",
    file: "src/protocol/directories.ts",
    from: `this.handle?.names ?? (`,
    to: `(`,
    tests: ["tests/proof/anchored_test.ts"],
  },
];
