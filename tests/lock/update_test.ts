/** `updateFile` and its kin: read, change and write as one step inside the lock. */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import {
  acquireLock,
  ConflictError,
  CorruptionError,
  DeadlockError,
  LockBusyError,
  type StandardSchemaV1,
  updateFile,
  updateFileSync,
  updateJsonFile,
  updateJsonFileSync,
  updateTextFile,
  updateTextFileSync,
  ValidationError,
  withLock,
  WriteError,
  writeFile,
} from "../../mod.ts";
import { memoryRuntime, traceRuntime } from "../../src/testing/mod.ts";
import { inodeOf, namesIn, textOf } from "../support/files.ts";
import { hookedRuntime } from "../support/hooked_runtime.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { pause } from "./support.ts";
import { fullName } from "../support/reached.ts";

function withPath(run: (path: string, directory: string) => void | Promise<void>): Promise<void> {
  return withTemporaryDirectory(async (directory) => {
    await run(join(directory, "state.json"), directory);
    assertEquals(namesIn(directory).filter((name) => name.endsWith(".tmp")), []);
  });
}

/** A schema as validation libraries make them: an object with a whole number `runs`. */
const runsSchema = (later = false): StandardSchemaV1<{ runs: number }> => ({
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      const runs = typeof value === "object" && value !== null ? Reflect.get(value, "runs") : undefined;
      const result = Number.isInteger(runs)
        ? { value: value as { runs: number } }
        : { issues: [{ message: "must be a whole number", path: ["runs"] }] };
      return later ? Promise.resolve(result) : result;
    },
  },
});

