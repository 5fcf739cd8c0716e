/** What publishing directories promises: whole generations, one switch, a way back, and nothing left by the dead. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  ActivationError,
  FileError,
  LockTimeoutError,
  RollbackFailedError,
  UnsupportedError,
  ValidationError,
} from "../../src/core/errors.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import {
  exploreCrashesSync,
  type FaultOutcome,
  faultRuntime,
  type MemoryRuntime,
  memoryRuntime,
  sweepFaultsSync,
  traceRuntime,
} from "../../src/testing/mod.ts";
import {
  listGenerations,
  listGenerationsSync,
  publishDirectory,
  publishDirectorySync,
  type PublishSyncOptions,
  recoverTransactionsSync,
  type RecoveryReport,
  rollBackDirectory,
  rollBackDirectorySync,
} from "../../src/transaction/mod.ts";
import { byEffort } from "../support/effort.ts";
import { lostEffects, sweepLost } from "../support/lost_answers.ts";
import { caught, fraction, isLock, seed, thorough } from "./support.ts";

/** Puts a page and a nested file with this text into a directory, none of it synced. */
function builder(runtime: Runtime, text: string): (directory: string) => void {
  return (directory) => {
    const { syncFileSystem } = runtime;
    syncFileSystem.makeDirectory(`${directory}/sub`, 0o755);
    syncFileSystem.symbolicLink("page", `${directory}/link`);
    for (const name of ["page", "sub/page"]) {
      const file = syncFileSystem.create(`${directory}/${name}`, 0o644);
      assert("write" in file);
      file.write(new TextEncoder().encode(text));
      file.close();
    }
  };
}

const publish = (machine: MemoryRuntime, text: string, options: PublishSyncOptions = {}) =>
  publishDirectorySync("/www/site", builder(machine, text), { runtime: machine, ...options });

/** The process that makes this call does not live to see what comes of it. */
function dieIn(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    assert(FileError.is(error), `${error}`);
  }
}

/** Publishes, and is killed when that is to take effect. */
function publishAndDie(machine: MemoryRuntime): void {
  const dying = machine.fork();
  dieIn(() => publish(dying, "new", { activate: () => dying.kill() }));
}

/** Likewise, by going back. */
function goBackAndDie(machine: MemoryRuntime): void {
  const runtime = machine.fork();
  dieIn(() => rollBackDirectorySync("/www/site", { runtime, activate: () => runtime.kill() }));
}

/** What says that an activation is owed. */
const owedBy = (runtime: MemoryRuntime): string[] => recoverTransactionsSync("/www", { runtime }).needsActivation;

/** What readers that resolve the symlink once see. */
function site(machine: MemoryRuntime): string | undefined {
  const pages = ["page", "sub/page", "link"].map((name) => machine.readText(`/www/site/${name}`));
  assert(pages.every((page) => page === pages[0]), `a mix: ${pages.join()}`);
  return pages[0];
}

/** Names beside the published one, without the random parts. */
const beside = (machine: MemoryRuntime): string[] => {
  const names = new Set(Object.keys(machine.files("/www")).map((path) => path.split("/")[2] ?? ""));
  return [...names].map((name) => name.replace(/\d{8}T\d{9}Z\.[a-z2-7]{26}|[a-z2-7]{26}/, "*")).sort();
};

const machineOf = (more = {}): MemoryRuntime => memoryRuntime({ files: { "/www/": { kind: "directory" } }, ...more });

