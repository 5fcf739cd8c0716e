/** The helpers that other tests stand on. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { once } from "node:events";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { withLoopFileSystem, withTmpfs } from "./mounts.ts";
import { asUser } from "./other_user.ts";
import { skip } from "./skip.ts";
import { currentRuntime, runtimes, scriptCommand, spawnScript } from "./spawn.ts";
import { testDirectory, withTemporaryDirectory } from "./temporary_directory.ts";

const ECHO = "tests/support/scripts/echo.ts";

/** What this file's tests have mounted: other test files may be mounting at the same time. */
function mounts(): string[] {
  if (process.platform !== "linux") return [];
  return fs.readFileSync("/proc/self/mounts", "utf8").split("\n").filter((line) => line.includes(testDirectory()));
}

type Runtimes = Record<string, Record<string, unknown>>;

/** Tells `spawnScript` of other runtimes than those of this run. */
async function withRuntimes(change: (known: Runtimes) => Runtimes, run: () => void | Promise<void>): Promise<void> {
  const told = process.env["ATOMIC_WRITE_TEST_RUNTIMES"];
  process.env["ATOMIC_WRITE_TEST_RUNTIMES"] = JSON.stringify(change(JSON.parse(told ?? "{}")));
  try {
    await run();
  } finally {
    if (told === undefined) delete process.env["ATOMIC_WRITE_TEST_RUNTIMES"];
    else process.env["ATOMIC_WRITE_TEST_RUNTIMES"] = told;
  }
}

describe("spawnScript", () => {
  it("runs a script on every runtime, whichever this one is", async () => {
    for (const runtime of runtimes()) {
      const { status } = spawnScript(ECHO, ["a b", "-c"], { runtime, stdin: "hällo", env: { ECHO_STATUS: "3" } });
      const { code, signal, stdout, stderr } = await status;
      assertEquals({ code, signal, stderr }, { code: 3, signal: null, stderr: "" });
      const { args, input, runtime: seen } = JSON.parse(stdout);
      assertEquals({ args, input, seen }, { args: ["a b", "-c"], input: "hällo", seen: runtime });
    }
  });

  it("runs on this runtime by default, with an empty input, in the given directory", async () => {
    await withTemporaryDirectory(async (directory) => {
      const { stdout } = await spawnScript(ECHO, [], { cwd: directory }).status;
      const { input, runtime, directory: seen } = JSON.parse(stdout);
      assertEquals({ input, runtime, seen }, { input: "", runtime: currentRuntime, seen: directory });
    });
  });

  it("tells the signal that ended a script", async () => {
    for (const runtime of runtimes()) {
      const { child, status } = spawnScript("tests/support/scripts/wait.ts", [], { runtime });
      if (child.stdout === null) throw new Error("no output to read");
      await once(child.stdout, "data");
      child.kill("SIGKILL");
      const { code, signal, stdout } = await status;
      assertEquals({ code, signal, stdout }, { code: null, signal: "SIGKILL", stdout: "ready\n" });
    }
  });

  it("gives Deno only the permissions asked for", async (t) => {
    if (!runtimes().includes("deno")) return skip(t, "needs Deno");
    const { code, stderr } = await spawnScript(ECHO, [], { runtime: "deno", permissions: ["--allow-read"] }).status;
    assertEquals(code, 1);
    assert(stderr.includes("NotCapable"), stderr);
  });

  it("gives Deno no permission where none is asked for, wherever its program lies", async (t) => {
    if (currentRuntime !== "deno") return skip(t, "only Deno adds permissions to what it starts by its own path");
    await withRuntimes((known) => ({ deno: { ...known["deno"], command: process.execPath } }), async () => {
      const { code, stdout, stderr } = await spawnScript(ECHO, [], { runtime: "deno", permissions: [] }).status;
      assertEquals([code, stdout], [1, ""]);
      assert(stderr.includes("NotCapable"), stderr);
    });
  });

  it("runs a script through another program", async (t) => {
    if (process.platform === "win32") return skip(t, "needs the program env");
    const { stdout } = await spawnScript(ECHO, [], { wrapper: ["env", "A=1"] }).status;
    assertEquals(JSON.parse(stdout).runtime, currentRuntime);
  });

  it("refuses a runtime that is not there", () =>
    withRuntimes(() => ({}), () => {
      assertThrows(() => scriptCommand(ECHO), Error, `has no ${currentRuntime}`);
    }));
});