describe("an update", () => {
  it("changes what is there, or makes what is not", () =>
    withPath(async (path) => {
      const first = await updateTextFile(path, (text) => `${text ?? "none"}+`);
      assertEquals([first.changed, first.replaced, textOf(path)], [true, false, "none+"]);
      const second = await updateFile(path, (bytes = new Uint8Array()) => new Uint8Array([...bytes, 0x21]));
      assertEquals([second.changed, second.replaced, second.bytesWritten], [true, true, 6]);
      updateTextFileSync(path, (text) => `${text}.`);
      updateFileSync(path, (bytes) => [new TextDecoder().decode(bytes), ";"]);
      assertEquals(textOf(path), "none+!.;");
      await updateFile(path, async function () {
        await pause(1);
        return new Blob(["blob"]);
      });
      assertEquals(textOf(path), "blob");
    }));

  it("that changes nothing gives a file with other names a mode of its own", () =>
    withPath(async (path, directory) => {
      const other = join(directory, "other");
      const ways = [
        () => updateTextFile(path, () => undefined, { mode: 0o600 }),
        () => updateTextFileSync(path, () => undefined, { mode: 0o600 }),
      ];
      for (const way of ways) {
        fs.rmSync(path, { force: true });
        fs.writeFileSync(other, "content");
        fs.chmodSync(other, 0o644);
        fs.linkSync(other, path);
        await way();
        assertEquals([textOf(path), fs.statSync(path).mode & 0o777], ["content", 0o600]);
        assertEquals([textOf(other), fs.statSync(other).mode & 0o777], ["content", 0o644]);
      }
    }));

  it("of JSON changes the value, in place or not", () =>
    withPath(async (path) => {
      await updateJsonFile<{ runs: number }>(path, (state = { runs: 0 }) => {
        state.runs++;
        return state;
      });
      updateJsonFileSync<{ runs: number }>(path, (state) => ({ runs: (state?.runs ?? 0) + 1 }), { space: 2 });
      assertEquals(textOf(path), '{\n  "runs": 2\n}\n');
    }));

  it("of text or JSON returns the value that the file holds then", () =>
    withPath(async (path) => {
      const value = async (result: unknown) => Reflect.get(await result as object, "value");
      assertEquals(await value(updateJsonFile<number[]>(path, () => undefined)), undefined);
      assertEquals(await value(updateJsonFile<number[]>(path, () => [1])), [1]);
      assertEquals(await value(updateJsonFile<number[]>(path, () => undefined)), [1]);
      assertEquals(await value(updateJsonFile<number[]>(path, (list) => list)), [1]);
      assertEquals(await value(updateJsonFileSync<number[]>(path, (list = []) => [...list, 2])), [1, 2]);
      assertEquals(await value(updateTextFile(path, () => undefined)), textOf(path));
      assertEquals(await value(updateTextFile(path, (text) => `${text} `)), textOf(path));
      assertEquals(await value(updateTextFileSync(path, () => "[]")), "[]");
    }));

  it("of JSON that changes the value in place and returns nothing is a TypeError, and changes nothing", () =>
    withPath(async (path) => {
      fs.writeFileSync(path, '{ "runs": 1 }');
      const forgets = (state: { runs: number } | undefined) => {
        if (state !== undefined) state.runs++;
        return undefined;
      };
      for (const validate of [undefined, runsSchema()]) {
        const options = validate === undefined ? {} : { validate };
        await assertRejects(() => updateJsonFile(path, forgets, options), TypeError, "must return the new value");
        assertThrows(() => updateJsonFileSync(path, forgets, options), TypeError, "must return the new value");
      }
      assertEquals(textOf(path), '{ "runs": 1 }');
    }));

  it("to the same writes nothing, but syncs the file and the directory", () => {
    const same: [name: string, run: (runtime: ReturnType<typeof memoryRuntime>) => unknown][] = [
      ["undefined", (runtime) => updateTextFileSync("/state", () => undefined, { runtime })],
      ["equal text", (runtime) => updateTextFileSync("/state", (text) => text, { runtime })],
      ["equal bytes", (runtime) => updateFileSync("/state", (bytes) => bytes?.slice(), { runtime })],
      ["equal JSON, formatted by hand", (runtime) => updateJsonFileSync("/state", (value) => value, { runtime })],
      ["JSON left alone", (runtime) => updateJsonFileSync("/state", () => undefined, { runtime })],
    ];
    for (const [name, run] of same) {
      const machine = memoryRuntime({ files: { "/state": '{ "runs" : 1 }' } });
      const { runtime, trace } = traceRuntime(machine, {
        base: "/",
        only: (method) => /sync|write|rename|create/.test(method),
      });
      const result = run(runtime as ReturnType<typeof memoryRuntime>) as { changed: boolean; durability: string };
      assertEquals([result.changed, result.durability], [false, "full"], name);
      const onFile = trace.filter((line) =>
        !line.includes("state.lock") && !line.includes("512") && !line.includes("23")
      );
      assertEquals(onFile.filter((line) => line.startsWith("sync")).length, 2, `${name}: ${trace}`);
      assertEquals(onFile.filter((line) => /^(rename|create)/.test(line)), [], `${name}: ${trace}`);
      assertEquals(machine.readText("/state"), '{ "runs" : 1 }');
    }
  });

  it("of nothing to nothing makes nothing, and syncs the directory", () =>
    withPath(async (path, directory) => {
      const result = await updateTextFile(path, () => undefined);
      assertEquals([result.changed, result.replaced, result.durability], [false, false, fullName]);
      assertEquals(namesIn(directory).filter((name) => !name.endsWith(".lock")), []);
    }));

  it("left alone does not bring back what a program without a lock has replaced", () =>
    withPath(async (path) => {
      fs.writeFileSync(path, "read");
      const result = await updateTextFile(path, () => {
        fs.writeFileSync(path, "slipped in");
        return undefined;
      });
      assertEquals([result.changed, textOf(path)], [false, "slipped in"]);
      await updateTextFile(path, () => {
        fs.rmSync(path);
        return undefined;
      });
      assertEquals(fs.existsSync(path), false);
    }));

  it("whose callback throws changes nothing, and the error comes out as it is", () =>
    withPath(async (path) => {
      fs.writeFileSync(path, '{"runs":1}');
      const before = inodeOf(path);
      const error = new RangeError("mine");
      const failing = () => {
        throw error;
      };
      const ways = [
        () => updateFile(path, failing),
        () => updateTextFile(path, () => Promise.reject(error)),
        () => updateJsonFile(path, failing),
        () => Promise.resolve().then(() => updateFileSync(path, failing)),
        () => Promise.resolve().then(() => updateTextFileSync(path, failing)),
        () => Promise.resolve().then(() => updateJsonFileSync(path, failing)),
        () =>
          updateFile(path, async function* () {
            yield "half";
            await pause(1);
            throw error;
          }),
      ];
      for (const way of ways) {
        assertStrictEquals(await assertRejects(way), error);
        assertEquals([textOf(path), inodeOf(path)], ['{"runs":1}', before]);
      }
      await updateTextFile(path, () => "still works", { lock: { timeout: 0 } });
    }));

  it("without a lock there is no update: lock: false is a TypeError before anything is touched", () =>
    withPath(async (path, directory) => {
      const without = { lock: false as unknown as true };
      const never = (): never => {
        throw new Error("nothing may be asked for a change");
      };
      const ways: [() => Promise<unknown>, () => unknown][] = [
        [() => updateFile(path, never, without), () => updateFileSync(path, never, without)],
        [() => updateTextFile(path, never, without), () => updateTextFileSync(path, never, without)],
        [() => updateJsonFile(path, never, without), () => updateJsonFileSync(path, never, without)],
      ];
      for (const [later, atOnce] of ways) {
        await assertRejects(later, TypeError, "lock must not be false");
        assertThrows(atOnce, TypeError, "lock must not be false");
      }
      assertEquals(namesIn(directory), []);
    }));

  it("of a synchronous function must not return a promise: TypeError, and nothing is changed", () =>
    withPath(async (path) => {
      fs.writeFileSync(path, '"old"');
      const later = () => Promise.resolve("new");
      const failing = () => Promise.reject(new Error("nobody awaits this"));
      assertThrows(() => updateTextFileSync(path, later as unknown as () => string), TypeError, "promise");
      assertThrows(() => updateFileSync(path, later as unknown as () => string), TypeError, "promise");
      assertThrows(() => updateJsonFileSync(path, later), TypeError, "promise");
      assertThrows(() => updateTextFileSync(path, failing as unknown as () => string), TypeError, "promise");
      assertThrows(() => updateJsonFileSync(path, () => ({ runs: 1 }), { validate: runsSchema(true) }), Error);
      await pause(5);
      assertEquals(textOf(path), '"old"');
    }));

  it("refuses a callback that is none, and what cannot be written", () =>
    withPath(async (path) => {
      await assertRejects(() => updateFile(path, "text" as unknown as () => string), TypeError, "function");
      await assertRejects(() => updateTextFile(path, (() => 7) as unknown as () => string), TypeError, "string");
      await assertRejects(() => updateFile(path, (() => 7) as unknown as () => string), TypeError);
      await assertRejects(() => updateJsonFile(path, () => 7n as unknown), TypeError);
      await assertRejects(() => updateJsonFile(path, () => (() => 7) as unknown), TypeError, "JSON can represent");
      await assertRejects(
        () => updateTextFile(path, () => "", { skipIfEqual: true } as object),
        TypeError,
        "skipIfEqual",
      );
      assertEquals(fs.existsSync(path), false);
    }));

  it("of JSON that is none tells the place, and the file is untouched", () =>
    withPath(async (path) => {
      const corrupt: [content: string | Uint8Array, words: RegExp][] = [
        ['{"runs": 1,}', /line 1, column 12|position 11|1:12/],
        ["", /./],
        ['{"a": "\u0000"}', /./],
        [Uint8Array.of(0x22, 0xff, 0x22), /UTF-8/],
      ];
      for (const [content, words] of corrupt) {
        fs.writeFileSync(path, content);
        let called = false;
        const change = () => {
          called = true;
          return {};
        };
        const error = await assertRejects(() => updateJsonFile(path, change), CorruptionError);
        assert(words.test(error.message), error.message);
        assertEquals([error.targetState, error.path, called], ["unchanged", path, false]);
        assertThrows(() => updateJsonFileSync(path, change), CorruptionError);
        assertEquals(fs.readFileSync(path), Buffer.from(content as string));
      }
      fs.writeFileSync(path, Uint8Array.of(0xc3));
      await assertRejects(() => updateTextFile(path, () => "new"), CorruptionError);
    }));

  for (const later of [false, true]) {
    it(`with a schema${later ? " that answers later" : ""}: before and after must satisfy it`, () =>
      withPath(async (path) => {
        const options = { validate: runsSchema(later) };
        await updateJsonFile<{ runs: number }>(path, () => ({ runs: 1 }), options);
        await updateJsonFile<{ runs: number }>(path, (state) => ({ runs: (state?.runs ?? 0) + 1 }), options);
        assertEquals(textOf(path), '{"runs":2}\n');
        const wrong = () => ({ runs: "many" }) as unknown as { runs: number };
        const refused = await assertRejects(() => updateJsonFile(path, wrong, options), ValidationError);
        assert(refused.message.includes("runs: must be a whole number"), refused.message);
        assertEquals([refused.targetState, textOf(path)], ["unchanged", '{"runs":2}\n']);
        fs.writeFileSync(path, '{"runs":"some"}');
        const found = await assertRejects(() => updateJsonFile(path, () => ({ runs: 1 }), options), CorruptionError);
        assert(found.message.includes("runs: must be a whole number"), found.message);
        assertEquals(textOf(path), '{"runs":"some"}');
        await assertRejects(
          () => updateJsonFile(path, () => 1, { validate: {} as StandardSchemaV1<number> }),
          TypeError,
        );
      }));
  }

  it("inside an update of the same file is a DeadlockError; of another file it is fine", () =>
    withPath(async (path) => {
      const inner = () => updateTextFile(path, () => "inner");
      await assertRejects(() => updateTextFile(path, async () => (await inner(), "outer")), DeadlockError);
      await updateTextFile(path, async () => {
        await updateTextFile(`${path}.other`, () => "other");
        return "outer";
      });
      assertEquals([textOf(path), textOf(`${path}.other`)], ["outer", "other"]);
      await withLock(path, async (lock) => {
        await updateTextFile(path, (text) => `${text}+`, { lock });
        await updateTextFile(path, (text) => `${text}+`, { lock });
      });
      assertEquals(textOf(path), "outer++");
    }));

  it("inside content that is made while the lock is held is a DeadlockError, too", () =>
    withPath(async (path) => {
      const lock = { timeout: 20_000 };
      async function* asking() {
        yield "first";
        await pause(1);
        await withLock(path, () => {}, lock);
      }
      await assertRejects(() => updateFile(path, asking), DeadlockError);
      await assertRejects(() => writeFile(path, asking(), { lock: true }), DeadlockError);
      await withLock(path, (held) => assertRejects(() => updateFile(path, asking, { lock: held }), DeadlockError));
      await updateFile(path, async function* () {
        yield "one, ";
        await updateTextFile(`${path}.other`, () => "other", { lock });
        yield "two";
      });
      assertEquals([textOf(path), textOf(`${path}.other`)], ["one, two", "other"]);
    }));

  it("of a task that outlives an update's callback may lock", () =>
    withPath(async (path) => {
      let detached: Promise<unknown> | undefined;
      await updateTextFile(path, () => {
        detached = pause(5).then(() => updateTextFile(path, (text) => `${text}, later`));
        return "first";
      });
      await detached;
      assertEquals(textOf(path), "first, later");
    }));

  it("that does not get the lock in time changes nothing", () =>
    withPath(async (path) => {
      const lock = await acquireLock(path);
      let called = false;
      const change = () => {
        called = true;
        return "new";
      };
      const error = await assertRejects(() => updateTextFile(path, change, { lock: { timeout: 0 } }), LockBusyError);
      assertEquals([error.targetState, called, fs.existsSync(path)], ["unchanged", false, false]);
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      assertStrictEquals(await assertRejects(() => updateTextFile(path, change, { signal })), reason);
      await lock.release();
    }));

  it("with ifMatch compares inside the lock", () =>
    withPath(async (path) => {
      const { digest = "" } = await updateTextFile(path, () => "one", { digest: true });
      await updateTextFile(path, (text) => `${text}+`, { ifMatch: digest });
      const error = await assertRejects(() => updateTextFile(path, () => "late", { ifMatch: digest }), ConflictError);
      assertEquals([error.expected, typeof error.actual, error.targetState], [digest, "string", "unchanged"]);
      assertEquals(textOf(path), "one+");
    }));

  it("makes missing directories before it locks, when it may", () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "a/b/state");
      await updateTextFile(path, () => "made", { createDirectories: true });
      assertEquals(textOf(path), "made");
    }));

  it("through a symlink that is turned while it waits: the file it then leads to, inside that one's lock", () =>
    withTemporaryDirectory(async (directory) => {
      const [link, one, two] = ["link", "one", "two"].map((name) => join(directory, name)) as [string, string, string];
      fs.writeFileSync(one, "1");
      fs.writeFileSync(two, "2");
      fs.symlinkSync("one", link);
      const lock = await acquireLock(one);
      const second = await acquireLock(two);
      const update = updateTextFile(link, (text) => `${text}+`);
      await pause(30);
      fs.rmSync(link);
      fs.symlinkSync("two", link);
      await lock.release();
      await pause(30);
      assertEquals([textOf(one), textOf(two)], ["1", "2"], "it must wait for the lock of the second file");
      await second.release();
      await update;
      assertEquals([textOf(one), textOf(two)], ["1", "2+"]);
    }));

  it("through a name that becomes a symlink in the moment of locking: likewise", () =>
    withTemporaryDirectory(async (directory) => {
      const [path, other] = [join(directory, "state"), join(directory, "other")];
      fs.writeFileSync(path, "1");
      fs.writeFileSync(other, "2");
      let turned = false;
      const runtime = hookedRuntime({
        linkStat: (real, looked) => {
          if (looked.endsWith("state.lock") && !turned) {
            turned = true;
            fs.rmSync(path);
            fs.symlinkSync("other", path);
          }
          return real.linkStat(looked);
        },
      });
      const seen: unknown[] = [];
      await updateTextFile(path, (text) => (seen.push(text), `${text}+`), { runtime });
      assertEquals([seen, textOf(other), fs.existsSync(`${other}.lock`)], [["2"], "2+", true]);
    }));

  it("of a name that becomes a symlink during its callback is refused: the lock it holds is not that of the other file", () =>
    withTemporaryDirectory(async (directory) => {
      const [path, other] = [join(directory, "state"), join(directory, "other")];
      fs.writeFileSync(path, "1");
      fs.writeFileSync(other, "2");
      const turn = (text = "") => {
        fs.rmSync(path);
        fs.symlinkSync("other", path);
        return `${text}+`;
      };
      const error = await assertRejects(() => updateTextFile(path, turn), WriteError, "it is a symlink");
      assertEquals([error.code, error.targetState, textOf(other)], ["ELOOP", "unchanged", "2"]);
      await updateTextFile(path, (text) => `${text}+`);
      assertEquals([textOf(other), fs.lstatSync(path).isSymbolicLink()], ["2+", true]);
    }));

  it("100 at once in one process lose nothing", () =>
    withPath(async (path) => {
      const increment = () => updateJsonFile<number>(path, (count = 0) => count + 1, { durability: "none" });
      await Promise.all(Array.from({ length: 100 }, increment));
      assertEquals(textOf(path), "100\n");
    }));
});