describe("publishDirectory", () => {
  it("removes old generations also after the clock was in the future once", () => {
    const machine = machineOf();
    const year = 365 * 86_400_000;
    const clock = Object.assign(Object.create(machine.clock), { now: () => machine.clock.now() + year });
    const ahead = { ...machine, clock };
    publishDirectorySync("/www/site", builder(machine, "ahead"), { runtime: ahead });
    for (const text of ["one", "two", "three"]) {
      machine.clock.pause(61_000);
      publish(machine, text, { keep: 1 });
    }
    machine.clock.pause(61_000);
    const { removed } = publish(machine, "four", { keep: 1 });
    assertEquals([site(machine), removed.length], ["four", 1]);
    assertEquals(listGenerationsSync("/www/site", { runtime: machine }).map(({ current }) => current), [true, false]);
    // Readers may be in the one that was replaced just now, whatever its name says.
    publish(machine, "five", { keep: 0 });
    assertEquals(listGenerationsSync("/www/site", { runtime: machine }).length, 3);
  });

  it("removes generations with directories that their owner may not write to", () => {
    const machine = machineOf();
    const readOnly = (text: string) =>
      publishDirectorySync("/www/site", (directory) => {
        builder(machine, text)(directory);
        for (const name of ["sub", ""]) {
          const handle = machine.syncFileSystem.openDirectory(`${directory}/${name}`.replace(/\/$/, ""));
          handle?.setMode(0o555);
          handle?.close();
        }
      }, { runtime: machine, keep: 0, grace: 0 });
    for (const text of ["one", "two", "three"]) assertEquals(readOnly(text).leftBehind, undefined);
    assertEquals([site(machine), beside(machine)], ["three", [".site.*.generation", ".site.generations.lock", "site"]]);
  });

  it("a publication that is refused leaves no lock behind", () => {
    const machine = machineOf({ files: { "/www/site/page": "by hand" } });
    const no = () => {
      throw new RangeError("no");
    };
    assertThrows(() => publish(machine, "one"), FileError, "adopt: true");
    assertThrows(() => rollBackDirectorySync("/www/site", { runtime: machine }), FileError, "it is not published");
    assertThrows(() => publish(machine, "one", { adopt: true, validate: no }), ValidationError);
    assertEquals(beside(machine), ["site"]);
    const empty = machineOf();
    assertThrows(() => publish(empty, "one", { validate: no }), ValidationError);
    assertThrows(() => publishDirectorySync("/www/site", no, { runtime: empty }), RangeError);
    assertThrows(() => publish(empty, "one", { activate: no }), RollbackFailedError);
    // What was published once is withdrawn, and the activation owed: that has a lock.
    assertEquals(beside(empty), [
      ".site.*.activation",
      ".site.*.generation",
      ".site.*.withdrawn",
      ".site.generations.lock",
    ]);
  });

  it("callbacks have a time limit, are notified when it is up, and are not waited for any longer", async () => {
    const machine = machineOf();
    publish(machine, "old");
    const reasons: unknown[] = [];
    const hang = ({ signal }: { signal: AbortSignal }) =>
      new Promise<never>(() => signal.addEventListener("abort", () => reasons.push(signal.reason)));
    const options = { runtime: machine, timeouts: { validate: 5 } };
    const build = builder(machine, "new");
    const refused = await caught(() =>
      publishDirectory("/www/site", build, { ...options, validate: (_, context) => hang(context) })
    );
    assert(ValidationError.is(refused) && refused.message.includes("validate did not end within 5 ms"), `${refused}`);
    let calls = 0;
    const activate = (context: { signal: AbortSignal }) => ++calls === 1 ? hang(context) : undefined;
    const failed = await caught(() =>
      publishDirectory("/www/site", build, { runtime: machine, timeouts: { activate: 5 }, activate })
    );
    assert(ActivationError.is(failed) && failed.cause instanceof DOMException, `${failed}`);
    assertEquals([site(machine), calls, reasons.length], ["old", 2, 2]);
    assertEquals([failed.cause === reasons[1], failed.cause.name], [true, "TimeoutError"]);
  });

  it("a signal reaches validate, and what that throws then is the abort, not a refusal", async () => {
    const machine = machineOf();
    publish(machine, "old");
    const controller = new AbortController();
    const reason = new RangeError("stop");
    const validate = async (_: string, { signal }: { signal: AbortSignal }) => {
      const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      controller.abort(reason);
      await stopped;
      throw new Error("ended by the signal");
    };
    const options = { runtime: machine, signal: controller.signal, validate };
    assertEquals(await caught(() => publishDirectory("/www/site", builder(machine, "new"), options)), reason);
    assertEquals(site(machine), "old");
  });

  it("what was killed before it was activated is activated by the next call that activates, or by a recovery", () => {
    const ways: Record<string, (machine: MemoryRuntime, activate: () => void) => unknown> = {
      publish: (machine, activate) => publish(machine, "newest", { activate }),
      "go back": (runtime, activate) => rollBackDirectorySync("/www/site", { runtime, activate }),
      recover: (runtime, activate) => recoverTransactionsSync("/www", { runtime, activate }),
    };
    for (const [what, settle] of Object.entries(ways)) {
      for (const dies of [publishAndDie, goBackAndDie]) {
        const machine = machineOf();
        for (const text of ["oldest", "older", "old"]) publish(machine, text);
        dies(machine);
        const owed = owedBy(machine);
        assertEquals(owed.length, 1, what);
        // Nothing that is published without being activated pays for it.
        publish(machine, "newer");
        rollBackDirectorySync("/www/site", { runtime: machine });
        assertEquals(owedBy(machine), owed, what);
        let activations = 0;
        settle(machine, () => void activations++);
        assertEquals([activations, owedBy(machine)], [1, []], what);
      }
    }
  });

  it("a recovery leaves alone what is just being activated", () => {
    const machine = machineOf();
    let seen: RecoveryReport | undefined;
    const activate = () => assert(false, "it is being activated");
    publish(machine, "new", {
      activate: () => void (seen = recoverTransactionsSync("/www", { runtime: machine.fork(), activate })),
    });
    assertEquals(seen?.kept.map(({ reason }) => reason), ["alive"]);
    assertEquals(owedBy(machine), []);
  });

  it("says what helps where a directory cannot be adopted because it cannot be renamed, and leaves it", () => {
    const machine = machineOf({ files: { "/www/site/page": "by hand" } });
    const { runtime } = faultRuntime(machine, {
      at: ({ method, path }) => method === "rename" && path === "/www/site",
      error: "EXDEV",
      times: "always",
    });
    const error = assertThrows(() => publish(machine, "one", { runtime, adopt: true }), FileError, "overlayfs");
    assertEquals([error.code, error.targetState, machine.readText("/www/site/page")], [
      "EXDEV",
      "unchanged",
      "by hand",
    ]);
    assertEquals(beside(machine), ["site"]);
  });

  it("publishes whole generations, durable, by a symlink; asynchronously likewise", async () => {
    const machine = machineOf();
    const first = publish(machine, "one");
    assertEquals(site(machine), "one");
    assertEquals([first.path, first.durability, first.previous, first.removed], ["/www/site", "full", undefined, []]);
    const second = await publishDirectory("/www/site/", builder(machine, "two"), { runtime: machine });
    assertEquals(site(machine), "two");
    assertEquals(second.previous, first.generation);
    assertEquals(machine.readText(`${first.generation}/sub/page`), "one");
    assertEquals(machine.openHandles, []);
  });

  it("makes the same calls synchronously and asynchronously", async () => {
    const [one, other] = [machineOf({ device: "disk" }), machineOf({ device: "disk" })];
    const [first, second] = [traceRuntime(one), traceRuntime(other)];
    publishDirectorySync("/www/site", builder(first.runtime, "x"), { runtime: first.runtime });
    await publishDirectory("/www/site", builder(second.runtime, "x"), { runtime: second.runtime });
    assertEquals(first.trace, second.trace);
  });

  it("keeps the last generations, and each for a while after it was replaced", () => {
    const machine = machineOf();
    const options = { keep: 1, grace: 10_000 };
    for (const text of ["1", "2", "3"]) assertEquals(publish(machine, text, options).removed, []);
    machine.clock.advance(20_000);
    // 1 and 2 were replaced long ago; 3 just now. One earlier generation stays in any case.
    assertEquals(publish(machine, "4", options).removed.length, 2);
    assertEquals(beside(machine).filter((name) => name === ".site.*.generation").length, 2);
    assertEquals(publish(machine, "5", { keep: 0, grace: 0 }).removed.length, 2);
    assertEquals(site(machine), "5");
  });

  it("refuses what it has not published, unless told to adopt it", () => {
    for (const [what, entry] of [["a plain directory", undefined], ["a symlink", { symlink: "/elsewhere" }]] as const) {
      const machine = machineOf();
      if (entry === undefined) machine.put("/www/site/page", "mine");
      else machine.put("/www/site", entry);
      const before = Object.keys(machine.files("/www"));
      const error = assertThrows(() => publish(machine, "new"));
      assert(FileError.is(error) && error.code === "EEXIST" && error.targetState === "unchanged", `${error}`);
      assert(error.message.includes(what), error.message);
      assertEquals(Object.keys(machine.files("/www")).filter((path) => !isLock(path)), before);
      const result = publish(machine, "new", { adopt: true });
      assertEquals(site(machine), "new");
      if (entry !== undefined) continue;
      assertEquals(machine.readText(`${result.previous}/page`), "mine");
      rollBackDirectorySync("/www/site", { runtime: machine });
      assertEquals(machine.readText("/www/site/page"), "mine");
    }
    const machine = machineOf();
    machine.put("/www/site", "a file");
    assertThrows(() => publish(machine, "new", { adopt: true }), FileError, "a file is in the place");
  });

  it("refuses a symlink in place of what was to be built, and removes nothing of what that leads to", () => {
    for (const entry of [{ symlink: "/www/precious" }, "a file"]) {
      const machine = machineOf();
      machine.put("/www/precious/page", "mine");
      const before = Object.keys(machine.files("/www"));
      const build = (directory: string) => {
        machine.syncFileSystem.removeDirectory(directory);
        machine.put(directory, entry);
      };
      const error = assertThrows(() => publishDirectorySync("/www/site", build, { runtime: machine }));
      assert(FileError.is(error) && error.code === "ENOTDIR" && error.targetState === "unchanged", `${error}`);
      assertEquals(Object.keys(machine.files("/www")).filter((path) => !isLock(path)), before);
    }
  });

  it("publishes nothing of what a callback refuses, and leaves nothing of it", async () => {
    const machine = machineOf();
    publish(machine, "old");
    const before = Object.keys(machine.files("/www"));
    const no = new RangeError("no");
    const refuse = () => {
      throw no;
    };
    const never = { activate: () => assert(false), runtime: machine };
    assertEquals(await caught(() => publishDirectorySync("/www/site", refuse, never)), no);
    const refused = await caught(() => publish(machine, "new", { validate: refuse, ...never }));
    assert(ValidationError.is(refused) && refused.cause === no && refused.targetState === "unchanged");
    const controller = new AbortController();
    const validate = () => controller.abort(no);
    const options = { runtime: machine, validate, signal: controller.signal };
    assertEquals(await caught(() => publishDirectory("/www/site", builder(machine, "new"), options)), no);
    assertEquals(site(machine), "old");
    assertEquals(Object.keys(machine.files("/www")), before);
  });

  it("validates what is complete and not published yet", () => {
    const machine = machineOf();
    publish(machine, "old");
    let seen: string | undefined;
    publish(machine, "new", {
      validate: (directory) => {
        seen = machine.readText(`${directory}/sub/page`);
        assertEquals(site(machine), "old");
      },
      activate: () => assertEquals(site(machine), "new"),
    });
    assertEquals(seen, "new");
  });

  it("goes back when it does not take effect, and activates that", () => {
    for (const first of [true, false]) {
      const machine = machineOf();
      if (!first) publish(machine, "old");
      const seen: (string | undefined)[] = [];
      const activate = () => {
        seen.push(site(machine));
        if (seen.length === 1) throw new Error("no");
      };
      const error = assertThrows(() => publish(machine, "new", { activate }));
      assert(ActivationError.is(error) && error.targetState === "unchanged", `${error}`);
      assert(error.message.includes(first ? "nothing is published, as before" : "is published again"), error.message);
      assertEquals(seen, ["new", first ? undefined : "old"]);
      assertEquals(site(machine), first ? undefined : "old");
      const never = () => {
        throw new Error("never");
      };
      const worse = assertThrows(() => publish(machine, "new", { activate: never }));
      assert(RollbackFailedError.is(worse) && worse.rollbackErrors.length === 1, `${worse}`);
      assertEquals(site(machine), first ? undefined : "old");
    }
  });

  it("takes turns with others, and needs symlinks", async () => {
    const machine = machineOf();
    const inner = () => publish(machine.fork() as MemoryRuntime, "inner", { lock: { timeout: 0 } });
    let seen: unknown;
    const build = (directory: string) => {
      builder(machine, "outer")(directory);
      try {
        inner();
      } catch (error) {
        seen = error;
      }
    };
    publishDirectorySync("/www/site", build, { runtime: machine });
    assert(LockTimeoutError.is(seen) || FileError.is(seen), `${seen}`);
    assertEquals(site(machine), "outer");
    const without = machineOf({ capabilities: { symbolicLinks: false } });
    assert(UnsupportedError.is(await caught(() => publish(without, "x"))));
    assertThrows(() => publishDirectorySync("/www/site", 7 as never), TypeError);
    assertThrows(() => publish(machine, "x", { keep: -1 }), RangeError);
  });
});

