/**
 * Exploration of crashes: a correct way of replacing a file passes every state, and each classic mistake is caught. The
 * mistakes are written with raw calls at the seam, so that nothing of the engine can help.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  type CrashOptions,
  type CrashReport,
  describeCrashReport,
  exploreCrashes,
  exploreCrashesSync,
  faultRuntime,
  type MemoryRuntime,
} from "../../src/testing/mod.ts";
import { encode, Raw } from "./support.ts";

const files = { "/d/a": { content: "old", mode: 0o640 }, "/tmp/": { kind: "directory" } } as const;
const text = "the new text, long enough to be torn";

/** Old or new and never else; durable once acknowledged; the mode kept; no temporary file taken for data. */
function check(runtime: MemoryRuntime, acknowledged: readonly unknown[]): void {
  const found = runtime.readText("/d/a");
  if (found !== text && (found !== "old" || acknowledged.includes("new"))) {
    throw new Error(`found ${JSON.stringify(found)} after ${JSON.stringify(acknowledged)}`);
  }
  assertEquals(runtime.statusOf("/d/a")?.mode, 0o640);
}

type Run = (raw: Raw, acknowledge: (fact: unknown) => void) => void;

function explore(run: Run, options: Partial<CrashOptions> = {}): CrashReport {
  return exploreCrashesSync({
    machine: { files },
    run: (runtime, acknowledge) => run(new Raw(runtime), acknowledge),
    check,
    ...options,
  });
}

/** The protocol: stage, sync, rename, sync the directory, acknowledge. */
const replaceFile: Run = (raw, acknowledge) => {
  const file = raw.create("/d/.a.tmp", text.slice(0, 10));
  file.write(encode(text.slice(10, 20)));
  file.write(encode(text.slice(20)));
  file.setMode(0o640);
  file.sync("full");
  file.close();
  raw.rename("/d/.a.tmp", "/d/a");
  raw.syncDirectory("/d");
  acknowledge("new");
};

