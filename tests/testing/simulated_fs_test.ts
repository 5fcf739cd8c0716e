/**
 * `node:fs` over the simulated machine does what the real one does: a table of little programs is run on both, in all three
 * forms of each call, and must return the same values and throw the same codes.
 */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import * as realFs from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { describe, it, test } from "node:test";
import { promisify } from "node:util";
import { exploreCrashes, memoryRuntime, simulatedFs, sweepFaults, withRuntime } from "../../src/testing/mod.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { notEmpty } from "../support/tally.ts";

type Fs = typeof realFs;
type Sync = (fs: Fs, at: (name: string) => string) => unknown;

/** What a program throws: its code, and the call that Node says has failed. */
function outcome(run: () => unknown): unknown {
  try {
    return { value: run() };
  } catch (error) {
    return { code: Reflect.get(error as object, "code") };
  }
}

const kind = (stats: realFs.Stats | realFs.Dirent) =>
  stats.isFile() ? "file" : stats.isDirectory() ? "directory" : stats.isSymbolicLink() ? "symlink" : "other";

/** Each runs in a directory of its own, which has a file `old` ("old") and a directory `d`. */
const programs: Record<string, Sync> = {
  "writeFile, readFile": (fs, at) => {
    fs.writeFileSync(at("a"), "grüße");
    fs.appendFileSync(at("a"), "!");
    return [fs.readFileSync(at("a"), "utf8"), [...fs.readFileSync(at("a"))], fs.readFileSync(at("a"), "base64")];
  },
  "writeFile of views, with an encoding, a mode and a flag": (fs, at) => {
    fs.writeFileSync(at("a"), new Uint16Array([1, 2]).subarray(1));
    fs.writeFileSync(at("b"), "00ff", { encoding: "hex", mode: 0o600 });
    fs.writeFileSync(at("b"), "x", { flag: "a" });
    return [[...fs.readFileSync(at("a"))], [...fs.readFileSync(at("b"))], fs.statSync(at("b")).mode & 0o777];
  },
  "writeFile replaces what was longer": (fs, at) => {
    fs.writeFileSync(at("old"), "o");
    return fs.readFileSync(at("old"), "utf8");
  },
  "exclusive creation of what is there": (fs, at) => fs.writeFileSync(at("old"), "x", { flag: "wx" }),
  "a file in a directory that is missing": (fs, at) => fs.writeFileSync(at("none/a"), "x"),
  "a directory as a file": (fs, at) => fs.writeFileSync(at("d"), "x"),
  "reading a directory as a file": (fs, at) => fs.readFileSync(at("d")),
  "reading what is missing": (fs, at) => fs.readFileSync(at("none"), "utf8"),
  "positions": (fs, at) => {
    const fd = fs.openSync(at("a"), "w+");
    const counts = [
      fs.writeSync(fd, "hello"),
      fs.writeSync(fd, new Uint8Array([74]), 0, 1, 0),
      fs.writeSync(fd, " world"),
    ];
    const buffer = new Uint8Array(5);
    counts.push(fs.readSync(fd, buffer, 0, 5, 6), fs.readSync(fd, buffer, 0, 5, null));
    counts.push(fs.readSync(fd, buffer, { position: 0, length: 2 }));
    fs.closeSync(fd);
    return [counts, [...buffer], fs.readFileSync(at("a"), "utf8")];
  },
  "appending, whatever the position": (fs, at) => {
    const fd = fs.openSync(at("old"), "a+");
    fs.writeSync(fd, "1", 0);
    fs.writeSync(fd, "2");
    const text = fs.readFileSync(fd, "utf8");
    fs.closeSync(fd);
    return [text.length > 0, fs.readFileSync(at("old"), "utf8")];
  },
  "several buffers": (fs, at) => {
    const fd = fs.openSync(at("a"), "wx+");
    const written = fs.writevSync(fd, [new Uint8Array([1, 2]), new Uint8Array([3])]);
    const [one, two] = [new Uint8Array(1), new Uint8Array(5)];
    const read = fs.readvSync(fd, [one, two], 0);
    fs.closeSync(fd);
    return [written, read, [...one], [...two]];
  },
  "an open file that lost its name": (fs, at) => {
    const fd = fs.openSync(at("old"), "r");
    fs.unlinkSync(at("old"));
    const [text, found] = [fs.readFileSync(fd, "utf8"), fs.existsSync(at("old"))];
    fs.closeSync(fd);
    return [text, found];
  },
  "writing to what was opened for reading": (fs, at) => {
    const fd = fs.openSync(at("old"), "r");
    try {
      return fs.writeSync(fd, "x");
    } finally {
      fs.closeSync(fd);
    }
  },
  "reading what was opened for writing": (fs, at) => {
    const fd = fs.openSync(at("old"), "a");
    try {
      return fs.readSync(fd, new Uint8Array(1));
    } finally {
      fs.closeSync(fd);
    }
  },
  "syncs, of a directory as well": (fs, at) => {
    for (const [name, flags] of [["old", "r+"], ["d", "r"]] as const) {
      const fd = fs.openSync(at(name), flags);
      fs.fsyncSync(fd);
      fs.fdatasyncSync(fd);
      fs.closeSync(fd);
    }
  },
  "lengths": (fs, at) => {
    fs.truncateSync(at("old"), 5);
    const fd = fs.openSync(at("old"), "r+");
    const { size } = fs.fstatSync(fd);
    fs.ftruncateSync(fd, 1);
    fs.closeSync(fd);
    return [size, fs.readFileSync(at("old"), "utf8")];
  },
  "modes": (fs, at) => {
    fs.chmodSync(at("old"), 0o640);
    const fd = fs.openSync(at("d"), "r");
    fs.fchmodSync(fd, "0700");
    fs.closeSync(fd);
    return ["old", "d"].map((name) => fs.statSync(at(name)).mode.toString(8));
  },
  "times": (fs, at) => {
    fs.utimesSync(at("old"), 1, 2);
    const before = fs.statSync(at("old")).mtimeMs;
    const fd = fs.openSync(at("old"), "r+");
    fs.futimesSync(fd, new Date(1), new Date(7_000));
    fs.closeSync(fd);
    return [before, fs.statSync(at("old")).mtime.getTime(), fs.statSync(at("old"), { bigint: true }).mtimeMs];
  },
  "status": (fs, at) => {
    fs.linkSync(at("old"), at("twin"));
    fs.symlinkSync("old", at("link"));
    const [one, twin, link] = [fs.statSync(at("old")), fs.lstatSync(at("twin")), fs.lstatSync(at("link"))];
    return [
      one.size,
      one.nlink,
      one.ino === twin.ino && one.dev === twin.dev,
      [one, fs.statSync(at("link")), link, fs.statSync(at("d"))].map(kind),
      fs.statSync(at("none"), { throwIfNoEntry: false }),
      fs.statSync(at("old"), { bigint: true }).size,
    ];
  },
  "status of what is missing": (fs, at) => fs.statSync(at("none")),
  "symlinks": (fs, at) => {
    fs.symlinkSync("new", at("link"));
    fs.writeFileSync(at("link"), "through");
    const dirs = [fs.realpathSync(at("link")) === fs.realpathSync(at("new")), fs.readlinkSync(at("link"))];
    return [...dirs, fs.readFileSync(at("new"), "utf8"), fs.existsSync(at("link"))];
  },
  "the text of what is no symlink": (fs, at) => fs.readlinkSync(at("old")),
  "a circle of symlinks": (fs, at) => {
    fs.symlinkSync("b", at("a"));
    fs.symlinkSync("a", at("b"));
    return fs.readFileSync(at("a"));
  },
  "rename": (fs, at) => {
    fs.writeFileSync(at("a"), "new");
    fs.renameSync(at("a"), at("old"));
    return [fs.readdirSync(at("")).sort(), fs.readFileSync(at("old"), "utf8")];
  },
  "renaming what is missing": (fs, at) => fs.renameSync(at("none"), at("a")),
  "renaming a file onto a directory": (fs, at) => fs.renameSync(at("old"), at("d")),
  "a link to a name that is taken": (fs, at) => fs.linkSync(at("old"), at("d")),
  "directories": (fs, at) => {
    fs.mkdirSync(at("d/e"));
    fs.writeFileSync(at("d/e/f"), "");
    const first = fs.mkdirSync(at("x/y/z"), { recursive: true });
    const again = fs.mkdirSync(at("x/y/z"), { recursive: true });
    const all = fs.readdirSync(at(""), { recursive: true }).map(String).sort();
    const kinds = fs.readdirSync(at("d"), { withFileTypes: true }).map((entry) => [entry.name, kind(entry)]);
    fs.rmdirSync(at("x/y/z"));
    fs.rmSync(at("d"), { recursive: true });
    fs.rmSync(at("d"), { recursive: true, force: true });
    return [first?.endsWith("x"), again, all, kinds, fs.readdirSync(at("")).sort()];
  },
  "a directory that is there": (fs, at) => fs.mkdirSync(at("d")),
  "listing a file": (fs, at) => fs.readdirSync(at("old")),
  "removing a directory that is not empty": (fs, at) => {
    fs.writeFileSync(at("d/a"), "");
    fs.rmdirSync(at("d"));
  },
  "removing what is missing": (fs, at) => fs.unlinkSync(at("none")),
  "a temporary directory": (fs, at) => {
    const made = fs.mkdtempSync(at("t-"));
    return [made.startsWith(at("t-")), made.length - at("t-").length, fs.statSync(made).mode & 0o777];
  },
  "copyFile": (fs, at) => {
    fs.chmodSync(at("old"), 0o600);
    fs.copyFileSync(at("old"), at("a"));
    return [fs.readFileSync(at("a"), "utf8"), fs.statSync(at("a")).mode & 0o777];
  },
  "access": (fs, at) => {
    fs.accessSync(at("old"), fs.constants.R_OK | fs.constants.W_OK);
    fs.accessSync(at("d"));
  },
  "access to what is missing": (fs, at) => fs.accessSync(at("none")),
  "a closed descriptor": (fs, at) => {
    const fd = fs.openSync(at("old"), "r");
    fs.closeSync(fd);
    fs.fsyncSync(fd);
  },
  "numeric flags": (fs, at) => {
    const { O_CREAT, O_EXCL, O_RDWR } = fs.constants;
    const fd = fs.openSync(at("a"), O_CREAT | O_EXCL | O_RDWR, 0o600);
    fs.writeSync(fd, "x");
    fs.closeSync(fd);
    return fs.readFileSync(at("a"), "utf8");
  },
};