describe("rollBackDirectory", () => {
  it("goes to a chosen generation, back or forward, by its path or its name; listed, they say which is which", async () => {
    for (const synchronous of [true, false]) {
      const machine = machineOf();
      const [one = "", two = "", three = ""] = ["one", "two", "three"].map((text) => publish(machine, text).generation);
      const list = async () => {
        const options = { runtime: machine };
        const found = synchronous
          ? listGenerationsSync("/www/site", options)
          : await listGenerations("/www/site", options);
        return found.map(({ generation, current, withdrawn }) => {
          const name = [one, two, three].indexOf(generation);
          return `${name}${current ? " current" : ""}${withdrawn === undefined ? "" : " withdrawn"}`;
        });
      };
      const go = (generation: string) => {
        const options = { runtime: machine, generation };
        return synchronous ? rollBackDirectorySync("/www/site", options) : rollBackDirectory("/www/site", options);
      };
      const back = await go(one);
      assertEquals([site(machine), back.generation, back.previous], ["one", one, three]);
      assertEquals(await list(), ["2 withdrawn", "1", "0 current"]);
      // Forward again, also to what was gone back from: nothing is withdrawn by that.
      await go(three.replace("/www/", ""));
      assertEquals([site(machine), await list()], ["three", ["2 current withdrawn", "1", "0"]]);
      const same = await go(three);
      assertEquals([same.generation, same.previous, site(machine)], [three, three, "three"]);
      assertEquals(await list(), ["2 current", "1", "0"]);
      const error = await caught(() => go("/www/.site.20250101T000000000Z.none.generation"));
      assert(FileError.is(error) && error.code === "ENOENT" && error.targetState === "unchanged", String(error));
      assertEquals(
        (await caught(() => listGenerations("/www/other", { runtime: machine })) as FileError).code,
        "ENOENT",
      );
    }
  });

  it("switches to the previous generation repeatedly, and forward by publishing", async () => {
    const machine = machineOf();
    for (const text of ["1", "2", "3"]) publish(machine, text);
    const { previous, generation, durability } = await rollBackDirectory("/www/site", { runtime: machine });
    assertEquals([site(machine), durability], ["2", "full"]);
    assertEquals(machine.readText(`${previous}/page`), "3");
    assertEquals(machine.readText(`${generation}/page`), "2");
    rollBackDirectorySync("/www/site", { runtime: machine });
    assertEquals(site(machine), "1");
    const error = assertThrows(() => rollBackDirectorySync("/www/site", { runtime: machine }));
    assert(FileError.is(error) && error.code === "ENOENT" && error.targetState === "unchanged");
    publish(machine, "4");
    assertEquals(site(machine), "4");
    // To what was published before, not to what was gone back from.
    rollBackDirectorySync("/www/site", { runtime: machine });
    assertEquals(site(machine), "1");
  });

  it("goes forward again when going back does not take effect", () => {
    const machine = machineOf();
    for (const text of ["1", "2"]) publish(machine, text);
    let activations = 0;
    const activate = () => {
      if (++activations === 1) throw new Error("no");
    };
    assertThrows(() => rollBackDirectorySync("/www/site", { runtime: machine, activate }), ActivationError);
    assertEquals([site(machine), activations], ["2", 2]);
    assertThrows(() => rollBackDirectorySync("/www/nothing", { runtime: machine }), FileError, "not published");
  });
});

