/** copyFile: the source's bytes, whole; the target's mode and owner; a fresh time unless asked otherwise. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { copyFile, copyFileSync, WriteError, writeFile } from "../mod.ts";
import type { OpenFile } from "../src/runtime/runtime.ts";
import { openObjectStore } from "../src/store/mod.ts";
import { dropUnsynced, interceptRuntime } from "../src/testing/faults/intercept.ts";
import { crashStates, faultRuntime, memoryRuntime, traceRuntime } from "../src/testing/mod.ts";
import { inodeOf, modeOf, namesIn, textOf } from "./support/files.ts";
import { execute } from "./support/programs.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

const content = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * 31) >>> 3);

for (const length of [0, 1, 256 * 1024 - 1, 256 * 1024, 1_000_003]) {
  test(`copyFile and copyFileSync copy ${length} bytes, over a file and anew`, () =>
    withTemporaryDirectory(async (directory) => {
      const [source, target, other] = ["source", "target", "other"].map((name) => join(directory, name));
      assert(source !== undefined && target !== undefined && other !== undefined);
      fs.writeFileSync(source, content(length));
      fs.writeFileSync(target, "old");
      const result = await copyFile(source, target, { digest: true });
      assertEquals([result.path, result.bytesWritten, result.replaced], [target, length, true]);
      assertEquals(result.digest, createHash("sha256").update(content(length)).digest("hex"));
      assertEquals(copyFileSync(source, other).bytesWritten, length);
      for (const copy of [target, other]) assertEquals(fs.readFileSync(copy).equals(content(length)), true);
      assert(inodeOf(target) !== inodeOf(source));
      assertEquals(namesIn(directory), ["other", "source", "target"]);
    }));
}

test("copyFile gives the copy a fresh time, or the source's with keepTimes", () =>
  withTemporaryDirectory(async (directory) => {
    const [source, target] = [join(directory, "source"), join(directory, "target")];
    fs.writeFileSync(source, "text");
    const old = new Date(1_600_000_000_123);
    fs.utimesSync(source, old, old);
    await copyFile(source, target);
    assert(Math.abs(fs.statSync(target).mtimeMs - Date.now()) < 60_000);
    await copyFile(source, target, { keepTimes: true });
    // To the millisecond, which is all that every runtime can set.
    assertEquals(...[target, source].map((path) => Math.floor(fs.statSync(path).mtimeMs)) as [number, number]);
    copyFileSync(source, target, { keepTimes: false });
    assert(fs.statSync(target).mtimeMs > old.getTime());
  }));

test("copyFile follows symlinks at both ends, and copies a file onto itself without harm", () =>
  withTemporaryDirectory(async (directory) => {
    const at = (name: string) => join(directory, name);
    fs.writeFileSync(at("source"), "text");
    fs.writeFileSync(at("target"), "old");
    fs.chmodSync(at("target"), 0o600);
    fs.symlinkSync("source", at("to-source"));
    fs.symlinkSync("target", at("to-target"));
    assertEquals((await copyFile(at("to-source"), at("to-target"))).path, at("target"));
    assertEquals([textOf(at("target")), modeOf(at("target")), fs.readlinkSync(at("to-target"))], [
      "text",
      0o600,
      "target",
    ]);
    await copyFile(at("target"), at("to-target"));
    assertEquals([textOf(at("target")), modeOf(at("target"))], ["text", 0o600]);
  }));

for (
  const [what, source, code] of [
    ["that is not there", "/no", "ENOENT"],
    ["in no directory", "/no/file", "ENOENT"],
    ["that is a directory", "/directory", "EISDIR"],
    ["that is a FIFO", "/fifo", "EINVAL"],
    ["that dangles", "/dangling", "ENOENT"],
    ["that may not be read", "/closed", "EACCES"],
  ] as const
) {
  test(`copyFile of a source ${what} throws ${code}, and has changed nothing`, async () => {
    const machine = memoryRuntime({
      files: {
        "/target": "old",
        "/directory": { kind: "directory" },
        "/fifo": { kind: "other" },
        "/dangling": { symlink: "nowhere" },
        "/closed": { mode: 0o000, user: 0 },
      },
    });
    const before = machine.files();
    const errors = [
      await assertRejects(() => copyFile(source, "/target", { runtime: machine }), WriteError),
      assertThrows(() => copyFileSync(source, "/target", { runtime: machine }), WriteError),
    ];
    for (const error of errors) {
      assertEquals([error.code, error.step, error.targetState], [code, "open", "unchanged"]);
      assert(error.message.includes(JSON.stringify(source)), error.message);
    }
    assertEquals([machine.files(), machine.openHandles], [before, []]);
  });
}

test("copyFile shares the blocks of the source where the file system can, and copies where it cannot", async () => {
  for (const clone of [true, false]) {
    const { runtime, trace } = traceRuntime(memoryRuntime({ disk: { clone }, files: { "/source": "text" } }));
    const result = await copyFile("/source", "/target", { runtime });
    assertEquals(result.bytesWritten, 4);
    const calls = trace.map((line) => /^(clone|write|truncate)\b.*?(= \w+)?$/.exec(line)?.[1]).filter(Boolean);
    assertEquals(calls, clone ? ["clone"] : ["clone", "write"]);
  }
});

for (const length of [3, 300_000, 1_000_000]) {
  test(`copyFile copies what a clone does not share: ${length} bytes whose write-back failed`, async () => {
    const text = "o".repeat(400_000);
    const options = { disk: { clone: true, journal: "silent" }, files: { "/source": text } } as const;
    for (const copy of ["copyFile", "copyFileSync", "putFile"] as const) {
      const machine = memoryRuntime(options);
      const file = machine.syncFileSystem.open("/source", "read-write") as OpenFile;
      file.seek(length === 1_000_000 ? 0 : text.length);
      file.write(new TextEncoder().encode("n".repeat(length)));
      dropUnsynced(file);
      file.close();
      const wanted = machine.readText("/source");
      if (copy === "copyFile") await copyFile("/source", "/target", { runtime: machine });
      else if (copy === "copyFileSync") copyFileSync("/source", "/target", { runtime: machine });
      else {
        const store = await openObjectStore("/store", { runtime: machine });
        const digest = await store.putFile("/source");
        assertEquals(digest, createHash("sha256").update(wanted ?? "").digest("hex"));
        await store.restore(digest, "/target");
      }
      const states = [...crashStates(machine)].map((state) => state.start().readText("/target"));
      assert(states.length > 0);
      for (const state of states) assert(state === wanted, `${copy}: ${state?.length} bytes, ${state?.slice(-3)}`);
    }
  });
}

test("copyFile with skipIfEqual makes nothing where the content is there already, as on a file system that is read-only", async () => {
  const machine = memoryRuntime({ files: { "/source": "same", "/target": "same" } });
  const { runtime, trace } = traceRuntime(machine);
  const options = { runtime, skipIfEqual: true, digest: true };
  const { changed, digest, durability } = await copyFile("/source", "/target", options);
  assertEquals([changed, digest?.length, durability], [false, 64, "full"]);
  assertEquals(trace.filter((line) => /^(create|write|rename|link|setTimes) /.test(line)), []);
  assertEquals(machine.openHandles, []);
  const other = memoryRuntime({ files: { "/source": "same", "/target": "diff" } });
  assertEquals((await copyFile("/source", "/target", { runtime: other, skipIfEqual: true })).changed, true);
  assertEquals(other.readText("/target"), "same");
});

test("copyFile with digest or skipIfEqual sees every byte, also where blocks could be shared", async () => {
  const machine = memoryRuntime({ disk: { clone: true }, files: { "/source": "text", "/target": "text" } });
  const { digest } = await copyFile("/source", "/new", { runtime: machine, digest: true });
  assertEquals(digest, createHash("sha256").update("text").digest("hex"));
  assertEquals((await copyFile("/source", "/target", { runtime: machine, skipIfEqual: true })).changed, false);
  await writeFile("/source", "other", { runtime: machine });
  assertEquals((await copyFile("/source", "/target", { runtime: machine, skipIfEqual: true })).changed, true);
});

test("copyFile refuses a source that changes while it is read", async () => {
  for (const [what, change] of [["grows", "more"], ["is rewritten", "text"]] as const) {
    const machine = memoryRuntime({ files: { "/source": "text", "/target": "old" } });
    let changed = false;
    const runtime = interceptRuntime(machine, (call, proceed) => {
      const result = proceed();
      if (call.method === "read" && !changed) {
        changed = true;
        machine.clock.advance(10);
        const file = machine.syncFileSystem.open("/source", "read-write") as {
          write(bytes: Uint8Array): number;
          close(): void;
        };
        file.write(new TextEncoder().encode(what === "grows" ? `text ${change}` : change));
        file.close();
      }
      return result;
    });
    const error = await assertRejects(() => copyFile("/source", "/target", { runtime }), WriteError, "changed while");
    assertEquals([error.code, error.targetState, machine.readText("/target")], ["EAGAIN", "unchanged", "old"]);
    assertEquals(Object.keys(machine.files()), ["/source", "/target"]);
  }
});

test("copyFile whose temporary file was swept away reads the source once more", async () => {
  const machine = memoryRuntime({ files: { "/source": "text" } });
  let swept = false;
  const { runtime } = faultRuntime(machine, {
    at: ({ method, path }) => {
      if (method === "rename" && !swept) swept = machine.syncFileSystem.remove(path) === true;
      return false;
    },
    error: "EIO",
  });
  assertEquals((await copyFile("/source", "/target", { runtime })).bytesWritten, 4);
  assertEquals(machine.files(), { "/source": "text", "/target": "text" });
});

test("copyFile closes the source whatever happens", async () => {
  for (const method of ["create", "read", "write", "sync", "rename"]) {
    const machine = memoryRuntime({ files: { "/source": "text" } });
    const { runtime } = faultRuntime(machine, { at: (call) => call.method === method, error: "EIO" });
    const error = await assertRejects(() => copyFile("/source", "/target", { runtime }), WriteError);
    assertEquals([error.step, machine.openHandles, machine.files()], [method, [], { "/source": "text" }]);
  }
});

test("copyFile tells how far it is; what onProgress throws aborts it", async () => {
  const size = 600_000;
  const machine = memoryRuntime({ files: { "/source": "x".repeat(size) } });
  for (const copyOne of [copyFile, copyFileSync]) {
    const told: number[] = [];
    await copyOne("/source", "/target", {
      runtime: machine,
      onProgress: ({ bytes, total }) => void told.push(bytes, total),
    });
    assertEquals(told.slice(-2), [size, size]);
    assertEquals(told.length, 8);
  }
  const options = {
    runtime: machine,
    onProgress: () => {
      throw new RangeError("enough");
    },
  };
  await assertRejects(() => copyFile("/source", "/other", options), RangeError, "enough");
  assertThrows(() => copyFileSync("/source", "/other", options), RangeError, "enough");
  assertThrows(() => copyFileSync("/source", "/other", { onProgress: 5 as unknown as () => void }), TypeError);
  assertEquals(Object.keys(machine.files()).sort(), ["/source", "/target"]);
});

test("copyFile leaves holes holes, and everything else where it is", () =>
  withTemporaryDirectory(async (directory) => {
    const [source, target] = [join(directory, "source"), join(directory, "target")];
    const file = fs.openSync(source, "w");
    const pieces: readonly (readonly [at: number, text: string])[] = [[0, "begin"], [5 << 20, "middle"], [
      (9 << 20) - 3,
      "x",
    ]];
    for (const [at, text] of pieces) fs.writeSync(file, text, at);
    fs.ftruncateSync(file, 12 << 20);
    fs.closeSync(file);
    const isSparse = (path: string) => fs.statSync(path).blocks * 512 < 1 << 20;
    await copyFile(source, target);
    assertEquals(fs.readFileSync(target).equals(fs.readFileSync(source)), true);
    assertEquals(isSparse(target), isSparse(source));
    const store = await openObjectStore(join(directory, "store"));
    const digest = await store.putFile(source);
    const object = fs.readdirSync(join(directory, "store"), { recursive: true, encoding: "utf8" })
      .map((name) => join(directory, "store", name)).find((path) => path.endsWith(digest.slice(-20)));
    assertEquals(object !== undefined && isSparse(object), isSparse(source));
    await store.restore(digest, join(directory, "restored"));
    assertEquals(isSparse(join(directory, "restored")), isSparse(source));
  }));

test("a copy with keepTimes is never older than its source, and a millisecond younger at most", () =>
  withTemporaryDirectory(async (directory) => {
    const [source, target] = [join(directory, "source"), join(directory, "target")];
    fs.writeFileSync(source, "x");
    for (const time of ["@1714903200.123456789", "@1714903200.999999999", "@-304783200.123456789", "@0"]) {
      if (execute("touch", ["-d", time, source]).code !== 0) continue;
      await copyFile(source, target, { keepTimes: true });
      const [of, kept] = [source, target].map((path) => fs.statSync(path, { bigint: true }).mtimeNs);
      assert(of !== undefined && kept !== undefined && kept >= of && kept - of <= 2_000_000n, `${of} became ${kept}`);
    }
  }));