/** The same program with every call of `fs` made asynchronously is another one; this checks each call by itself. */
function scene(): { fs: Fs; at: (name: string) => string } {
  const machine = memoryRuntime({ files: { "/s/old": "old", "/s/d/": { kind: "directory" } } });
  return { fs: simulatedFs<Fs>(machine), at: (name) => name === "" ? "/s" : `/s/${name}` };
}

describe("simulatedFs does what the real fs does:", () => {
  for (const [name, program] of notEmpty(Object.entries(programs))) {
    it(name, () =>
      withTemporaryDirectory((directory) => {
        realFs.writeFileSync(join(directory, "old"), "old");
        realFs.mkdirSync(join(directory, "d"));
        const { fs, at } = scene();
        const real = outcome(() => program(realFs, (name) => join(directory, name)));
        assertEquals(outcome(() => program(fs, at)), real);
      }));
  }
});

test("an error of simulatedFs reads as one of Node's", async () => {
  const { fs } = scene();
  const errors: unknown[] = [
    caught(() => fs.readFileSync("/s/none")),
    await fs.promises.rename("/s/none", "/s/a").catch((error) => error),
    await new Promise((resolve) => fs.mkdir("/s/d", (error) => resolve(error))),
    // Deno's own has no code here.
    caught(() => fs.copyFileSync("/s/old", "/s/d", fs.constants.COPYFILE_EXCL)),
  ];
  const shown = errors.map((error) => {
    assertInstanceOf(error, Error);
    const { code, syscall, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
    return [error.message, code, syscall, path, dest];
  });
  assertEquals(shown, [
    ["ENOENT: no such file or directory, open '/s/none'", "ENOENT", "open", "/s/none", undefined],
    ["ENOENT: no such file or directory, rename '/s/none' -> '/s/a'", "ENOENT", "rename", "/s/none", "/s/a"],
    ["EEXIST: file already exists, mkdir '/s/d'", "EEXIST", "mkdir", "/s/d", undefined],
    ["EEXIST: file already exists, copyfile '/s/old' -> '/s/d'", "EEXIST", "copyfile", "/s/old", "/s/d"],
  ]);
  assertEquals(Reflect.get(errors[0] as Error, "errno"), -2);
});

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("it did not throw");
}

