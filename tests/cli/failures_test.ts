/** Every exit status that a real failure leads to: real file systems, another user, and system calls made to fail. */
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { describe, it } from "node:test";
import { currentRuntime as runtimeHere } from "../../mod.ts";
import { withTmpfs } from "../support/mounts.ts";
import { asUser } from "../support/other_user.ts";
import { skip } from "../support/skip.ts";
import { currentRuntime } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { atomicWrite, inShell, names, put, text } from "./command.ts";

interface Expected {
  status: number;
  code: string;
  step?: string;
  targetState?: string;
}

/** Runs a command that must fail, and compares what it tells machines and people. */
async function fails(
  directory: string,
  args: readonly string[],
  expected: Expected,
  options: Parameters<typeof atomicWrite>[2] = {},
): Promise<string> {
  const { code, stdout, stderr } = await atomicWrite(directory, ["--json", ...args], { stdin: "new", ...options });
  const { error } = JSON.parse(stdout);
  const { targetState = "unchanged" } = expected;
  assertEquals([code, error.code, error.targetState], [expected.status, expected.code, targetState], stderr);
  if (expected.step !== undefined) assertEquals(error.step, expected.step, stderr);
  assertEquals(stderr.split("\n")[0], `atomic-write: ${error.message}`);
  return stderr;
}