const builtTwice = (machine: MemoryRuntime): void => {
  for (const text of ["0", "old"]) publish(machine, text, { keep: 1, grace: 0 });
};

const plainDirectory = (machine: MemoryRuntime): void => {
  for (const name of ["page", "sub/page", "link"]) machine.put(`/www/site/${name}`, "old");
};

const elsewhere = (machine: MemoryRuntime): void => {
  for (const name of ["page", "sub/page", "link"]) machine.put(`/www/mine/${name}`, "old");
  machine.put("/www/site", { symlink: "mine" });
};

/** A publication or a way back: how the machine is before, and what is published after it. */
interface Change {
  setup: (machine: MemoryRuntime) => void;
  run: (machine: Runtime, build: (directory: string) => void, activate?: () => void) => unknown;
  before: string | undefined;
  after: string;
  /** What was published before is removed as soon as this has succeeded, as asked for. */
  removes?: boolean;
  /** What was published before is no generation: there is no way back to it. */
  foreign?: boolean;
}

const publishing = (options: PublishSyncOptions = {}): Change["run"] => (runtime, build, activate) =>
  publishDirectorySync("/www/site", build, { runtime, ...options, ...activate && { activate } });

const changes: Record<string, Change> = {
  "publishing for the first time": { setup: () => {}, run: publishing(), before: undefined, after: "new" },
  "publishing again, with generations to remove": {
    setup: builtTwice,
    run: publishing({ keep: 0, grace: 0 }),
    before: "old",
    after: "new",
    removes: true,
  },
  "publishing over a plain directory": {
    setup: plainDirectory,
    run: publishing({ adopt: true }),
    before: "old",
    after: "new",
  },
  "publishing over a symlink": {
    setup: elsewhere,
    run: publishing({ adopt: true }),
    before: "old",
    after: "new",
    foreign: true,
  },
  "going back": {
    setup: builtTwice,
    run: (runtime, _, activate) => rollBackDirectorySync("/www/site", { runtime, ...activate && { activate } }),
    before: "old",
    after: "0",
  },
  "going forward again": {
    setup(machine) {
      builtTwice(machine);
      rollBackDirectorySync("/www/site", { runtime: machine });
    },
    run(runtime, _, activate) {
      const [newest] = listGenerationsSync("/www/site", { runtime });
      const generation = newest?.generation ?? "";
      return rollBackDirectorySync("/www/site", { runtime, generation, ...activate && { activate } });
    },
    before: "0",
    after: "old",
  },
};