test("a call of simulatedFs by a callback, as a promise and promisified", async () => {
  const { fs } = scene();
  const text = await new Promise((resolve, reject) =>
    fs.readFile("/s/old", "utf8", (error, found) => error === null ? resolve(found) : reject(error))
  );
  assertEquals(text, "old");
  assertEquals(await fs.promises.readFile("/s/old", "utf8"), "old");
  assertEquals(await promisify(fs.exists)("/s/old"), true);
  const fd = await promisify(fs.open)("/s/old", "r+");
  const { bytesRead, buffer } = await promisify(fs.read)(fd, new Uint8Array(2), 0, 2, 0);
  assertEquals([bytesRead, [...buffer]], [2, [111, 108]]);
  const counted = await new Promise((resolve) => fs.write(fd, "new", 0, "utf8", (...values) => resolve(values)));
  assertEquals(counted, [null, 3, "new"]);
  await promisify(fs.close)(fd);
  assertThrows(() => (fs.readFile as unknown as (path: string) => void)("/s/old"), TypeError, "cb");
  await assertRejects(() => fs.promises.readFile({} as unknown as string), TypeError, "path");
});

test("a FileHandle of simulatedFs", async () => {
  const { fs } = scene();
  const handle = await fs.promises.open("/s/a", "w+", 0o600);
  await handle.writeFile("one ");
  await handle.appendFile(new Uint8Array([50]));
  await handle.write("!", 4);
  const { bytesRead } = await handle.read(new Uint8Array(3), 0, 3, 0);
  await handle.sync();
  await handle.datasync();
  const { size } = await handle.stat();
  await handle.truncate(3);
  await handle.chmod(0o640);
  await handle.close();
  await handle.close();
  assertEquals([bytesRead, size, fs.readFileSync("/s/a", "utf8"), fs.statSync("/s/a").mode & 0o777], [
    3,
    5,
    "one",
    0o640,
  ]);
  assertEquals((await caughtLater(() => handle.sync()) as NodeJS.ErrnoException).code, "EBADF");
});