describe("a path that cannot be written", () => {
  it("is 73", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "file", "old");
      fs.symlinkSync("loop", join(directory, "loop"));
      await fails(directory, ["."], { status: 73, code: "EISDIR" });
      await fails(directory, ["file/"], { status: 73, code: "EISDIR" });
      await fails(directory, ["file/below"], { status: 73, code: "ENOTDIR" });
      await fails(directory, ["--mkdir", "file/below"], { status: 73, code: "ENOTDIR" });
      await fails(directory, ["no/such/directory"], { status: 73, code: "ENOENT" });
      await fails(directory, ["n".repeat(256)], { status: 73, code: "ENAMETOOLONG" });
      await fails(directory, ["loop"], { status: 73, code: "ELOOP" });
      await fails(directory, ["/dev/null"], { status: 73, code: "EINVAL" });
      assertEquals(names(directory), ["file", "loop"]);
      assertEquals(text(directory, "file"), "old");
    });
  });

  it("is named as the user typed it where the current directory is gone", async (t) => {
    if (currentRuntime === "deno") return skip(t, "Deno itself does not start there");
    await withTemporaryDirectory(async (directory) => {
      const lines = "mkdir gone; cd gone; rmdir ../gone; echo new | atomic-write a";
      const { code, stderr } = await inShell(directory, lines);
      const reason = "it is not known which directory this is (ENOENT); the file is unchanged";
      assertEquals([code, stderr.includes(`atomic-write: Cannot write "a": ${reason}\n`)], [73, true], stderr);
    });
  });

  it("is reported where the current directory's name is not UTF-8, and nothing is done in the one it looks like", async (t) => {
    await withTemporaryDirectory(async (directory) => {
      const [name, alike] = ["$(printf 'x\\377')", "$(printf 'x\\357\\277\\275')"];
      const made = await inShell(directory, `mkdir "${name}" "${alike}" && echo kept > "${alike}/a"`);
      if (made.code !== 0) return skip(t, "needs names that are not UTF-8");
      for (
        const command of ["echo new | atomic-write a", "atomic-write remove a", "atomic-write lock a -- echo held"]
      ) {
        const { code, stdout, stderr } = await inShell(directory, `cd "${name}"; ${command}`);
        assertEquals(
          [code, stdout, /"a": .*(the file is unchanged|nothing was changed)\n/.test(stderr)],
          [73, "", true],
          stderr,
        );
      }
      assertEquals(text(directory, "x\ufffd/a"), "kept\n");
      assertEquals(names(join(directory, "x\ufffd")), ["a"]);
    });
  });

  it("is 73 on a read-only file system, 74 on a full one", async (t) => {
    await withTmpfs(t, { size: 1 << 20 }, async ({ directory, remount }) => {
      put(directory, "a", "old");
      const large = new Uint8Array(4 << 20);
      await fails(directory, ["a"], { status: 74, code: "ENOSPC", step: "write" }, { stdin: large });
      await fails(directory, ["--require-json", "a"], { status: 74, code: "ENOSPC" }, {
        stdin: `"${"x".repeat(4 << 20)}"`,
      });
      assertEquals([names(directory), text(directory, "a")], [["a"], "old"]);
      remount("ro,size=1m");
      await fails("/", [join(directory, "b")], { status: 73, code: "EROFS", step: "create" });
    });
  });

  it("is 77 where the user may not", async (t) => {
    await asUser(t, 65_534, async (as) => {
      await withTemporaryDirectory(async (directory) => {
        put(directory, "a", "old");
        fs.chmodSync(directory, 0o755);
        await fails(directory, ["a"], { status: 77, code: "EACCES", step: "create" }, as);
        put(directory, "secret", "secret", 0o600);
        await fails(directory, ["copy", "secret", "b"], { status: 77, code: "EACCES", step: "open" }, as);
        await fails(directory, ["remove", "a"], { status: 77, code: "EACCES", step: "remove" }, as);
        assertEquals([names(directory), text(directory, "a")], [["a", "secret"], "old"]);

        fs.chownSync(directory, 65_534, 65_534);
        fs.chmodSync(directory, 0o700);
        await fails(directory, ["--owner", "0:0", "a"], { status: 77, code: "EPERM", step: "setOwner" }, as);
        assertEquals([names(directory), text(directory, "a")], [["a", "secret"], "old"]);
        const { code, stderr } = await atomicWrite(directory, ["a"], { stdin: "new", ...as });
        assertEquals(code, 0, stderr);
        assert(stderr.includes("is written, but not everything was kept: owner"), stderr);
      });
    });
  });

  it("is 73 where a required durability is not available", async (t) => {
    await asUser(t, 65_534, async (as) => {
      await withTemporaryDirectory(async (directory) => {
        const closed = join(directory, "closed");
        fs.mkdirSync(closed);
        fs.chownSync(closed, 65_534, 65_534);
        fs.chmodSync(closed, 0o300);
        fs.chmodSync(directory, 0o755);
        const insist = ["--when-unsupported", "throw", "closed/a"];
        await fails(directory, insist, { status: 73, code: "EACCES", step: "openDirectory" }, as);
        const { code, stderr } = await atomicWrite(directory, ["closed/a"], { stdin: "new", ...as });
        const note = `"${closed}/a" is written, but a power cut may undo it: durability reached is "file"`;
        assertEquals({ code, stderr }, { code: 0, stderr: `atomic-write: ${note}\n` });
        assertEquals(text(directory, "closed/a"), "new");
      });
    });
  });

  it("is 73 where somebody's file has the name, and the advice is this command's", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "old");
      put(directory, "a.lock", "# THIS IS AN AUTOGENERATED FILE");
      const lock = await fails(directory, ["lock", "a", "--", "cat"], { status: 73, code: "EEXIST" });
      assert(lock.includes("has other content; choose a --lock-directory (EEXIST);"), lock);
      fs.mkdirSync(join(directory, "site"));
      const publish = await fails(directory, ["publish", "site", "site"], { status: 73, code: "EEXIST" });
      assert(publish.includes("publish over it with --adopt (EEXIST);"), publish);
      // These have no such option.
      for (const args of [["log", "append", "a"], ["log", "checkpoint", "a"]]) {
        const said = await fails(directory, args, { status: 73, code: "EEXIST" });
        assert(said.includes("has other content (EEXIST);"), said);
      }
      put(directory, "objects.lock", "# THIS IS AN AUTOGENERATED FILE");
      const stored = await fails(directory, ["store", "put", "."], { status: 73, code: "EEXIST" });
      assert(stored.includes("has other content (EEXIST);"), stored);
      assertEquals(text(directory, "a.lock"), "# THIS IS AN AUTOGENERATED FILE");
    });
  });

  it("is 77 where the runtime may not", async (t) => {
    if (currentRuntime !== "deno") return skip(t, "only one runtime has permissions of its own");
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "old");
      // In a checkout the command's own files must be readable; what is installed may always be imported.
      const own = fileURLToPath(new URL("../..", import.meta.url));
      const read = { permissions: ["--allow-read"] };
      const said = await fails(directory, ["a"], { status: 77, code: "ENOTCAPABLE" }, read);
      assert(said.includes(` needs --allow-write=${fs.realpathSync(directory)} (ENOTCAPABLE); the file is`), said);
      assert(said.includes("hint: grant the runtime --allow-read and --allow-write for the directory"), said);
      await fails(directory, ["a"], { status: 77, code: "ENOTCAPABLE" }, { permissions: [`--allow-read=${own}`] });
      assertEquals([names(directory), text(directory, "a")], [["a"], "old"]);
      const noPrograms = { permissions: [`--allow-read=${directory},${own}`, `--allow-write=${directory}`] };
      const lock = ["lock", join(directory, "a"), "--", "cat"];
      const programs = await fails(directory, lock, { status: 126, code: "ENOTCAPABLE" }, noPrograms);
      assert(programs.includes("hint: grant the runtime --allow-run"), programs);
      const enough = { permissions: [`--allow-read=${directory},${own}`, `--allow-write=${directory}`], stdin: "new" };
      const { code, stderr } = await atomicWrite(directory, [join(directory, "a")], enough);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
    });
  });
});

