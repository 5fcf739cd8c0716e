/** Mistakes in what touches the runtimes: each on the runtime that it is for. */
import type { Mutant } from "./mutant.ts";

const contract = ["tests/runtime/contract_test.ts"];
const calls = ["tests/real/system_calls_test.ts"];
const errors = ["tests/runtime/system_error_test.ts"];
const contractAndErrors = ["tests/runtime/system_error_test.ts", "tests/runtime/contract_test.ts"];
const processes = ["tests/runtime/linux_process_test.ts"];
const flock = ["tests/runtime/contract_test.ts", "tests/lock/waiting_test.ts"];
const waits = ["tests/lock/waiting_test.ts"];

const mac = ["tests/runtime/foreign_mac_test.ts"];

export const adapterMutants: readonly Mutant[] = [
  {
    name: "on macOS a resource fork is cut to the first buffer",
    file: "src/runtime/foreign/attribute_calls.ts",
    from: `let size = this.#isMac ? fill(null, 0) : firstBuffer;`,
    to: `let size = firstBuffer;`,
    tests: mac,
  },
  {
    name: "on macOS an attribute that has gone is a failure",
    file: "src/runtime/foreign/attribute_calls.ts",
    from: `new Set(["ENODATA", "ENOATTR"])`,
    to: `new Set(["ENODATA"])`,
    tests: mac,
  },
  {
    name: "on macOS a list without entries is none",
    file: "src/runtime/foreign/attribute_list.ts",
    from: `if (length < filesecSize || view`,
    to: `if (length <= filesecSize || view`,
    tests: mac,
  },
  {
    name: "on macOS any failure of a full sync is made good by a lesser one",
    file: "src/runtime/mac_sync.ts",
    from: `    if (unsupported.has(codeOf(error))) yield* wait(sync("plain"));
    throw error;
`,
    to: `    yield* wait(sync("plain"));
`,
    tests: mac,
  },
  {
    name: "a list beside the mode stays with a private file until it is complete",
    file: "src/protocol/temporary_file.ts",
    from: `if (engine.capabilities.listsBesideMode === true) yield*`,
    to: `if (!engine.capabilities.attributes) yield*`,
    tests: ["tests/attributes_test.ts"],
  },
  {
    name: "what is synced for a file that was read may be another file",
    file: "src/runtime/sync_through.ts",
    from: `if (writable.opened?.identity !== identity) throw`,
    to: `if (writable.opened === undefined) throw`,
    tests: ["tests/runtime/sync_through_test.ts"],
  },
  {
    name: "Deno opens what is there where it must create",
    file: "src/runtime/deno/file_system.ts",
    from: `createNew: true,`,
    to: `create: true,`,
    tests: contract,
  },
  {
    name: "Deno does not notice that a file was exchanged while it was opened",
    file: "src/runtime/deno/file_system.ts",
    from: `      if (file.opened.identity === seen.identity) return file;
`,
    to: `      return file;
`,
    tests: ["tests/deno/without_foreign_calls_test.ts"],
  },
  {
    name: "Deno follows a symlink that it must not",
    file: "src/runtime/deno/file_system.ts",
    from: `follow ? this.#deno.statSync(path) : this.#deno.lstatSync(path)`,
    to: `this.#deno.statSync(path)`,
    tests: ["tests/deno/without_foreign_calls_test.ts"],
  },
  {
    name: "Deno removes an empty directory for a file",
    file: "src/runtime/deno/file_system.ts",
    from: `if (this.#deno.lstatSync(path).isDirectory) throw`,
    to: `if (this.#deno.lstatSync(path).isSymlink) throw`,
    tests: contract,
  },
  {
    name: "Deno's lock is shared where it is to be exclusive",
    file: "src/runtime/deno/open_file.ts",
    from: `this.#file.tryLockSync(!shared)`,
    to: `this.#file.tryLockSync(shared)`,
    tests: contract,
  },
  {
    name: "Deno's sync does nothing",
    file: "src/runtime/deno/open_file.ts",
    from: `atOnce ? this.#file.syncSync() : this.#calls.sync(this.#file);`,
    to: `undefined;`,
    tests: calls,
  },
  {
    name: "Deno shows the kind of file in the mode",
    file: "src/runtime/deno/status.ts",
    from: `(info.mode ?? 0) & 0o7777`,
    to: `info.mode ?? 0`,
    tests: contract,
  },
  {
    name: "Deno leaves the second descriptor open",
    file: "src/runtime/deno/open_file.ts",
    from: `    } finally {
      if (this.#second !== undefined) this.#closeSecond();
    }`,
    to: `    } finally {
      this.#secondIsLocked = false;
    }`,
    tests: contract,
  },
  {
    name: "Deno's synchronous rename always reports success",
    file: "src/runtime/deno/file_system.ts",
    from: `throwUnlessInterrupted(error, "rename", from);`,
    to: `if (isMissing(error, "rename", from)) return;`,
    tests: contract,
  },
  {
    name: "Node opens what is there where it must create",
    file: "src/runtime/node/file_system.ts",
    from: ` | constants.O_EXCL |`,
    to: ` |`,
    tests: contract,
    runtime: "node",
  },
  {
    name: "Node follows a symlink that it must not",
    file: "src/runtime/node/file_system.ts",
    from: `(follow ? 0 : constants.O_NOFOLLOW ?? 0)`,
    to: `0`,
    tests: contract,
    runtime: "node",
  },
  {
    name: "Node stops at a FIFO",
    file: "src/runtime/node/file_system.ts",
    from: `(constants.O_NONBLOCK ?? 0) |`,
    to: ``,
    tests: contract,
    runtime: "node",
    hangs: true,
  },
  {
    name: "Node writes every piece at the beginning",
    file: "src/runtime/node/open_file.ts",
    from: `    this.#position += count;
`,
    to: ``,
    tests: contract,
    runtime: "node",
    hangs: true,
  },
  {
    name: "Node's times are those of the millisecond before",
    file: "src/runtime/node/open_file.ts",
    from: `(Number((time + 999n) / 1000n) + 0.5) / 1e6`,
    to: `(Number((time + 999n) / 1000n) - 500) / 1e6`,
    tests: ["tests/runtime/without_foreign_calls_test.ts"],
    runtime: "node",
  },
  {
    name: "a lock that another holds is an error on Node",
    file: "src/runtime/node/node.ts",
    from: `if (codeOf(error) === "EAGAIN") return false;`,
    to: `if (codeOf(error) === "EWOULDBLOCK") return false;`,
    tests: contract,
    runtime: "node",
  },
  {
    name: "Node's sync does nothing",
    file: "src/runtime/node/node.ts",
    from: `  sync: syncLater,
`,
    to: `  sync: () => undefined,
`,
    tests: calls,
    runtime: "node",
  },
  {
    name: "Bun's lock is shared where it is to be exclusive",
    file: "src/runtime/foreign/c_library.ts",
    from: `(shared ? lockShared : lockExclusive) | lockNonBlocking`,
    to: `(shared ? lockExclusive : lockShared) | lockNonBlocking`,
    tests: contract,
    runtime: "bun",
  },
  {
    name: "a lock that another holds is an error on Bun",
    file: "src/runtime/foreign/c_library.ts",
    from: `error instanceof ForeignError && error.code === "EAGAIN"`,
    to: `error instanceof ForeignError && error.code === "EWOULDBLOCK"`,
    tests: contract,
    runtime: "bun",
  },
  {
    name: "Bun does not give a lock back",
    file: "src/runtime/foreign/c_library.ts",
    from: `    this.#call("flock", descriptor, lockUnlock);
`,
    to: `    return;
`,
    tests: contract,
    runtime: "bun",
  },
  {
    name: "Bun's sync does nothing",
    file: "src/runtime/node/bun.ts",
    from: `if (!isMac()) return fsync();`,
    to: `if (!isMac()) return Promise.resolve();`,
    tests: calls,
    runtime: "bun",
  },
  {
    name: "a missing permission of the runtime is one of the system",
    file: "src/runtime/system_error.ts",
    from: `  if (name === "NotCapable") return "ENOTCAPABLE";
`,
    to: ``,
    tests: errors,
  },
  {
    name: "a close that was interrupted is made once more",
    file: "src/runtime/system_error.ts",
    from: `if (translated.code !== "EINTR" || translated.call === "close") throw translated;`,
    to: `if (translated.code !== "EINTR") throw translated;`,
    tests: errors,
  },
  {
    name: "a directory that is not empty has two names",
    file: "src/runtime/system_error.ts",
    from: `code === "EEXIST" && emptiness.has(call) ? "ENOTEMPTY" : code`,
    to: `code`,
    tests: errors,
  },
  {
    name: "something that is no directory in the path is no answer",
    file: "src/runtime/system_error.ts",
    from: `new Set(["ENOENT", "ENOTDIR"]);`,
    to: `new Set(["ENOENT"]);`,
    tests: contractAndErrors,
  },
  {
    name: "a zombie lives",
    file: "src/runtime/linux_process.ts",
    from: `stat.state === "Z" || `,
    to: ``,
    tests: processes,
  },
  {
    name: "another process by the same number is the same",
    file: "src/runtime/linux_process.ts",
    from: `    if (stat.started !== other.started) return "dead";
`,
    to: ``,
    tests: processes,
  },
  {
    name: "a process of another namespace is judged by its number",
    file: "src/runtime/linux_process.ts",
    from: ` || mine.namespace !== other.namespace`,
    to: ``,
    tests: processes,
  },
  {
    name: "what cannot be seen is dead",
    file: "src/runtime/linux_process.ts",
    from: `if (stat === undefined) return "unknown";`,
    to: `if (stat === undefined) return "dead";`,
    tests: processes,
  },
  {
    name: "flock is looked for in the working directory",
    file: "src/runtime/flock_program.ts",
    from: `    if (!directory.startsWith("/")) continue;
`,
    to: ``,
    tests: flock,
  },
  {
    name: "a wait that was given up leaves its child",
    file: "src/runtime/flock_program.ts",
    from: `    stop?.addEventListener("abort", kill, { once: true });
`,
    to: ``,
    tests: waits,
  },
  {
    name: "a failure of the program flock is a lock that is held",
    file: "src/runtime/flock_program.ts",
    from: `if (status === 1 && complaint === "") return false;`,
    to: `if (status === 1) return false;`,
    tests: flock,
  },
];