async function caughtLater(run: () => Promise<unknown>): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error("it did not throw");
}

test("streams of simulatedFs", async () => {
  const { fs } = scene();
  await pipeline(Readable.from(["one ", "two"]), fs.createWriteStream("/s/a", { mode: 0o600 }));
  const chunks: Uint8Array[] = [];
  for await (const chunk of fs.createReadStream("/s/a", { start: 4 })) chunks.push(chunk);
  assertEquals([fs.readFileSync("/s/a", "utf8"), new TextDecoder().decode(chunks[0])], ["one two", "two"]);
  await fs.promises.writeFile("/s/b", Readable.from(["a", "b"]));
  assertEquals(fs.readFileSync("/s/b", "utf8"), "ab");
});

test("simulatedFs works on the machine that is in place, and nowhere else", async () => {
  const fs = simulatedFs<Fs>();
  const error = caught(() => fs.writeFileSync("/nowhere", "x")) as Error;
  assertStringIncludes(error.message, "no machine");
  const [one, two] = [memoryRuntime(), memoryRuntime()];
  await Promise.all([
    withRuntime(one, async () => {
      await fs.promises.writeFile("/a", "one");
      await fs.promises.appendFile("/a", " more");
    }),
    withRuntime(two, () => fs.promises.writeFile("/a", "two")),
  ]);
  assertEquals([one.files(), two.files()], [{ "/a": "one more" }, { "/a": "two" }]);
  assertStringIncludes((caught(() => fs.writeFileSync("/nowhere", "x")) as Error).message, "no machine");
});

