/** One held lock that is handed to several calls (`lock: held`): they exclude one another, and none waits for itself. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { existsSync, writeFileSync as plainWrite } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  acquireLock,
  acquireLockSync,
  ConflictError,
  copyFile,
  DeadlockError,
  type FileLock,
  LockLostError,
  openFileWriter,
  readJsonFile,
  removeFile,
  updateJsonFile,
  updateTextFile,
  updateTextFileSync,
  withLock,
  writeFile,
  writeFileSync,
} from "../../mod.ts";
import { applyFiles } from "../../src/transaction/mod.ts";
import { textOf } from "../support/files.ts";
import { notEmpty } from "../support/tally.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { lockBackends, pause } from "./support.ts";

const backends = lockBackends();
const users = 20;
const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

function withHeld(
  backend: typeof backends[number],
  run: (path: string, held: FileLock) => void | Promise<void>,
): Promise<void> {
  return withTemporaryDirectory(async (directory) => {
    const path = join(directory, "state.json");
    await using held = await acquireLock(path, { backend });
    await run(path, held);
  });
}

/** Somebody who uses the held lock while another user is in the middle of an update. */
interface SecondUser {
  readonly name: string;
  act(path: string, lock: FileLock): Promise<unknown>;
  /** What the file holds once both are done. */
  readonly after: string | undefined;
}

const secondUsers: SecondUser[] = [
  {
    name: "updateTextFile",
    act: (path, lock) => updateTextFile(path, (text) => `${text}+`, { lock }),
    after: "first+",
  },
  { name: "writeFile", act: (path, lock) => writeFile(path, "second", { lock }), after: "second" },
  { name: "removeFile", act: (path, lock) => removeFile(path, { lock }), after: undefined },
  {
    name: "copyFile",
    async act(path, lock) {
      plainWrite(`${path}.source`, "copied");
      await copyFile(`${path}.source`, path, { lock });
    },
    after: "copied",
  },
  {
    name: "openFileWriter's commit",
    async act(path, lock) {
      const writer = await openFileWriter(path, { lock });
      await writer.write("written");
      await writer.commit();
    },
    after: "written",
  },
  {
    name: "applyFiles",
    act: (path, lock) => applyFiles({ files: [{ path, data: "applied" }], backup: 0 }, { lock }),
    after: "applied",
  },
];

