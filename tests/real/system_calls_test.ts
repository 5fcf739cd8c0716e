/**
 * What a write really asks the kernel, by strace: the golden sequences, and the rules that hold whatever the options.
 * The order is the promise: content and metadata on the medium before the rename, the name on the medium after it.
 */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { currentRuntime as runtime } from "../../mod.ts";
import { cases, golden } from "../golden/system_calls.ts";
import { skip } from "../support/skip.ts";
import { currentRuntime } from "../support/spawn.ts";
import { cannotTrace, traceScript } from "../support/system_calls.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { notEmpty } from "../support/tally.ts";

type Traces = Map<string, string[]>;

let traces: Promise<Traces | string> | undefined;

/** All cases, traced once for all tests; or why that cannot be done. */
function traced(): Promise<Traces | string> {
  return traces ??= withTemporaryDirectory<Traces | string>((directory) => {
    const reason = process.platform === "linux" ? cannotTrace() : "needs Linux";
    if (reason !== undefined) return reason;
    const work = join(directory, "work");
    fs.mkdirSync(work);
    return traceScript("tests/real/scripts/traced.ts", work, join(directory, "log"));
  });
}

async function withTraces(t: Parameters<typeof skip>[0], check: (traces: Traces) => void): Promise<void> {
  const found = await traced();
  if (typeof found === "string") skip(t, found);
  else check(found);
}

/** Without what Deno's asynchronous calls do to a descriptor: duplicate it, and close the duplicate. */
function withoutDuplicates(calls: readonly string[]): string[] {
  return calls.join("\n").replaceAll(/^fcntl (\S+)\n((?:fsync|read|write) \1.*)\nclose \1$/gm, "$2").split("\n");
}

/** https://man7.org/linux/man-pages/man2/statfs.2.html */
const tmpfs = 0x01021994;

/** Calls that change what a name leads to at the moment of the call, whatever that is. */
const byPath = /^(chmod|fchmodat2?|chown|lchown|fchownat|truncate|utimes?|setxattr) /;

describe("system calls", () => {
  for (const name of cases) {
    it(name, async (t) => {
      if (name === "overwrite a file of another user" && process.getuid?.() !== 0) return skip(t, "needs root");
      await withTraces(t, (traces) => {
        for (const twin of [name, `${name}, sync`]) {
          assertEquals(withoutDuplicates(traces.get(twin) ?? []), golden(name, currentRuntime), twin);
        }
      });
    });
  }

  it("file and metadata are synced before the name, and the name before the call returns", async (t) => {
    await withTraces(t, (traces) => {
      for (const [name, calls] of notEmpty(traces)) {
        const commit = calls.findIndex((call) => /^(rename|link) TEMP /.test(call));
        if (/^(nothing to change|remove|overwrite, only atomic)/.test(name)) continue;
        assert(commit > 0, `${name} has no commit`);
        const fileSync = calls.indexOf("fsync TEMP");
        assert(fileSync >= 0 && fileSync < commit, `${name} syncs the file before the commit`);
        const lastChange = calls.findLastIndex((call) => /^(write|fchmod|fchown|ftruncate|utimensat) TEMP/.test(call));
        assert(lastChange < fileSync, `${name} changes the file after its sync: ${calls[lastChange]}`);
        assert(calls.indexOf("fsync .", commit) > commit, `${name} syncs the directory after the commit`);
      }
      for (const name of ["remove", "remove, sync"]) {
        const calls = traces.get(name) ?? [];
        assert(calls.indexOf("fsync .") > calls.indexOf("unlink a"), name);
      }
      for (const name of ["overwrite, only atomic", "overwrite, only atomic, sync"]) {
        assert(!traces.get(name)?.some((call) => call.startsWith("fsync")), name);
      }
    });
  });

  it("of many files, all begin to be written back before the first is synced", async (t) => {
    if (runtime().foreignCalls?.() === undefined) return skip(t, "needs foreign calls");
    if (fs.statfsSync(tmpdir()).type === tmpfs) return skip(t, "needs a temporary directory that is not in memory");
    await withTraces(t, (traces) => {
      const calls = traces.get("many files") ?? [];
      const begun = calls.flatMap((call, index) => call === "sync_file_range TEMP" ? [index] : []);
      assertEquals(begun.length, 2, calls.join("\n"));
      assert(Math.max(...begun) < calls.indexOf("fsync TEMP"), calls.join("\n"));
    });
  });

  it("the old version is durable before the name leads elsewhere", async (t) => {
    await withTraces(t, (traces) => {
      for (const name of ["overwrite with a backup", "overwrite with a backup, sync"]) {
        const calls = traces.get(name) ?? [];
        const order = ["link a BACKUP", "fsync BACKUP", "fsync .", "rename TEMP a"].map((call) => calls.indexOf(call));
        assertEquals(order, [...order].sort((a, b) => a - b), name);
        assert(!order.includes(-1), name);
      }
    });
  });

  it("a temporary file is created exclusively, locked at once, and never wider than its target", async (t) => {
    await withTraces(t, (traces) => {
      for (const [name, calls] of notEmpty(traces)) {
        const created = calls.findIndex((call) => call.startsWith("create "));
        if (created >= 0) assertEquals(calls[created + 1], "flock TEMP LOCK_EX|LOCK_NB", name);
        // What Node's reflink opens by /proc/self/fd is no name in the directory.
        const shared = calls.filter((call) => call.startsWith("create shared TEMP"));
        assert(shared.length === 0 || name.startsWith("copy"), `${name}: ${shared}`);
        if (!name.startsWith("overwrite a secret")) continue;
        const modes = calls.filter((call) => /^(create|fchmod) /.test(call)).map((call) => call.split(" ").at(-1));
        assertEquals(modes, ["0600"], name);
      }
    });
  });

  it("nothing is ever changed by path", async (t) => {
    await withTraces(t, (traces) => {
      for (const [name, calls] of notEmpty(traces)) assertEquals(calls.filter((call) => byPath.test(call)), [], name);
    });
  });
});
