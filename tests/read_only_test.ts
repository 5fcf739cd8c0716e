/** What a write refuses that the system would allow: read-only files when asked to, names that stand for open files. */
import { assertEquals, assertRejects } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it, test } from "node:test";
import { copyFile, FileError, openFileWriter, removeFile, updateFile, WriteError, writeFile } from "../mod.ts";
import { faultRuntime, memoryRuntime } from "../src/testing/mod.ts";
import { namesIn, textOf } from "./support/files.ts";
import { execute } from "./support/programs.ts";
import { skip } from "./support/skip.ts";
import { notEmpty } from "./support/tally.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

const ways: readonly [name: string, write: (path: string, options?: object) => Promise<unknown>][] = [
  ["writeFile", (path, options) => writeFile(path, "new", options)],
  ["copyFile", (path, options) => copyFile(`${path}.source`, path, options)],
  ["updateFile", (path, options) => updateFile(path, () => "new", options)],
  ["openFileWriter", async (path, options) => {
    await using writer = await openFileWriter(path, options);
    await writer.write("new");
    return await writer.commit();
  }],
];

describe('whenReadOnly "refuse"', () => {
  for (const [name, write] of notEmpty(ways)) {
    it(`${name} leaves a file alone that nobody may write to, and replaces any other`, async () => {
      for (const [mode, refused] of notEmpty([[0o444, true], [0o400, true], [0o555, true], [0o464, false]] as const)) {
        const runtime = memoryRuntime({ files: { "/d/a": { content: "old", mode }, "/d/a.source": "new" } });
        const options = { runtime, whenReadOnly: "refuse" };
        if (refused) {
          const error = await assertRejects(() => write("/d/a", options), WriteError);
          assertEquals([error.code, error.step, error.targetState], ["EACCES", "resolve", "unchanged"]);
          assertEquals([runtime.readText("/d/a"), runtime.statusOf("/d/a")?.mode], ["old", mode]);
          await write("/d/a", { runtime });
        } else await write("/d/a", options);
        assertEquals([runtime.readText("/d/a"), runtime.statusOf("/d/a")?.mode], ["new", mode]);
      }
    });
  }

  it("creates a file that does not exist, and looks at the file that a symlink leads to", async () => {
    const runtime = memoryRuntime({
      files: { "/d/sealed": { content: "old", mode: 0o444 }, "/d/link": { symlink: "sealed" } },
    });
    const options = { runtime, whenReadOnly: "refuse" } as const;
    await writeFile("/d/new", "new", options);
    const error = await assertRejects(() => writeFile("/d/link", "new", options), WriteError, "its mode is 0444");
    assertEquals(error.path, "/d/sealed");
    await writeFile("/d/link", "new", { ...options, symlink: "replace" });
    assertEquals([runtime.readText("/d/sealed"), runtime.readText("/d/link")], ["old", "new"]);
  });
});

describe("a name that stands for what a process has open", () => {
  const names = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", `/proc/${process.pid}/fd/2`, "/proc/self/exe"];

  it("is refused by everything that writes, and says so", async (t) => {
    if (process.platform !== "linux") return skip(t, "Linux has these names");
    for (const [way, write] of notEmpty(ways.filter(([way]) => way !== "copyFile"))) {
      for (const name of notEmpty(names)) {
        for (const options of [{}, { symlink: "replace" }]) {
          const error = await assertRejects(() => write(name, options), FileError, "what a process has open", way);
          assertEquals([error.code, error.step, error.targetState], ["EINVAL", "resolve", "unchanged"]);
        }
      }
    }
  });

  it("is recognised behind any path, and makes no file whose name ends in (deleted)", (t) =>
    withTemporaryDirectory(async (directory) => {
      if (process.platform !== "linux") return skip(t, "Linux has these names");
      const path = join(directory, "gone");
      const descriptor = fs.openSync(path, "w");
      try {
        fs.unlinkSync(path);
        fs.symlinkSync("/proc/self/fd", join(directory, "descriptors"));
        const hidden = join(directory, "descriptors", String(descriptor));
        await assertRejects(() => writeFile(hidden, "new"), WriteError, "what a process has open");
        assertEquals(namesIn(directory), ["descriptors"]);
        // What is in a directory that a process has open is a file like any other.
        const open = fs.openSync(directory, "r");
        try {
          await writeFile(`/proc/self/fd/${open}/kept`, "kept");
        } finally {
          fs.closeSync(open);
        }
        assertEquals(textOf(join(directory, "kept")), "kept");
      } finally {
        fs.closeSync(descriptor);
      }
    }));
});