for (const backend of notEmpty(backends)) {
  describe(`lock: held, ${backend}`, () => {
    it(`${users} updates at once are all in the result`, () =>
      withHeld(backend, async (path, lock) => {
        const count = (value = { n: 0 }) => ({ n: value.n + 1 });
        const changes = Array.from({ length: users }, () => updateJsonFile<{ n: number }>(path, count, { lock }));
        const results = await Promise.all(changes);
        assertEquals(results.filter(({ changed, durability }) => changed && durability !== "none").length, users);
        assertEquals(await readJsonFile(path), { n: users });
      }));

    for (const { name, act, after } of secondUsers) {
      it(`${name} waits until an update that is under way has ended`, () =>
        withHeld(backend, async (path, lock) => {
          const order: string[] = [];
          const first = updateTextFile(path, async () => {
            // Called from a task of its own, as a second request to a server would be.
            await pause(20);
            order.push("first");
            return "first";
          }, { lock });
          await pause(1);
          const second = act(path, lock).then(() => order.push("second"));
          await Promise.all([first, second]);
          assertEquals(order, ["first", "second"]);
          assertEquals(existsSync(path) ? textOf(path) : undefined, after);
        }));
    }

    it("a callback that hands it on is a DeadlockError at once", () =>
      withHeld(backend, async (path, lock) => {
        const nested = [
          () => updateTextFile(path, () => "inner", { lock }),
          () => writeFile(path, "inner", { lock }),
          () => removeFile(path, { lock }),
          () => applyFiles({ files: [{ path, data: "inner" }], backup: 0 }, { lock }),
        ];
        let refused = 0;
        await updateTextFile(path, async () => {
          for (const inner of nested) {
            await assertRejects(inner, DeadlockError);
            refused++;
          }
          assertThrows(() => writeFileSync(path, "inner", { lock }), DeadlockError);
          return "outer";
        }, { lock });
        assertEquals([refused, textOf(path)], [nested.length, "outer"]);
      }));

    it("a callback that asks for the very lock that its call was handed is a DeadlockError at once", () =>
      withHeld(backend, async (path, lock) => {
        let refused = 0;
        await updateTextFile(path, async () => {
          await assertRejects(() => acquireLock(path, { backend, timeout: 1000 }), DeadlockError);
          refused++;
          return "outer";
        }, { lock });
        assertEquals([refused, textOf(path)], [1, "outer"]);
      }));

    it("a synchronous call in the middle of another's turn is a DeadlockError", () =>
      withHeld(backend, async (path, lock) => {
        let begin = (): void => {};
        const begun = new Promise<void>((resolve) => begin = resolve);
        const first = updateTextFile(path, async () => {
          begin();
          await pause(5);
          return "first";
        }, { lock });
        await begun;
        assertThrows(() => updateTextFileSync(path, () => "second", { lock }), DeadlockError);
        await first;
        updateTextFileSync(path, (text) => `${text}, second`, { lock });
        assertEquals(textOf(path), "first, second");
      }));

    it("a wait that is aborted takes no turn", () =>
      withHeld(backend, async (path, lock) => {
        const stop = new AbortController();
        const first = updateTextFile(path, async () => {
          await pause(10);
          return "first";
        }, { lock });
        const second = updateTextFile(path, () => "second", { lock, signal: stop.signal });
        const third = updateTextFile(path, (text) => `${text}, third`, { lock });
        stop.abort(new Error("enough"));
        await assertRejects(() => second, Error, "enough");
        await Promise.all([first, third]);
        assertEquals(textOf(path), "first, third");
      }));

    it("a user that fails gives its turn back", () =>
      withHeld(backend, async (path, lock) => {
        const failing = () => {
          throw new Error("no");
        };
        await assertRejects(() => updateTextFile(path, failing, { lock }), Error, "no");
        await assertRejects(() => writeFile(`${path}.other`, "x", { lock }), TypeError);
        await updateTextFile(path, () => "after", { lock });
        assertEquals(textOf(path), "after");
      }));

    it("users that still wait when it is released get an error that says so", () =>
      withTemporaryDirectory(async (directory) => {
        const path = join(directory, "state.json");
        const lock = await acquireLock(path, { backend });
        const first = updateTextFile(path, async () => {
          await pause(10);
          return "first";
        }, { lock });
        const second = updateTextFile(path, () => "second", { lock });
        await pause(1);
        await lock.release();
        for (const user of [first, second]) await assertRejects(() => user, LockLostError);
      }));

    it("a writer that is open keeps no other user waiting, and looks at ifMatch again when it commits", () =>
      withHeld(backend, async (path, lock) => {
        await writeFile(path, "old", { lock });
        const writer = await openFileWriter(path, { lock, ifMatch: digestOf("old") });
        await writer.write("written");
        await updateTextFile(path, () => "changed", { lock });
        await assertRejects(() => writer.commit(), ConflictError);
        assertEquals(textOf(path), "changed");
      }));

    it("is free for others after its users and its holder are done", () =>
      withTemporaryDirectory(async (directory) => {
        const path = join(directory, "state.json");
        await withLock(path, async (lock) => {
          await Promise.all([writeFile(path, "a", { lock }), updateTextFile(path, (text) => `${text}b`, { lock })]);
        }, { backend });
        assertEquals(textOf(path), "ab");
        using again = acquireLockSync(path, { backend, timeout: 0 });
        assert(again.path.endsWith("state.json"));
      }));
  });
}