/** Whatever comes next removes what is left, even when it is refused. */
function tidyUp(machine: MemoryRuntime): void {
  const refuse = () => {
    throw new RangeError("only looking");
  };
  assertThrows(() => publishDirectorySync("/www/site", refuse, { runtime: machine, adopt: true }), RangeError);
}

/** Names that are neither published nor were. */
const unfinished = (machine: MemoryRuntime): string[] =>
  beside(machine).filter((name) => /\.(building|discarded|publication|switch|adoption)$/.test(name));

/** Every content that is in some directory. */
const kept = (machine: MemoryRuntime): Set<string> =>
  new Set(
    Object.entries(machine.files("/www")).filter(([path]) => path.endsWith("/sub/page")).map(([, text]) => text),
  );

/** What is acknowledged where there was nothing before. */
const nothing = "nothing";

describe("a crash at every instant leaves one or the other, whole, and loses nothing, of", () => {
  for (const [what, { setup, run, before, after, removes = false, foreign = false }] of Object.entries(changes)) {
    for (const fails of [false, true]) {
      it(`${what}${fails ? ", where it does not take effect" : ""}`, () => {
        const report = exploreCrashesSync({
          machine: { files: { "/www/": { kind: "directory" } } },
          modes: ["strict", "kill"],
          volatile: isLock,
          stopAfter: 1,
          fraction: fails ? fraction / 4 : fraction,
          seed,
          setup,
          run: (machine, acknowledge) => {
            let activations = 0;
            const activate = () => {
              acknowledge("switched");
              if (fails && ++activations === 1) throw new Error("not today");
              acknowledge("activated");
            };
            try {
              run(machine, builder(machine, "new"), activate);
              acknowledge(after);
            } catch (error) {
              if (!ActivationError.is(error)) throw error;
              acknowledge(before ?? nothing);
            }
          },
          recover: tidyUp,
          check: (machine, facts) => {
            const now = site(machine);
            assert(now === after || now === before, `${now}`);
            const [done] = facts.filter((fact) => fact !== "switched" && fact !== "activated");
            if (facts.length > (fails ? 3 : 2)) assertEquals(now ?? nothing, done);
            // What nobody has seen take effect is owed; what was never switched is not.
            const wasSwitched = now === after || facts.includes("switched");
            const owed = owedBy(machine);
            if (wasSwitched && !facts.includes("activated")) assert(owed.length > 0, "the activation is not owed");
            if (!wasSwitched) assertEquals(owed, [], "an activation is owed of what was never published");
            const gone = before === undefined || (removes && now === after);
            assert(gone || kept(machine).has("old"), "what was published before is gone");
            assertEquals(unfinished(machine), []);
            publish(machine, "again", { adopt: true, ...owed.length > 0 ? { activate: () => {} } : {} });
            assertEquals([site(machine), owedBy(machine)], ["again", []]);
            if (now === undefined || (foreign && now === before)) return;
            rollBackDirectorySync("/www/site", { runtime: machine });
            assertEquals(site(machine), now);
          },
        });
        const { operations, states, exhaustive, violations, recoveryStates } = report;
        const extent = exhaustive ? "all" : "a sample";
        console.log(`${what}, ${fails}: ${operations} calls, ${states} states (${recoveryStates} cut), ${extent}`);
        for (const { error, state, trace } of violations) {
          console.log(`${error}\n${state}\n${trace.slice(-30).join("\n")}`);
        }
        assertEquals(violations.length, 0);
      });
    }
  }
});