describe("exploreCrashes", () => {
  it("proves the protocol in every state", () => {
    const report = explore(replaceFile);
    assertEquals(report.violations, []);
    assert(report.exhaustive);
    assertEquals(report.operations, 11);
    // Before everything; after create, three writes, setMode, sync, rename, and the sync of the directory; with the fact.
    assertEquals(report.instants, 10);
    // Of three appended chunks in two pieces each: a length of 0 to 6 pieces, of which any are there, so 2^7 - 1; with
    // the old mode or the new. Or no temporary file; or, renamed, the new file alone; and that once more with the fact.
    assertEquals(report.states, 127 * 2 + 1 + 1 + 1);
  });

  it("finds nothing to say about a run that only looks", () => {
    const report = explore((raw) => raw.runtime.syncFileSystem.stat("/"));
    assertEquals([report.operations, report.instants, report.states, report.exhaustive], [1, 1, 1, true]);
  });

  it("gives the same answer for the same seed, and for asynchronous file systems", async () => {
    const options = (delay: "none" | "every"): CrashOptions => ({
      machine: { files, delay },
      async run(runtime, acknowledge) {
        const { fileSystem } = runtime;
        const file = await fileSystem.create("/d/.a.tmp", 0o640);
        await file.write(encode(text));
        await file.sync("full");
        await file.close();
        await fileSystem.rename("/d/.a.tmp", "/d/a");
        const directory = await fileSystem.openDirectory("/d");
        await directory?.sync("full");
        await directory?.close();
        acknowledge("new");
      },
      async check(runtime, acknowledged) {
        await runtime.fileSystem.stat("/d/a");
        check(runtime, acknowledged);
      },
    });
    const none = await exploreCrashes(options("none"));
    const every = await exploreCrashes(options("every"));
    assertEquals(none.violations, []);
    assertEquals(every, none);
    assertEquals(none.operations, 8);
  });

  it("makes the disk durable after setup, and ends what setup left open", () => {
    const report = explore(replaceFile, {
      setup: (runtime) => {
        const raw = new Raw(runtime);
        raw.put("/d/b", "not synced");
        raw.create("/d/c").tryLock(false);
      },
      check: (runtime, acknowledged) => {
        check(runtime, acknowledged);
        assertEquals(runtime.readText("/d/b"), "not synced");
        assertEquals(runtime.isLocked("/d/c"), false);
      },
    });
    assertEquals(report.violations, []);
  });

  it("starts a machine of its own for each state: no locks, another boot, later, other random names", () => {
    let before: { boot: string | undefined; now: number; random: Uint8Array } | undefined;
    const report = explore((raw) => {
      const { process, clock } = raw.runtime;
      before = { boot: process.facts()?.boot, now: clock.now(), random: raw.runtime.random(8) };
      raw.open("/d/a").tryLock(false);
    }, {
      check: (runtime) => {
        assertEquals(runtime.isLocked("/d/a"), false);
        assert(runtime.process.facts()?.boot !== before?.boot);
        assert(runtime.clock.now() > (before?.now ?? Infinity));
        assert(runtime.random(8).join() !== before?.random.join());
        assertEquals(runtime.openHandles, []);
      },
    });
    assertEquals(report.violations, []);
  });

  it("hands over the facts acknowledged before the cut, and no later ones", () => {
    const seen = new Set<string>();
    explore((raw, acknowledge) => {
      acknowledge(1);
      raw.put("/d/b", "");
      acknowledge(2);
    }, { check: (runtime, facts) => void seen.add(`${facts.join()} ${runtime.readText("/d/b")}`) });
    assertEquals([...seen].sort(), [" undefined", "1 ", "1 undefined", "1,2 ", "1,2 undefined"]);
  });

  it("passes on what setup and run throw", async () => {
    const failing = () => {
      throw new Error("broken by itself");
    };
    assertThrows(() => explore(failing), Error, "broken by itself");
    assertThrows(() => explore(replaceFile, { setup: failing }), Error, "broken by itself");
    await assertRejects(() => exploreCrashes({ run: failing, check }), Error, "broken by itself");
  });

  it("refuses promises where it cannot wait for them", () => {
    assertThrows(() => explore(() => Promise.resolve()), TypeError);
  });

  it("reports what was found, what had been done, and why it is wrong", () => {
    const report = explore((raw, acknowledge) => {
      raw.put("/d/.a.tmp", text);
      raw.rename("/d/.a.tmp", "/d/a");
      acknowledge("new");
    });
    const [violation] = report.violations;
    assert(violation !== undefined);
    assertStringIncludes(violation.state, "/d/a 0600 1000:1000 0 bytes");
    assertEquals(violation.trace, [
      "create /d/.a.tmp 0600",
      `write ${text.length}`,
      "close",
      "rename /d/.a.tmp → /d/a",
      "--- power cut ---",
    ]);
    assertStringIncludes(String(violation.error), "found");
    assertEquals(violation.seed, 1);
  });

  it("can be described to people", () => {
    assertEquals(
      describeCrashReport(explore(replaceFile)),
      "11 calls, cut off at 10 instants: 257 states, all there are; 0 violations",
    );
    const text = describeCrashReport(explore((raw, acknowledge) => {
      raw.open("/d/a").truncate(0);
      acknowledge("new");
    }));
    assertStringIncludes(text, "2 calls, cut off at 3 instants");
    assertStringIncludes(
      text,
      "seed 1, acknowledged: nothing\n  open /d/a read-write\n  truncate 0\n  --- power cut ---\n",
    );
    assertStringIncludes(text, '  /d/a 0640 1000:1000 0 bytes ""');
  });

  it("begins its trace after the setup", () => {
    const report = explore((raw) => raw.put("/d/b", "x"), {
      setup: (runtime) => {
        new Raw(runtime).put("/d/c", "");
        runtime.syncFileSystem.open("/d/nothing", "read");
      },
      check: (runtime) => assert(runtime.readText("/d/b") !== "x"),
    });
    assertEquals(report.violations[0]?.trace, ["create /d/b 0600", "write 1", "--- power cut ---"]);
  });

  it("stops after as many violations as asked for", () => {
    const report = explore(replaceFile, {
      stopAfter: 3,
      check: () => {
        throw new Error("never good");
      },
    });
    assertEquals([report.violations.length, report.states, report.exhaustive], [3, 3, false]);
  });

  it("takes a part of the states when asked to, the same for the same seed", () => {
    const part = (seed: number) => {
      const seen: string[] = [];
      const report = explore(replaceFile, {
        fraction: 0.1,
        seed,
        check: (runtime) => void seen.push(JSON.stringify(runtime.files())),
      });
      assertEquals([report.states, report.exhaustive], [26, false]);
      return seen.join();
    };
    assertEquals(part(1), part(1));
    assert(part(1) !== part(2));
  });

  it("samples beyond the limit", () => {
    const run: Run = (raw) => {
      for (let index = 0; index < 20; index++) raw.put(`/d/${index}`, "some text");
    };
    const report = explore(run, { limit: 500 });
    assertEquals(report.exhaustive, false);
    assert(report.states > 300 && report.states <= 500, String(report.states));
  });
});

