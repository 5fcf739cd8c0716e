/** The commit of one file, where a call in its middle decides what may be said: overtaken, not seen, not synced. */
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { WriteError, writeFile, writeFileSync, type WriteFileSyncOptions } from "../../mod.ts";
import { SystemError } from "../../src/runtime/system_error.ts";
import { interceptRuntime, type SeamCall } from "../../src/testing/faults/intercept.ts";
import { memoryRuntime } from "../../src/testing/mod.ts";

const path = "/d/file";
const machineWithFile = () => memoryRuntime({ files: { [path]: "old" } });

describe("a write that a later, synchronous call overtakes within its own turn", () => {
  // Each is a call between the beginning of the turn and the rename; the last of them is that of the lock's guard.
  const moments: [name: string, options: WriteFileSyncOptions, at: (call: SeamCall) => boolean][] = [
    ["while its file is closed", {}, ({ method, path }) => method === "close" && path.endsWith(".tmp")],
    ["while its directory is looked at", {}, ({ method, path }) => method === "stat" && path === "/d"],
    ["while the lock is looked at", { lock: true }, ({ path }) => path.endsWith(".lock")],
  ];
  for (const [name, options, at] of moments) {
    it(`never shows its content: ${name}`, async () => {
      const machine = machineWithFile();
      let staged = false;
      let overtaken = 0;
      const runtime = interceptRuntime(machine, (call, proceed) => {
        staged ||= call.method === "sync" && call.path.endsWith(".tmp");
        if (staged && overtaken === 0 && at(call)) {
          overtaken++;
          writeFileSync(path, "later", { runtime: machine });
        }
        return proceed();
      });
      const result = await writeFile(path, "earlier", { runtime, ...options });
      assertEquals([overtaken, result.superseded, machine.readText(path)], [1, true, "later"]);
    });
  }

  for (const [code, durability] of [["EINVAL", "file"], [undefined, "full"]] as const) {
    it(`says how durable it has made what shows: ${code ?? "a sync that succeeds"} is ${durability}`, async () => {
      const machine = machineWithFile();
      let staged = false;
      let overtaken = false;
      const runtime = interceptRuntime(machine, (call, proceed) => {
        staged ||= call.method === "sync" && call.path.endsWith(".tmp");
        if (staged && !overtaken && call.method === "stat") {
          overtaken = true;
          writeFileSync(path, "later", { runtime: machine });
        }
        if (call.method === "sync" && call.path === "/d" && code !== undefined) {
          throw new SystemError(code, "sync", call.path);
        }
        return proceed();
      });
      const result = await writeFile(path, "earlier", { runtime });
      assertEquals([result.superseded, result.durability], [true, durability]);
    });
  }
});

describe("a commit that is reported to have failed, where nothing can be looked at afterwards", () => {
  for (const method of ["rename", "link"] as const) {
    for (const happened of [true, false]) {
      it(`is reported as unknown: a ${method} that has ${happened ? "" : "not "}happened`, async () => {
        const machine = method === "link"
          ? memoryRuntime({ files: { "/d/": { kind: "directory" } } })
          : machineWithFile();
        let failing = false;
        const runtime = interceptRuntime(machine, (call, proceed) => {
          if (call.method === method) {
            failing = true;
            if (happened) proceed();
          }
          if (failing) throw new SystemError("EIO", call.method, call.path);
          return proceed();
        });
        const options = method === "link" ? { ifExists: "fail" as const } : {};
        const thrown = await assertRejects(() => writeFile(path, "new", { runtime, ...options }), WriteError);
        assertEquals([thrown.code, thrown.step, thrown.targetState], ["EIO", method, "unknown"]);
        assertEquals(thrown.leftBehind.length, 1);
      });
    }
  }
});