/** What must hold whatever has failed. */
function checkChange(
  { before, after, removes = false }: Change,
  { machine, faulty, result }: FaultOutcome<MemoryRuntime>,
): void {
  assertEquals(faulty.openHandles, []);
  const now = site(machine);
  const owed = owedBy(machine.fork());
  if ("value" in result) {
    assertEquals(now, after);
    const { leftBehind = [] } = result.value as { leftBehind?: string[] };
    assert(owed.every((path) => leftBehind.includes(path)), `it is owed still: ${owed}`);
  } else {
    const { error } = result;
    assert(FileError.is(error), `${error}`);
    if (RollbackFailedError.is(error)) assert(owed.length > 0, "the activation is not owed");
    if (error.targetState === "unchanged") assertEquals(now, before, `${error}`);
    if (error.targetState === "replaced") assertEquals(now, after, `${error}`);
  }
  machine.kill();
  const next = machine.fork();
  tidyUp(next);
  const then = site(next);
  // Half an adoption is ended by whoever comes next.
  assertEquals(then, now ?? before);
  assertEquals(unfinished(next), []);
  const gone = before === undefined || (removes && then === after);
  assert(gone || kept(next).has("old"), "what was published before is gone");
}

/** Publishes, or goes back, where the first activation fails or does not. */
function changeFails({ run }: Change, runtime: Runtime, machine: MemoryRuntime, fails: boolean): unknown {
  let activations = 0;
  // What is built is the caller's affair: only what publishing does can fail here.
  return run(runtime, builder(machine, "new"), () => {
    if (fails && ++activations === 1) throw new Error("no");
  });
}