test("what simulatedFs does not have refuses by its name", () => {
  const { fs } = scene();
  for (const name of ["watch", "statfsSync", "cpSync", "opendirSync"] as const) {
    assertThrows(() => (fs[name] as () => void)(), Error, `fs.${name} is not simulated`);
  }
  assertEquals(fs.constants.O_CREAT, realFs.constants.O_CREAT);
  const missing = Object.keys(realFs).filter((name) => !(name in fs));
  assertEquals(missing, []);
});

/** A save as most programs do it, and with the two syncs that it lacks. */
async function save(fs: Fs, syncs: boolean): Promise<void> {
  const { open, rename } = fs.promises;
  const file = await open("/app/state.tmp", "w");
  await file.writeFile("new");
  if (syncs) await file.sync();
  await file.close();
  await rename("/app/state.tmp", "/app/state");
  if (!syncs) return;
  const directory = await open("/app", "r");
  await directory.sync();
  await directory.close();
}

for (const syncs of [false, true]) {
  test(`an exploration of code that is written against node:fs, ${syncs ? "with" : "without"} syncs`, async () => {
    const fs = simulatedFs<Fs>();
    const report = await exploreCrashes({
      machine: { files: { "/app/state": "old" }, delay: "every" },
      run: async (_runtime, acknowledge) => {
        await save(fs, syncs);
        acknowledge("saved");
      },
      check: (_runtime, acknowledged) => {
        const text = fs.readFileSync("/app/state", "utf8");
        assert(text === "new" || (text === "old" && acknowledged.length === 0), `found ${text}`);
      },
    });
    assertEquals([report.violations.length > 0, report.exhaustive || !syncs], [!syncs, true]);
  });
}

test("a sweep over faults of code that is written against node:fs leaves nothing open", async () => {
  const fs = simulatedFs<Fs>();
  const report = await sweepFaults({
    make: () => memoryRuntime({ files: { "/app/state": "old" } }),
    operation: () => fs.promises.writeFile("/app/state", "new", { flush: true }),
    check: ({ machine, result }) => {
      assertEquals(machine.openHandles, []);
      if (!("error" in result)) assertEquals(machine.readText("/app/state"), "new");
    },
    // A short write is continued.
    errors: ["EIO", "ENOSPC"],
  });
  assert(report.runs > 10);
});

test("what derives streams from those of the simulated fs finds those of the real one", async () => {
  const fs = simulatedFs<Fs>();
  for (const name of ["ReadStream", "WriteStream", "Dir", "FileReadStream", "FileWriteStream"] as const) {
    const [own, other] = [Reflect.get(fs, name), Reflect.get(realFs, name)];
    assertEquals(typeof own, typeof other, name);
    if (typeof other === "function") assert(own.prototype === other.prototype, name);
  }
  const own = memoryRuntime({ files: { "/a": "old" } });
  // As graceful-fs does it.
  function Derived(this: object, path: string) {
    return Reflect.apply(fs.ReadStream as unknown as () => unknown, this, [path]);
  }
  Derived.prototype = Object.create(fs.ReadStream.prototype);
  const read = async (opened: unknown) => {
    let text = "";
    for await (const chunk of opened as AsyncIterable<Uint8Array>) text += new TextDecoder().decode(chunk);
    return text;
  };
  await withRuntime(own, async () => {
    assertEquals(await read(Reflect.construct(Derived, ["/a"])), "old");
    assertEquals(await read(Reflect.construct(fs.ReadStream, ["/a"])), "old");
    assertEquals(await read(Reflect.apply(fs.ReadStream as unknown as () => unknown, undefined, ["/a"])), "old");
    const written = new fs.WriteStream("/b" as never) as unknown as ReturnType<typeof fs.createWriteStream>;
    await new Promise<void>((resolve, reject) => void written.on("error", reject).on("close", resolve).end("new"));
  });
  assertEquals(own.files(), { "/a": "old", "/b": "new" });
});