describe("what a refused call means", () => {
  const messageOf = async (call: () => Promise<unknown>) => (await assertRejects(call, WriteError)).message;

  it("EPERM in a sticky directory names it; elsewhere, the file may be immutable", async () => {
    const files = {
      "/t/": { kind: "directory", mode: 0o1777, user: 0 },
      "/t/theirs": { content: "old", user: 7, mode: 0o666 },
      "/t/mine": "old",
    } as const;
    const sticky = "its directory is sticky, and the file belongs to another user (EPERM); the file is unchanged";
    const runtime = memoryRuntime({ files });
    assertEquals(
      await messageOf(() => writeFile("/t/theirs", "new", { runtime, owner: "leave" })),
      `Cannot replace "/t/theirs": ${sticky}`,
    );
    assertEquals(await messageOf(() => removeFile("/t/theirs", { runtime })), `Cannot remove "/t/theirs": ${sticky}`);
    for (const method of notEmpty(["rename", "remove", "create"] as const)) {
      const failing = faultRuntime(memoryRuntime({ files }), {
        at: (call) => call.method === method,
        error: "EPERM",
        times: "always",
      }).runtime;
      const call = method === "remove"
        ? () => removeFile("/t/mine", { runtime: failing })
        : () => writeFile("/t/mine", "new", { runtime: failing });
      const message = await messageOf(call);
      assertEquals([method, message.includes("may be immutable or append-only")], [method, true]);
    }
  });

  it("an owner that this user namespace does not have is named as that", async () => {
    const runtime = faultRuntime(memoryRuntime({ user: 0, files: { "/a": "old" } }), {
      at: ({ method }) => method === "setOwner",
      error: "EINVAL",
    }).runtime;
    const message = await messageOf(() => writeFile("/a", "new", { runtime, owner: { user: 100_000 } }));
    assertEquals(message.includes("does not exist in this user namespace"), true, message);
  });

  test("writeFile, removeFile and a real immutable file", (t) =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "sealed");
      fs.writeFileSync(path, "old");
      if (process.platform !== "linux" || process.getuid?.() !== 0) return skip(t, "needs root on Linux");
      if (execute("chattr", ["+i", path]).code !== 0) return skip(t, "no file attributes here");
      try {
        for (const call of [() => writeFile(path, "new"), () => removeFile(path)]) {
          const message = await messageOf(call);
          assertEquals(message.includes("may be immutable or append-only"), true, message);
        }
      } finally {
        assertEquals(execute("chattr", ["-i", path]).code, 0);
      }
      assertEquals([namesIn(directory), textOf(path)], [["sealed"], "old"]);
    }));
});

test("defaults.creationMode is what mode means to fs: minus the umask, for a new file alone", () =>
  withTemporaryDirectory(async (directory) => {
    const before = process.umask(0o027);
    try {
      for (const creationMode of notEmpty([0o666, 0o777, 0o600])) {
        const [ours, theirs] = [join(directory, `ours${creationMode}`), join(directory, `theirs${creationMode}`)];
        fs.closeSync(fs.openSync(theirs, "w", creationMode));
        await writeFile(ours, "", { defaults: { creationMode } });
        const modeOf = (path: string) => fs.statSync(path).mode;
        assertEquals(modeOf(ours), modeOf(theirs));
        await writeFile(ours, "again", { defaults: { creationMode: 0 } });
        assertEquals(modeOf(ours), modeOf(theirs));
      }
    } finally {
      process.umask(before);
    }
  }));
