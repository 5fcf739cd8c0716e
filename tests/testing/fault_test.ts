/** Calls that fail on purpose, and sweeps over all of them. */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import type { OpenFile, Runtime } from "../../src/runtime/runtime.ts";
import { SystemError } from "../../src/runtime/system_error.ts";
import {
  faultRuntime,
  type FaultSweep,
  fittingErrors,
  type MemoryRuntime,
  memoryRuntime,
  sweepFaults,
  sweepFaultsSync,
} from "../../src/testing/mod.ts";
import { encode, Raw } from "./support.ts";

const make = () => memoryRuntime({ files: { "/d/a": "old" } });

function assertCode(code: string, body: () => unknown): SystemError {
  const error = assertThrows(body);
  assertInstanceOf(error, SystemError);
  assertEquals(error.code, code);
  return error;
}

describe("faultRuntime", () => {
  it("fails the call with that number, once, on whichever file system it comes", () => {
    const machine = make();
    const faulty = faultRuntime(machine, { at: 2, error: "EIO" });
    const { syncFileSystem, fileSystem } = faulty.runtime;
    syncFileSystem.stat("/d");
    const file = fileSystem.open("/d/a", "read-write") as OpenFile;
    const error = assertCode("EIO", () => file.write(encode("x")));
    assertEquals([error.call, error.path], ["write", "/d/a"]);
    assertEquals(machine.readText("/d/a"), "old", "a call that fails is not done");
    assertEquals(file.write(encode("x")), 1);
    assertEquals([faulty.calls, faulty.fired, faulty.struck?.method], [4, 1, "write"]);
    assertEquals(faulty.openHandles, ["/d/a"]);
    file.close();
    assertEquals(faulty.openHandles, []);
    assertEquals(faulty.trace, ["stat /d", "open /d/a read-write", "write 1 ! EIO", "write 1", "close"]);
  });

  it("fails all calls of a kind from there on, or those that are chosen", () => {
    const always = faultRuntime(make(), { at: 1, error: "EACCES", times: "always" }).runtime.syncFileSystem;
    always.stat("/d");
    assertCode("EACCES", () => always.stat("/d"));
    always.linkStat("/d");
    assertCode("EACCES", () => always.stat("/d"));
    const chosen = faultRuntime(make(), {
      at: (call) => call.path.endsWith(".tmp"),
      error: (call) => call.method === "create" ? "ENOSPC" : "EIO",
      times: "always",
    });
    assertCode("ENOSPC", () => chosen.runtime.syncFileSystem.create("/d/a.tmp", 0o600));
    assertCode("EIO", () => chosen.runtime.syncFileSystem.remove("/d/a.tmp"));
    assertEquals(chosen.runtime.syncFileSystem.remove("/d/a"), true);
    assertEquals(chosen.fired, 2);
  });

  it("closes what it says it could not close", () => {
    const machine = make();
    const { runtime } = faultRuntime(machine, { at: 1, error: "EIO" });
    const file = new Raw(runtime).create("/d/b");
    assertCode("EIO", () => file.close());
    assertEquals(machine.openHandles, []);
  });

  it("makes writes short, and a disk run full", () => {
    const machine = make();
    const short = new Raw(faultRuntime(machine, { at: (call) => call.method === "write", short: 2 }).runtime);
    const file = short.create("/d/b");
    assertEquals([file.write(encode("abcd")), file.write(encode("cdef"))], [2, 4]);
    const full = faultRuntime(machine, { at: (call) => call.method === "write", short: 3, error: "ENOSPC" });
    const second = new Raw(full.runtime).create("/d/c");
    assertEquals(second.write(encode("abcd")), 3);
    assertCode("ENOSPC", () => second.write(encode("d")));
    assertEquals(second.write(encode("d")), 1);
    assertEquals([machine.readText("/d/b"), machine.readText("/d/c")], ["abcdef", "abcd"]);
    const never = faultRuntime(machine, { at: 0, short: 1 });
    never.runtime.syncFileSystem.stat("/d");
    assertEquals(never.fired, 0, "only a write can be short");
  });

  it("rejects where the call is asynchronous", async () => {
    const { runtime } = faultRuntime(memoryRuntime({ delay: "every" }), { at: 0, error: "EIO", times: "always" });
    await assertRejects(async () => await runtime.fileSystem.stat("/"), SystemError, "EIO");
  });

  it("does the call before it says that it failed, where asked to", () => {
    const machine = make();
    const lost = (method: string) =>
      faultRuntime(machine, { at: (call) => call.method === method, error: "EIO", effect: "done" });
    assertCode("EIO", () => lost("rename").runtime.syncFileSystem.rename("/d/a", "/d/b"));
    assertEquals(machine.files(), { "/d/b": "old" });
    assertCode("EIO", () => lost("create").runtime.syncFileSystem.create("/d/c", 0o600));
    assertEquals(machine.files(), { "/d/b": "old", "/d/c": "" });
    assertEquals(machine.openHandles, []);
  });

  it("can be laid over another fault, and over a trace", () => {
    const machine = make();
    const inner = faultRuntime(machine, { at: (call) => call.method === "rename", error: "EXDEV" });
    const outer = faultRuntime(inner.runtime, { at: (call) => call.method === "sync", error: "EIO" });
    const raw = new Raw(outer.runtime);
    assertCode("EXDEV", () => raw.rename("/d/a", "/d/b"));
    const file = raw.open("/d/a");
    file.write(encode("x"));
    assertCode("EIO", () => file.sync("full"));
    assertEquals(inner.openHandles, ["/d/a"]);
  });

  it("refuses faults that are none", () => {
    assertThrows(() => faultRuntime(make(), { at: 0 }), RangeError);
    assertThrows(() => faultRuntime(make(), { at: -1, error: "EIO" }), RangeError);
  });
});

