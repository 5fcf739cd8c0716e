/** What becomes of the source of a write that does not go as planned: it is read once, cancelled, or read no more. */
import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { acquireLock, type FileData, FileError, writeFile } from "../mod.ts";
import { type Fault, faultRuntime, memoryRuntime } from "../src/testing/mod.ts";

describe("a source", () => {
  it("that nobody has read yet is cancelled when the write fails, with the error that it fails with", async () => {
    let cancelled: unknown;
    const stream = new ReadableStream({
      cancel: (reason) => {
        cancelled = reason;
      },
    });
    const error = await assertRejects(() => writeFile("/missing/file", stream, { runtime: memoryRuntime() }));
    assertInstanceOf(error, FileError);
    assertStrictEquals(cancelled, error);
  });

  it("of node:stream that fails before it is read fails the write, not the process", async () => {
    const machine = memoryRuntime({ files: { "/file": "old" } });
    const lock = await acquireLock("/file", { runtime: machine });
    const stream = new Readable({ read: () => {} });
    const write = assertRejects(() => writeFile("/file", stream, { lock: true, runtime: machine }), Error, "missing");
    stream.destroy(new Error("its file is missing"));
    await new Promise((resolve) => stream.on("close", resolve)); // the error was emitted before that
    await lock.release();
    await write;
    assertEquals(machine.readText("/file"), "old");
  });

  it("of node:stream that nobody has read yet is destroyed when the write fails", async () => {
    const stream = new Readable({ read: () => {} });
    await assertRejects(() => writeFile("/missing/file", stream, { runtime: memoryRuntime() }), FileError);
    assertEquals(stream.destroyed, true);
  });

  const pieces = async function* () {
    yield "ne";
    yield "w";
  };
  const sources: [name: string, data: () => FileData, expected: string][] = [
    ["that can be read again is, when its temporary file was taken away", () => "new", "new"],
    ["that can be read once is not read again, and the file stays as it was", pieces, "old"],
  ];
  for (const [name, data, expected] of sources) {
    it(name, async () => {
      const machine = memoryRuntime({ files: { "/file": "old" } });
      let taken = 0;
      const at: Fault["at"] = ({ method, path }) => {
        if (method === "rename" && taken++ === 0) machine.fork().syncFileSystem.remove(path);
        return false;
      };
      const { runtime } = faultRuntime(machine, { at, error: "EIO" });
      const result = await writeFile("/file", data(), { runtime }).catch((error) => error);
      assertEquals([taken > 0, result instanceof FileError], [true, expected === "old"]);
      assertEquals([machine.files(), machine.openHandles], [{ "/file": expected }, []]);
    });
  }

  it("of equal content is compared, and an abort during that changes not even the mode", async () => {
    const machine = memoryRuntime({ files: { "/file": { content: "same", mode: 0o644 } } });
    const controller = new AbortController();
    const at: Fault["at"] = ({ method }) => {
      if (method === "read") controller.abort(new Error("too late"));
      return false;
    };
    const { runtime } = faultRuntime(machine, { at, error: "EIO" });
    const options = { skipIfEqual: true, mode: 0o600, signal: controller.signal, runtime };
    await assertRejects(() => writeFile("/file", "same", options), Error, "too late");
    assertEquals([machine.statusOf("/file")?.mode, machine.openHandles], [0o644, []]);
  });
});