describe("a rename or removal is reported to have failed, and was done, of", () => {
  for (const [what, change] of Object.entries(changes)) {
    it(what, () => {
      for (const effect of lostEffects) {
        let current = machineOf();
        const lost = sweepLost({
          make: () => {
            current = machineOf();
            change.setup(current);
            return current;
          },
          operation: (runtime) => changeFails(change, runtime, current, false),
          check: (outcome) => {
            checkChange(change, outcome);
            assert("value" in outcome.result, "nothing has failed");
          },
        }, effect);
        assert(lost > 0);
      }
    });
  }
});

describe("every call fails once: what is said of the published directory is true, and nothing is lost, of", () => {
  for (const [what, change] of Object.entries(changes)) {
    // With a way back that is all of the calls, and more.
    for (const fails of thorough ? [false, true] : [true]) {
      it(`${what}${fails ? ", where it does not take effect" : ""}`, () => {
        let current = machineOf();
        const report = sweepFaultsSync({
          make: () => {
            current = machineOf();
            change.setup(current);
            return current;
          },
          times: byEffort({ quick: ["once"], normal: ["once"], long: ["once", "always"] }),
          ...thorough ? {} : { errors: ["EIO"] },
          operation: (runtime) => changeFails(change, runtime, current, fails),
          check: (outcome) => checkChange(change, outcome),
        });
        console.log(`${what}, ${fails}: ${report.calls} calls, ${report.runs} faults`);
      });
    }
  }

  it("a disk that runs full while it is built changes nothing", () => {
    const machine = machineOf({ disk: { capacity: 3_000 } });
    publish(machine, "old");
    const faulty = faultRuntime(machine, { at: ({ method }) => method === "write", error: "ENOSPC", times: "always" });
    assertThrows(() => publishDirectorySync("/www/site", builder(faulty.runtime, "new"), { runtime: faulty.runtime }));
    assertEquals(site(machine), "old");
    assert(!beside(machine).includes(".site.*.building"));
  });
});