describe("recovery", () => {
  /** Removes what a crash has left; twice wrong would be found when the power fails during it. */
  const recover = (runtime: MemoryRuntime) => {
    if (runtime.syncFileSystem.remove("/d/.a.tmp")) new Raw(runtime).syncDirectory("/d");
  };

  it("runs before the check, and is cut off at every instant itself", () => {
    const report = explore(replaceFile, {
      recover,
      check: (runtime, acknowledged) => {
        check(runtime, acknowledged);
        assertEquals(runtime.readText("/d/.a.tmp"), undefined);
      },
    });
    assertEquals(report.violations, []);
    assert(report.exhaustive);
  });

  it("that is not repeatable is caught", () => {
    // Moves a journal's content in two steps; after the first, a second recovery finds nothing to go by.
    const report = explore((raw, acknowledge) => {
      raw.put("/d/journal", "text", true);
      raw.syncDirectory("/d");
      acknowledge("journal");
    }, {
      recover: (runtime) => {
        const raw = new Raw(runtime);
        if (runtime.readText("/d/journal") === undefined) return;
        runtime.syncFileSystem.remove("/d/journal");
        raw.syncDirectory("/d");
        raw.put("/d/result", "text", true);
        raw.syncDirectory("/d");
      },
      check: (runtime, acknowledged) => {
        if (acknowledged.length > 0) assertEquals(runtime.readText("/d/result"), "text");
      },
    });
    const [violation] = report.violations;
    assert(violation !== undefined, "the second crash must be caught");
    assertEquals(violation.trace.filter((line) => line.startsWith("---")).length, 2);
    assert(report.recoveryStates > 0);
  });

  it("that throws is a violation", () => {
    const report = explore(replaceFile, {
      recover: () => {
        throw new Error("cannot recover");
      },
      stopAfter: 1,
    });
    assertStringIncludes(String(report.violations[0]?.error), "cannot recover");
  });
});

describe("a kill", () => {
  it("keeps what programs saw, the boot and the clock, and frees locks", () => {
    let boot: string | undefined;
    const seen = new Set<string | undefined>();
    const report = explore((raw) => {
      boot = raw.runtime.process.facts()?.boot;
      raw.create("/d/b", "never synced").tryLock(false);
    }, {
      modes: ["kill"],
      check: (runtime) => {
        seen.add(runtime.readText("/d/b"));
        assertEquals(runtime.process.facts()?.boot, boot);
        assertEquals(runtime.isLocked("/d/b"), false);
      },
    });
    assertEquals(report.violations, []);
    assertEquals([...seen], [undefined, "", "never synced"]);
    assert(report.exhaustive);
  });

  it("can be followed by a power cut during recovery, which still loses what was never synced", () => {
    const found = new Set<string | undefined>();
    explore((raw) => raw.put("/d/b", "x"), {
      modes: ["kill"],
      recover: (runtime) => runtime.syncFileSystem.stat("/d"),
      check: (runtime) => void found.add(runtime.readText("/d/b")),
    });
    assertEquals([...found].sort(), ["", "\0", "x", undefined]);
  });
});

