/**
 * Every option of every public function makes a difference, and the difference it should make. Which options there are,
 * the functions themselves say (option_row.ts), and which functions there are, the doors: an option or a function that
 * is added without a row is red.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import * as files from "../../mod.ts";
import * as compat from "../../src/compat/mod.ts";
import * as log from "../../src/log/mod.ts";
import * as store from "../../src/store/mod.ts";
import * as testing from "../../src/testing/mod.ts";
import { memoryRuntime } from "../../src/testing/mod.ts";
import * as transaction from "../../src/transaction/mod.ts";
import * as versioned from "../../src/versioned/mod.ts";
import { mostlyOnDeno } from "../support/effort.ts";
import { notEmpty } from "../support/tally.ts";
import { fileFunctions } from "./file_functions.ts";
import { difference, type OptionRow, optionsOf, rowFor } from "./option_row.ts";
import { logFunctions } from "./log_functions.ts";
import { storeFunctions } from "./store_functions.ts";
import type { Tested } from "./tested_function.ts";
import { transactionFunctions } from "./transaction_functions.ts";
import { exploringFunctions } from "./exploring_functions.ts";
import { machineFunctions } from "./machine_functions.ts";
import { versionedFunctions } from "./versioned_functions.ts";

const tested: readonly Tested[] = [
  ...fileFunctions,
  ...logFunctions,
  ...storeFunctions,
  ...transactionFunctions,
  ...versionedFunctions,
  ...machineFunctions,
  ...exploringFunctions,
];

/** All rows on one runtime, a part on the others: the simulated machine is the same on each. */
const stride = mostlyOnDeno({ quick: 5, normal: 1, long: 1 });

/** Functions that take none. */
const withoutOptions = [
  ...["describeCrashReport", "describeScheduleReport", "fittingErrors"],
  ...["currentRuntime", "withRuntime", "simulatedFs"],
  ...["putMany", "keep", "get", "stream", "has", "size", "list", "remove"].map((name) => `store.${name}`),
  ...["read", "list", "readHead"].map((name) => `references.${name}`),
  ...["append", "appendMany", "snapshot", "close"].map((name) => `log.${name}`),
];

/** Exports that are functions and no classes. */
function functionsOf(door: object): string[] {
  return Object.entries(door)
    .filter(([, value]) => typeof value === "function" && !/^class\b/.test(Function.prototype.toString.call(value)))
    .map(([name]) => name);
}

const hasTwin = ({ called }: Tested): boolean => called.exports.length > 1;

/** Which of a function's rows are needed for the options that it asks for, and which are missing or for nothing. */
async function compare({ called, rows }: Tested, synchronous: boolean): Promise<void> {
  const asked = await optionsOf(called, synchronous);
  const named = new Set(rows.map(({ option }) => option));
  // `owner` and `defaults` are told by what is in them.
  const groups = new Set(
    [...named].flatMap((name) => name.split(".").slice(0, -1).map((_, at, parts) => parts.slice(0, at + 1).join("."))),
  );
  const refused = ["lock.shared", "lock.runtime", "lock.unsafePath"];
  const needed = Object.keys(called.needed ?? {});
  const missing = asked.filter((name) =>
    !named.has(name) && !groups.has(name) && !refused.includes(name) && !needed.includes(name)
  );
  assertEquals(missing, [], `${called.name}: options without a row`);
  assertEquals([...named].filter((name) => !asked.includes(name)), [], `${called.name}: rows of no option`);
}

async function check({ called }: Tested, row: OptionRow, synchronous: boolean): Promise<void> {
  const what = `${called.name}${synchronous ? ", synchronous" : ""}: ${row.option}`;
  const [without, given] = await difference(called, row, synchronous);
  if (synchronous && row.only === "async") {
    assert(String(given).includes(row.option), `${what} is not refused: ${given}`);
    return;
  }
  assertEquals([without, given], [row.without, row.with], what);
  assert(JSON.stringify(row.without) !== JSON.stringify(row.with), `${what} makes no difference`);
}

describe("the table of options", () => {
  it("has every function of every door", () => {
    const doors = { files, compat, log, store, testing, transaction, versioned };
    const named = new Set(tested.flatMap(({ called }) => called.exports));
    for (const [door, exported] of Object.entries(doors)) {
      const missing = functionsOf(exported).filter((name) =>
        !named.has(`${door}.${name}`) && !named.has(name) && !withoutOptions.includes(name)
      );
      assertEquals(missing, [], `functions of ${door} without a row`);
    }
  });

  it("has every method of a store, of references and of a log", () => {
    const runtime = memoryRuntime();
    const objects = {
      store: store.openObjectStoreSync("/store", { runtime }),
      references: store.openReferencesSync("/references", { runtime }),
      log: log.openLogSync("/log", { runtime }),
    };
    const named = new Set(tested.map(({ called }) => called.name));
    for (const [name, object] of Object.entries(objects)) {
      const methods = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(object)))
        .filter(([method, { value }]) => typeof value === "function" && method !== "constructor")
        .map(([method]) => `${name}.${method}`);
      const missing = notEmpty(methods).filter((method) => !named.has(method) && !withoutOptions.includes(method));
      assertEquals(missing, [], `methods of ${name} without a row`);
    }
    objects.log.close();
  });

  it("has every option that a function asks for, and no other", async () => {
    for (const each of notEmpty(tested)) {
      await compare(each, false);
      if (hasTwin(each)) await compare(each, true);
    }
  });
});

describe("every option makes its difference to", () => {
  for (const each of notEmpty(tested)) {
    it(each.called.name, async () => {
      const rows = notEmpty(each.rows).filter((row, at, all) => rowFor(all, row.option) === all[at]);
      for (const row of rows.filter((_row, at) => at % stride === 0)) {
        await check(each, row, false);
        if (hasTwin(each)) await check(each, row, true);
      }
    });
  }
});
