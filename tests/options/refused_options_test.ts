/** What could do nothing is no option: it is refused by its name before anything is touched, by both twins alike. */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { acquireLockSync, tryLock, tryLockSync } from "../../mod.ts";
import { openLog, openLogSync } from "../../src/log/mod.ts";
import { openObjectStore, openObjectStoreSync } from "../../src/store/mod.ts";
import { memoryRuntime } from "../../src/testing/mod.ts";
import {
  publishDirectory,
  publishDirectorySync,
  recoverTransactions,
  recoverTransactionsSync,
  rollBackDirectory,
  rollBackDirectorySync,
} from "../../src/transaction/mod.ts";
import { notEmpty } from "../support/tally.ts";
import { caught } from "../transaction/support.ts";
import { fileFunctions } from "./file_functions.ts";
import { logFunctions } from "./log_functions.ts";
import { storeFunctions } from "./store_functions.ts";
import { transactionFunctions } from "./transaction_functions.ts";

const machine = memoryRuntime({ files: { "/d/a": "a" } });
const files = JSON.stringify(machine.files());

/** It is a TypeError that names what is refused, and nothing has happened. */
async function refuses(name: string, ...calls: (() => unknown)[]): Promise<void> {
  for (const call of notEmpty(calls)) {
    const error = await caught(async () => await call());
    assert(error instanceof TypeError && error.message.includes(name), `${name}: ${error}`);
    assertEquals(JSON.stringify(machine.files()), files);
  }
}

/** As callers who are not held by the types would give them. */
const untyped = (options: Record<string, unknown>) =>
  ({ runtime: machine, ...options }) as Record<string, unknown> as Record<string, never>;

describe("an option that could do nothing is refused:", () => {
  it("timeout, by what tries once", () =>
    refuses(
      "timeout",
      () => tryLock("/d/a", untyped({ timeout: 5 })),
      () => tryLockSync("/d/a", untyped({ timeout: Infinity })),
    ));

  it("staleAfter, where there may be no lock directory", async () => {
    for (const backend of [undefined, "auto", "flock"]) {
      const options = untyped({ staleAfter: 30_000, backend });
      await refuses("staleAfter", () => tryLock("/d/a", options), () => acquireLockSync("/d/a", options));
    }
  });

  it("in the lock of a call: shared, and a runtime", async () => {
    const locking = [...fileFunctions, ...logFunctions, ...storeFunctions, ...transactionFunctions].filter(({ rows }) =>
      rows.some(({ option }) => option.startsWith("lock."))
    );
    assertEquals(locking.length, 15);
    for (const { called } of locking) {
      // A store is opened first, and that is no refused call.
      const there = called.bound === true ? memoryRuntime({ files: { "/d/a": "a" } }) : machine;
      for (const [name, value] of [["shared", true], ["runtime", machine]] as const) {
        const scene = { machine: there, runtime: there, path: called.path ?? "/d/a" };
        const options = untyped({ lock: { [name]: value }, ...called.bound === true ? { runtime: undefined } : {} });
        const message = name === "shared" ? "must not be shared" : "must not name a runtime";
        await refuses(message, () => called.call(scene, options, false), () => called.call(scene, options, true));
      }
    }
  });

  it("a lock that is held, or none, where the call takes its own", async () => {
    const held = acquireLockSync("/d/b", { runtime: memoryRuntime({ files: { "/d/": { kind: "directory" } } }) });
    for (const lock of [held, false]) {
      const options = untyped({ lock });
      await refuses(
        "lock must be lock options",
        () => publishDirectory("/d/site", () => {}, options),
        () => publishDirectorySync("/d/site", () => {}, options),
        () => rollBackDirectory("/d/site", options),
        () => rollBackDirectorySync("/d/site", options),
        () => recoverTransactions("/d", options),
        () => recoverTransactionsSync("/d", options),
        () => openLog("/d/log", options),
        () => openLogSync("/d/log", options),
      );
    }
    held[Symbol.dispose]();
  });

  it("digest, of an object whose digest is known; mode, where there is none to keep", async () => {
    const other = memoryRuntime();
    const options = { digest: true } as Record<string, unknown> as Record<string, never>;
    const digest = openObjectStoreSync("/s", { runtime: other }).put("a");
    await refuses(
      "digest",
      async () => await (await openObjectStore("/s", { runtime: other })).restore(digest, "/b", options),
      () => openObjectStoreSync("/s", { runtime: other }).restore(digest, "/b", options),
    );
    await refuses("mode", () => openLogSync("/d/log", untyped({ mode: "keep" })));
  });
});