describe("negative controls", () => {
  /** What the error of a mistake says that is caught in some state. */
  function assertCaught(run: Run, options: Partial<CrashOptions> = {}): void {
    const report = explore(run, options);
    assert(report.violations.length > 0, "this mistake must be caught");
  }

  /** The protocol with one step changed. */
  const variant =
    (steps: Partial<Record<"stage" | "place" | "syncPlace", (raw: Raw) => void>>): Run => (raw, acknowledge) => {
      (steps.stage ?? ((raw) => {
        const file = raw.create("/d/.a.tmp", text, 0o640);
        file.sync("full");
        file.close();
      }))(raw);
      (steps.place ?? ((raw) => raw.rename("/d/.a.tmp", "/d/a")))(raw);
      (steps.syncPlace ?? ((raw) => raw.syncDirectory("/d")))(raw);
      acknowledge("new");
    };

  it("have a control of their own: unchanged, the protocol passes", () => {
    const report = explore(variant({}));
    assertEquals([report.violations.length, report.exhaustive], [0, true]);
  });

  it("no file sync", () => {
    assertCaught(variant({ stage: (raw) => raw.create("/d/.a.tmp", text, 0o640).close() }));
  });

  it("no directory sync", () => assertCaught(variant({ syncPlace: () => {} })));

  it("the file synced after the rename", () => {
    assertCaught(variant({
      stage: (raw) => raw.create("/d/.a.tmp", text, 0o640).close(),
      place: (raw) => {
        raw.rename("/d/.a.tmp", "/d/a");
        raw.syncFile("/d/a");
      },
    }));
  });

  it("written in place, truncated first or not", () => {
    for (const truncate of [true, false]) {
      assertCaught((raw, acknowledge) => {
        const file = raw.open("/d/a");
        if (truncate) file.truncate(0);
        file.write(encode(text));
        file.sync("full");
        file.close();
        acknowledge("new");
      });
    }
  });

  it("the temporary file in another directory, and that one synced", () => {
    const stage = (raw: Raw) => {
      const file = raw.create("/tmp/a", text, 0o640);
      file.sync("full");
      file.close();
    };
    const place = (raw: Raw) => raw.rename("/tmp/a", "/d/a");
    assertCaught(variant({ stage, place, syncPlace: (raw) => raw.syncDirectory("/tmp") }));
  });

  it("the temporary file in another directory, and only the target's synced: it may still be there, as a second name", () => {
    const stage = (raw: Raw) => {
      const file = raw.create("/tmp/a", text, 0o640);
      file.sync("full");
      file.close();
      raw.syncDirectory("/tmp");
    };
    assertCaught(variant({ stage, place: (raw) => raw.rename("/tmp/a", "/d/a") }), {
      check: (runtime, acknowledged) => {
        check(runtime, acknowledged);
        if (acknowledged.includes("new")) assertEquals(runtime.statusOf("/d/a")?.links, 1);
      },
    });
  });

  it("a failed sync tried again", () => {
    assertCaught(() => {}, {
      run: (runtime, acknowledge) => {
        const faulty = faultRuntime(runtime, { at: (call) => call.method === "sync", error: "EIO" });
        variant({
          stage: (raw) => {
            const file = raw.create("/d/.a.tmp", text, 0o640);
            try {
              file.sync("full");
            } catch {
              file.sync("full");
            }
            file.close();
          },
        })(new Raw(faulty.runtime), acknowledge);
      },
    });
  });

  it("a failed sync of the directory tried again", () => {
    assertCaught(() => {}, {
      run: (runtime, acknowledge) => {
        const syncs = (call: { method: string; path: string }) => call.method === "sync" && call.path === "/d";
        const faulty = faultRuntime(runtime, { at: syncs, error: "EIO" });
        variant({
          syncPlace: (raw) => {
            assertThrows(() => raw.syncDirectory("/d"));
            raw.syncDirectory("/d");
          },
        })(new Raw(faulty.runtime), acknowledge);
      },
    });
  });

  it("the mode set after the sync, or after the rename", () => {
    const stage = (raw: Raw) => {
      const file = raw.create("/d/.a.tmp", text, 0o600);
      file.sync("full");
      file.setMode(0o640);
      file.close();
    };
    assertCaught(variant({ stage }));
    const place = (raw: Raw) => {
      raw.rename("/d/.a.tmp", "/d/a");
      raw.open("/d/a").setMode(0o640);
    };
    assertCaught(variant({ stage: (raw) => raw.put("/d/.a.tmp", text, true), place }));
  });

  it("the target removed before the rename", () => {
    assertCaught(variant({
      place: (raw) => {
        raw.runtime.syncFileSystem.remove("/d/a");
        raw.rename("/d/.a.tmp", "/d/a");
      },
    }));
  });

  it("published by a link and the temporary name unlinked, with no sync in between and none after", () => {
    const link = (raw: Raw) => {
      raw.runtime.syncFileSystem.link("/d/.a.tmp", "/d/new");
      raw.runtime.syncFileSystem.remove("/d/.a.tmp");
    };
    const mustStay = (runtime: MemoryRuntime, acknowledged: readonly unknown[]) => {
      if (acknowledged.includes("new")) assertEquals(runtime.readText("/d/new"), text);
    };
    assertCaught(variant({ place: link, syncPlace: () => {} }), { check: mustStay });
    assertEquals(explore(variant({ place: link }), { check: mustStay }).violations, []);
  });

  it("a new directory whose own entry is not synced", () => {
    const run = (syncParent: boolean): Run => (raw, acknowledge) => {
      raw.runtime.syncFileSystem.makeDirectory("/d/new", 0o755);
      raw.put("/d/new/a", text, true);
      raw.syncDirectory("/d/new");
      if (syncParent) raw.syncDirectory("/d");
      acknowledge("new");
    };
    const mustStay = (runtime: MemoryRuntime, acknowledged: readonly unknown[]) => {
      if (acknowledged.includes("new")) assertEquals(runtime.readText("/d/new/a"), text);
    };
    assertCaught(run(false), { check: mustStay });
    assertEquals(explore(run(true), { check: mustStay }).violations, []);
  });

  it("a log that acknowledges before it syncs", () => {
    const append = (sync: boolean): Run => (raw, acknowledge) => {
      const file = raw.open("/d/a");
      file.seek(3);
      file.write(encode("\nrecord"));
      if (sync) file.sync("full");
      acknowledge("record");
    };
    const mustStay = (runtime: MemoryRuntime, acknowledged: readonly unknown[]) => {
      if (acknowledged.includes("record")) assertEquals(runtime.readText("/d/a"), "old\nrecord");
    };
    assertCaught(append(false), { check: mustStay });
    assertEquals(explore(append(true), { check: mustStay }).violations, []);
  });
});