describe("withTemporaryDirectory", () => {
  it("removes the directory after success and after failure", async () => {
    let path = "";
    const fill = (directory: string) => {
      path = directory;
      fs.mkdirSync(join(directory, "locked", "deep"), { recursive: true });
      fs.writeFileSync(join(directory, "locked", "deep", "file"), "x");
      fs.chmodSync(join(directory, "locked"), 0);
    };
    assertEquals(await withTemporaryDirectory((directory) => (fill(directory), 7)), 7);
    assert(!fs.existsSync(path));
    const failing = (directory: string) => {
      fill(directory);
      throw new RangeError("on purpose");
    };
    await assertRejects(() => withTemporaryDirectory(failing), RangeError);
    assert(!fs.existsSync(path));
  });
});

describe("mounts", () => {
  it("a tmpfs is as small as asked, can be read-only, and goes away", async (t) => {
    let path = "";
    await withTmpfs(t, { size: 65_536, inodes: 10 }, ({ directory, remount }) => {
      path = directory;
      assertThrows(() => fs.writeFileSync(join(directory, "big"), new Uint8Array(100_000)), Error, "ENOSPC");
      remount("ro");
      assertThrows(() => fs.writeFileSync(join(directory, "any"), ""), Error, "EROFS");
    });
    assert(path === "" || !fs.existsSync(path));
  });

  it("a mount goes away after a failure", async (t) => {
    const failing = () => {
      throw new RangeError("on purpose");
    };
    const before = mounts();
    await withTmpfs(t, { size: 65_536 }, failing).catch((error) => assert(error instanceof RangeError));
    assertEquals(mounts(), before);
  });

  for (const type of ["ext4", "xfs", "btrfs"] as const) {
    it(`a loop-mounted ${type} keeps what was synced over a crash`, async (t) => {
      const before = mounts();
      await withLoopFileSystem(t, { type, size: 32 << 20 }, ({ directory, crash, check }) => {
        const file = fs.openSync(join(directory, "synced"), "w");
        fs.writeSync(file, "kept");
        fs.fsyncSync(file);
        fs.closeSync(file);
        const parent = fs.openSync(directory, "r");
        fs.fsyncSync(parent);
        fs.closeSync(parent);
        fs.writeFileSync(join(directory, "unsynced"), "lost");
        crash();
        assertEquals(fs.readFileSync(join(directory, "synced"), "utf8"), "kept");
        assert(!fs.existsSync(join(directory, "unsynced")));
        assertEquals(check(), "");
      });
      assertEquals(mounts(), before);
    });
  }

  it("a mount goes away when the process gets a signal to stop", async (t) => {
    if (process.platform !== "linux" || process.getuid?.() !== 0) return skip(t, "needs root on Linux");
    const before = mounts();
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const { child, status } = spawnScript("tests/support/scripts/hold_mount.ts");
      if (child.stdout === null) throw new Error("no output to read");
      await once(child.stdout, "data");
      child.kill(signal);
      assertEquals((await status).signal, signal);
      assertEquals(mounts(), before);
    }
    assertEquals(fs.readdirSync(testDirectory()).filter((name) => name.startsWith("atomic-write-mount-")), []);
  });
});

describe("asUser", () => {
  it("runs a script as another user on every runtime", async (t) => {
    await asUser(t, 65_534, async (as) => {
      for (const runtime of runtimes()) {
        const { stdout, stderr } = await spawnScript(ECHO, [], { ...as, runtime }).status;
        assertEquals(stderr, "");
        assertEquals(JSON.parse(stdout).user, 65_534);
      }
    });
  });
});