describe("sweepFaults", () => {
  const text = "the new text";

  function save(runtime: Runtime): void {
    const fs = runtime.syncFileSystem;
    const directory = fs.openDirectory("/d") as OpenFile;
    try {
      const file = fs.create("/d/.a.tmp", 0o600) as OpenFile;
      let renamed = false;
      try {
        try {
          let bytes = encode(text);
          while (bytes.length > 0) bytes = bytes.subarray(file.write(bytes) as number);
          file.sync("full");
        } finally {
          file.close();
        }
        fs.rename("/d/.a.tmp", "/d/a");
        renamed = true;
        directory.sync("full");
      } finally {
        if (!renamed) fs.remove("/d/.a.tmp");
      }
    } finally {
      directory.close();
    }
  }

  const sweep: FaultSweep<MemoryRuntime> = {
    make,
    operation: save,
    check: ({ machine, faulty, fault, result }) => {
      assertEquals(machine.openHandles, []);
      assertEquals(faulty.openHandles, []);
      const found = machine.readText("/d/a");
      assert(found === text || (found === "old" && "error" in result), found);
      if (fault === undefined) assert("value" in result);
      const removing = faulty.struck?.method === "remove";
      if (!removing && fault?.times !== "always") assertEquals(machine.readText("/d/.a.tmp"), undefined);
    },
  };

  it("goes over every call and every error that fits", async () => {
    const report = sweepFaultsSync(sweep);
    assertEquals(report.calls, 8);
    const machine = make();
    const counted = faultRuntime(machine, { at: () => false, error: "EIO" });
    save(counted.runtime);
    assertEquals(counted.calls, 8);
    assert(report.runs > 2 * 8);
    assertEquals(await sweepFaults(sweep), report);
    const few = sweepFaultsSync({ ...sweep, errors: ["EIO"], times: ["once"], short: [] });
    assertEquals(few, { calls: 8, runs: 8 });
  });

  it("names the fault that was not survived, with the calls that led there", () => {
    const careless = (runtime: Runtime) => {
      const file = runtime.syncFileSystem.create("/d/.a.tmp", 0o600) as OpenFile;
      file.write(encode(text));
      file.close();
      runtime.syncFileSystem.rename("/d/.a.tmp", "/d/a");
    };
    const error = assertThrows(() => sweepFaultsSync({ ...sweep, operation: careless }));
    assertInstanceOf(error, Error);
    assertStringIncludes(error.message, "at call 1, once");
    assertStringIncludes(error.message, "write 12 ! ENOSPC");
  });

  it("waits for asynchronous operations", async () => {
    const report = await sweepFaults({
      make: () => memoryRuntime({ delay: "every" }),
      operation: async ({ fileSystem }) => {
        const file = await fileSystem.create("/a", 0o600);
        await file.close();
      },
      check: ({ machine }) => assertEquals(machine.openHandles, []),
      errors: (call) => fittingErrors(call).slice(0, 1),
    });
    assertEquals(report, { calls: 2, runs: 4 });
  });
});