/** Makes system calls fail: `{ "rename,renameat": "EIO" }`, perhaps only those that concern one path. By strace(1). */
function failing(errors: Record<string, string>, path?: string): string[] {
  const optional = (calls: string) => calls.split(",").map((call) => `?${call}`).join(",");
  const injections = Object.entries(errors).flatMap(([calls, error]) => [
    "-e",
    `inject=${optional(calls)}:error=${error}`,
  ]);
  const traced = optional(Object.keys(errors).join(","));
  const only = path === undefined ? [] : ["-P", path];
  return ["strace", "-f", "-qq", "-o", "/dev/null", ...only, "-e", `trace=${traced}`, ...injections];
}

const canInject = process.platform === "linux" && spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;
/** Koffi 3.3.4; strace cannot tell the syncs of a file from those of standard output. */
const flushesAtExit = currentRuntime === "node" && runtimeHere().foreignCalls?.() === "koffi";
const renames = "rename,renameat,renameat2";
const syncs = "fsync,fdatasync";

describe("a system call that fails", () => {
  it("at the rename becomes the status for its error, and the file is unchanged", async (t) => {
    if (!canInject) return skip(t, "needs strace(1)");
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "old");
      const cases: [string, number][] = [
        ["EIO", 74],
        ["ENOSPC", 74],
        ["EDQUOT", 74],
        ["EBUSY", 75],
        ["ETXTBSY", 75],
        ["ESTALE", 75],
        ["EACCES", 77],
        ["EPERM", 77],
        ["EROFS", 73],
        ["EXDEV", 73],
      ];
      for (const [code, status] of cases) {
        const said = await fails(directory, ["a"], { status, code, step: "rename" }, {
          wrapper: failing({ [renames]: code }),
        });
        assertEquals(said.includes("mount its directory"), code === "EBUSY", said);
        assertEquals([names(directory), text(directory, "a")], [["a"], "old"], code);
      }
    });
  });

  it("at the sync fails the write, or with --when-sync-fails report lowers what was reached", async (t) => {
    if (!canInject) return skip(t, "needs strace(1)");
    if (flushesAtExit) return skip(t, "koffi syncs standard output at the exit, and does not end when that fails");
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "old");
      const never = { wrapper: failing({ [syncs]: "EIO" }) };
      await fails(directory, ["a"], { status: 74, code: "EIO", step: "sync" }, never);
      assertEquals([names(directory), text(directory, "a")], [["a"], "old"]);
      const report = ["--when-sync-fails", "report", "a"];
      const { code, stderr } = await atomicWrite(directory, report, { stdin: "new", ...never });
      const note = `"${directory}/a" is written, but a power cut may undo it: durability reached is "none"`;
      assertEquals({ code, stderr }, { code: 0, stderr: `atomic-write: ${note}\n` });
      assertEquals([names(directory), text(directory, "a")], [["a"], "new"]);
    });
  });

  it("at the directory's sync comes after the commit, and the message says so", async (t) => {
    if (!canInject) return skip(t, "needs strace(1)");
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "old");
      const expected = { status: 74, code: "EIO", step: "syncDirectory", targetState: "replaced" };
      const said = await fails(directory, ["a"], expected, { wrapper: failing({ [syncs]: "EIO" }, directory) });
      assert(said.includes("; the change is visible, but not proven durable\n"), said);
      assertEquals([names(directory), text(directory, "a")], [["a"], "new"]);
    });
  });

  it("while cleaning up is reported with what is left", async (t) => {
    if (!canInject) return skip(t, "needs strace(1)");
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "old");
      const both = failing({ [renames]: "EIO", "unlink,unlinkat": "EIO" });
      const said = await fails(directory, ["a"], { status: 74, code: "EIO", step: "rename" }, { wrapper: both });
      const [left = ""] = names(directory);
      assert(left.endsWith(".tmp"), left);
      assert(said.endsWith(`atomic-write: left behind: "${directory}/${left}"\n`), said);
      assertEquals(text(directory, "a"), "old");
    });
  });
});
