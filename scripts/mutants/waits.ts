/** Mistakes in who waits for whom: the gate of a lock, locks of programs above, what COMMAND inherits, what is broken. */
import type { Mutant } from "./mutant.ts";

const gate = ["tests/lock/gate_test.ts"];
const orders = ["tests/lock/interleavings_test.ts"];
const above = ["tests/cli/lock_inheritance_test.ts"];
const inherited = ["tests/lock/inheritance_orders_test.ts", ...above];
const broken = ["tests/cli/break_lock_test.ts"];

export const waitMutants: readonly Mutant[] = [
  {
    name: "a sharer passes by the gate",
    file: "src/lock/lock_gate.ts",
    from: `    return yield* this.close();\n`,
    to: `    return true;\n`,
    tests: gate,
  },
  {
    name: "an exclusive request that waits leaves the gate open",
    file: "src/lock/lock_file.ts",
    from: `if (gate !== undefined && !(yield* gate.close())) return "timeout";`,
    to: `if (gate !== undefined && patience.left() === -1) return "timeout";`,
    tests: gate,
  },
  {
    name: "a closed gate is left behind",
    file: "src/lock/lock_gate.ts",
    from: `shared: false, join: false, transient: true };`,
    to: `shared: false, join: false, transient: false };`,
    tests: [...gate, ...orders],
  },
  {
    name: "a lock that is free costs a gate",
    file: "src/lock/lock_file.ts",
    from: `    if (shared) {\n      gate = gateOf?.(request);`,
    to: `    if (shared || patience.left() === undefined) {\n      gate = gateOf?.(request);`,
    tests: gate,
  },
  {
    name: "programs that join one lock are not kept apart",
    file: "src/lock/lock.ts",
    from: `innerLockName(request.name, depth)`,
    to: `innerLockName(request.name, depth + 1000 * (request.engine.runtime.process.pid % 1000))`,
    tests: [...orders, ...above],
  },
  {
    name: "a program that joined a lock goes on after the lock is gone",
    file: "src/lock/joined_above.ts",
    from: `if (!(yield* isHeldAbove(outer))) this`,
    to: `if (!(yield* isHeldAbove(outer)) && this.lockPath === "") this`,
    tests: orders,
  },
  {
    name: "the environment is trusted: any holder is a parent program",
    file: "src/lock/ancestor_holds.ts",
    from: `if (typeof holder !== "object" || !isAbove(request, holder.pid)) return undefined;`,
    to: `if (typeof holder !== "object") return undefined;`,
    tests: above,
  },
  {
    name: "an update joins a lock that is held shared",
    file: "src/lock/ancestor_holds.ts",
    from: `const canJoin = shared || !above.shared;`,
    to: `const canJoin = shared || !above.shared || join;`,
    tests: above,
  },
  {
    name: "COMMAND does not inherit the lock",
    file: "src/lock/file_lock.ts",
    from: `inherit: inherits ? hold.handOver() : undefined`,
    to: `inherit: inherits ? undefined : hold.handOver()`,
    tests: above,
  },
  {
    name: "what COMMAND has left running keeps the lock",
    file: "src/lock/lock_file.ts",
    from: `if (inherited || engine.capabilities.fileLock === "call")`,
    to: `if (engine.capabilities.fileLock === "call" && !inherited)`,
    tests: inherited,
  },
  {
    name: "the program of an update inherits the lock",
    file: "src/cli/commands/update.ts",
    from: `{ environment: insideLock(lock, false).environment }`,
    to: `insideLock(lock, true)`,
    tests: above,
  },
  {
    name: "breaking a lock also breaks a later holder's",
    file: "src/lock/inspect_lock.ts",
    from: `occupant.token.random !== info.token`,
    to: `occupant.token.random === ""`,
    tests: [...broken, "tests/lock/inspect_test.ts"],
  },
  {
    name: "another program's lock is said to be somebody else's by now",
    file: "src/lock/inspect_lock.ts",
    from: `: info.token === undefined\n`,
    to: `: info.token === ""\n`,
    tests: broken,
  },
  {
    name: "--break does not ask",
    file: "src/cli/commands/lock.ts",
    from: `if (!call.options.force && !(await agrees`,
    to: `if (call.options.force === undefined && !(await agrees`,
    tests: broken,
  },
  {
    name: "any answer breaks the lock",
    file: "src/cli/commands/lock.ts",
    from: `/^y(es)?$/i`,
    to: `/^y/i`,
    tests: broken,
  },
  {
    name: "the holder learns only at its commit that its lock file is gone",
    file: "src/lock/lock_hold.ts",
    from: `if (!stop.aborted) runSync(() => this.held.check());`,
    to: `if (stop.aborted) runSync(() => this.held.check());`,
    tests: ["tests/lock/left_behind_test.ts"],
  },
  {
    name: "content that is equal counts although the lock is lost",
    file: "src/protocol/equal_content.ts",
    from: `if (plan.guard !== undefined) yield* plan.guard();\n      const corrected`,
    to: `const corrected`,
    tests: ["tests/proof/lock_lost_test.ts"],
  },
  {
    name: "a lock that was lost right before the commit is found by nobody",
    file: "src/lock/file_lock.ts",
    from: `if (stateAfter(result) === "replaced") yield* stillHeld(hold, result);`,
    to: `if (stateAfter(result) === "unknown" && !hold.live) yield* stillHeld(hold, result);`,
    tests: ["tests/proof/lock_lost_test.ts"],
  },
  {
    name: "an inherited lock ends with the process that took it",
    file: "src/testing/machine/memory_open_file.ts",
    from: `if (this.#description.leave()) this.#machine.locks`,
    to: `this.#description.leave();\n    this.#machine.locks`,
    tests: ["tests/lock/inheritance_orders_test.ts", "tests/testing/memory_file_system_test.ts"],
  },
  {
    name: "a lock directory that is gone keeps later ones of the same number",
    file: "src/lock/lock_directory.ts",
    from: "${identity} ${created}/",
    to: "${identity} ${created > 0}/",
    tests: ["tests/lock/directories_test.ts"],
  },
  {
    name: "a record is trusted although the kernel's list contradicts it",
    file: "src/lock/look_at_lock.ts",
    from: `  if (holder === "nobody") return undefined;\n`,
    to: `  if (holder === "nobody") return { path, backend: "flock", liveness, confirmed: true, ...record };\n`,
    tests: ["tests/lock/inspect_test.ts"],
  },
  {
    name: "a record that was written into another file counts",
    file: "src/lock/owner_record.ts",
    from: `return record.file === undefined || record.file === inodeText(identity) ? record : undefined;`,
    to: `return record.file !== inodeText("") ? record : undefined;`,
    tests: ["tests/lock/inspect_test.ts"],
  },
  {
    name: "a wait is shown at no terminal",
    file: "src/cli/waiting.ts",
    from: `const isShown = verbose || this.#line !== undefined;`,
    to: `const isShown = verbose;`,
    tests: ["tests/cli/shown_wait_test.ts"],
  },
  {
    name: "remove takes any content",
    file: "src/file/remove_file.ts",
    from: `if (ifMatch !== undefined) yield* checkMatch(engine, location, ifMatch, plan, attempt);`,
    to: `if (ifMatch === null) yield* checkMatch(engine, location, ifMatch, plan, attempt);`,
    tests: ["tests/remove_file_test.ts"],
  },
];
