/** `optimistic`: the callback runs without the lock, and again when somebody was quicker; no update is lost. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  acquireLock,
  type FileLock,
  tryLockSync,
  updateJsonFile,
  updateJsonFileSync,
  type UpdateJsonFileSyncOptions,
  writeJsonFileSync,
} from "../mod.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

type Change = (count: number | undefined) => number | undefined;

/** The function and its twin, called alike. */
const ways = [
  (path: string, change: Change) => updateJsonFile(path, change, { optimistic: true }),
  (path: string, change: Change) => updateJsonFileSync(path, change, { optimistic: true }),
];

/** Does this to a file before the callback's first return, and tells what the callback was called with. */
function meddling(meddle: () => void): { readonly seen: (number | undefined)[]; readonly change: Change } {
  const seen: (number | undefined)[] = [];
  const change = (count: number | undefined) => {
    seen.push(count);
    if (seen.length === 1) meddle();
    return (count ?? 0) + 1;
  };
  return { seen, change };
}

describe("an optimistic update", () => {
  it("runs its callback without the lock", () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "a");
      for (const update of ways) {
        fs.writeFileSync(path, "1");
        const { change } = meddling(() => {
          const lock = tryLockSync(path);
          assert(lock !== undefined, "the lock is free");
          lock[Symbol.dispose]();
        });
        const { value, changed } = await update(path, change);
        assertEquals([value, changed, fs.readFileSync(path, "utf8")], [2, true, "2\n"]);
      }
    }));

  const meetings: readonly [
    what: string,
    before: string | undefined,
    meddle: (path: string) => void,
    seen: unknown[],
  ][] = [
    ["changed", "1", (path) => writeJsonFileSync(path, 10), [1, 10]],
    ["created", undefined, (path) => writeJsonFileSync(path, 10), [undefined, 10]],
    ["removed", "1", (path) => fs.rmSync(path), [1, undefined]],
    ["written again with the same content", "1", (path) => fs.writeFileSync(path, "1"), [1]],
  ];
  for (const [what, before, meddle, expected] of meetings) {
    it(`of a file that is ${what} in between calls back with ${expected.join(", then ")}`, () =>
      withTemporaryDirectory(async (directory) => {
        const path = join(directory, "a");
        for (const update of ways) {
          fs.rmSync(path, { force: true });
          if (before !== undefined) fs.writeFileSync(path, before);
          const { seen, change } = meddling(() => meddle(path));
          const { value } = await update(path, change);
          const last = expected.at(-1) as number | undefined;
          assertEquals([seen, value], [expected, (last ?? 0) + 1]);
        }
      }));
  }

  it("that leaves the file as it is decides that by what is there in the end", () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "a");
      for (const update of ways) {
        fs.writeFileSync(path, "1");
        const { seen, change } = meddling(() => fs.writeFileSync(path, "2"));
        const { changed } = await update(path, (count) => void change(count));
        assertEquals([seen, changed, fs.readFileSync(path, "utf8")], [[1, 2], false, "2"]);
      }
    }));

  it("loses nothing among twenty of them and ten that hold the lock all the time", () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "a");
      const increment = async (count = 0) => {
        await Promise.resolve();
        return count + 1;
      };
      const options = Array.from({ length: 30 }, (_, index) => ({ optimistic: index % 3 !== 0 }));
      await Promise.all(options.map((each) => updateJsonFile<number>(path, increment, each)));
      assertEquals(fs.readFileSync(path, "utf8"), "30\n");
    }));

  it("ends by its signal, between two turns as well", () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "a");
      fs.writeFileSync(path, "1");
      const controller = new AbortController();
      let turns = 0;
      const endless = updateJsonFile<number>(path, () => {
        fs.writeFileSync(path, `${10 + turns++}`);
        if (turns === 3) controller.abort(new Error("enough"));
        return 1;
      }, { optimistic: true, signal: controller.signal });
      await assertRejects(() => endless, Error, "enough");
      assertEquals([turns, fs.readFileSync(path, "utf8")], [3, "12"]);
    }));

  it("passes on what its callback throws; nothing is changed", () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "a");
      fs.writeFileSync(path, "1");
      const fails = () => {
        throw new RangeError("mine");
      };
      await assertRejects(() => updateJsonFile(path, fails, { optimistic: true }), RangeError, "mine");
      assertThrows(() => updateJsonFileSync(path, fails, { optimistic: true }), RangeError, "mine");
      assertEquals([fs.readFileSync(path, "utf8"), fs.readdirSync(directory)], ["1", ["a"]]);
    }));

  it("refuses a lock that is held, ifMatch and ifExists", () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "a");
      const lock: FileLock = await acquireLock(path);
      const refused: UpdateJsonFileSyncOptions<number>[] = [
        { lock },
        { ifMatch: "0".repeat(64) },
        { ifMatch: null },
        { ifExists: "fail" },
      ];
      for (const options of refused) {
        const rules = { ...options, optimistic: true };
        await assertRejects(() => updateJsonFile<number>(path, () => 1, rules), TypeError, "optimistic");
        assertThrows(() => updateJsonFileSync<number>(path, () => 1, rules), TypeError, "optimistic");
      }
      await lock.release();
      assertEquals(fs.existsSync(path), false);
    }));
});
