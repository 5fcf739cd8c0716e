/**
 * Every promise of write-file-atomic's README, held by `./compat`; then what write-file-atomic itself does wrong.
 * The promises are quoted from the README of version 7.0.1.
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { WriteError } from "../mod.ts";
import writeFileAtomic, { sync, type WriteFileAtomicOptions } from "../src/compat/mod.ts";
import * as compat from "../src/compat/mod.ts";
import { faultRuntime, memoryRuntime, traceRuntime } from "../src/testing/mod.ts";
import { isRoot, modeOf, namesIn, textOf } from "./support/files.ts";
import { spawnScript } from "./support/spawn.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";
import { notEmpty } from "./support/tally.ts";

type Data = Parameters<typeof writeFileAtomic>[1];
type Write = (path: string, data: Data, options?: WriteFileAtomicOptions | string | null) => void | Promise<void>;

/** Every promise but those about waiting holds for all three ways of calling. */
const ways: Record<string, Write> = {
  "with a promise": (path, data, options) => writeFileAtomic(path, data, options),
  "with a callback": (path, data, options) =>
    new Promise<void>((resolve, reject) => {
      writeFileAtomic(path, data, options, (error) => error === undefined ? resolve() : reject(error));
    }),
  sync: (path, data, options) => writeFileAtomic.sync(path, data, options),
};

function onEveryWay(promise: string, check: (write: Write, directory: string) => void | Promise<void>): void {
  for (const [name, write] of Object.entries(ways)) {
    test(`${promise} (${name})`, () => withTemporaryDirectory((directory) => check(write, directory)));
  }
}

async function failureOf(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

onEveryWay('"replacing the file if it already exists"', async (write, directory) => {
  const path = join(directory, "message.txt");
  await write(path, "Hello");
  assertEquals(textOf(path), "Hello");
  await write(path, "Hello Node");
  assertEquals([namesIn(directory), textOf(path)], [["message.txt"], "Hello Node"]);
});

onEveryWay('"data can be a string or a buffer"', async (write, directory) => {
  const path = join(directory, "data");
  await write(path, Buffer.from([0, 255, 10]));
  assertEquals([...fs.readFileSync(path)], [0, 255, 10]);
});

onEveryWay('"chown: default, uid & gid of existing file, if any"', async (write, directory) => {
  const path = join(directory, "owned");
  fs.writeFileSync(path, "old");
  if (isRoot) fs.chownSync(path, 1234, 2345);
  const before = fs.statSync(path);
  await write(path, "new");
  const { uid, gid } = fs.statSync(path);
  assertEquals([uid, gid], [before.uid, before.gid]);
});

onEveryWay('"if passed the chown option it will change the ownership of the file"', async (write, directory) => {
  const path = join(directory, "owned");
  const chown = isRoot ? { uid: 100, gid: 50 } : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  await write(path, "new", { chown });
  const { uid, gid } = fs.statSync(path);
  if (process.getuid !== undefined) assertEquals({ uid, gid }, chown);
});

onEveryWay(
  '"the chown option requires both uid and gid properties or else you\'ll get an error"',
  async (write, path) => {
    for (const chown of [{ uid: 1 }, { gid: 1 }, {}, true]) {
      const error = await failureOf(() =>
        write(join(path, "file"), "x", { chown } as unknown as WriteFileAtomicOptions)
      );
      assertInstanceOf(error, TypeError);
    }
    assertEquals(namesIn(path), []);
  },
);

onEveryWay(
  '"pass false, in which case the file will be created with the current user\'s credentials"',
  async (write, at) => {
    const path = join(at, "owned");
    fs.writeFileSync(path, "old");
    if (isRoot) fs.chownSync(path, 1234, 2345);
    await write(path, "new", { chown: false });
    if (process.geteuid !== undefined) assertEquals(fs.statSync(path).uid, process.geteuid());
  },
);

onEveryWay(
  '"If mode is not specified, it will default to using the permissions from an existing file"',
  async (write, at) => {
    const path = join(at, "secret");
    fs.writeFileSync(path, "old");
    fs.chmodSync(path, 0o640);
    await write(path, "new");
    assertEquals(modeOf(path), 0o640);
  },
);

onEveryWay(
  '"mode Number", exact whatever the umask, also with the kind of file that stat answers',
  async (write, at) => {
    for (const mode of [0o666, 0o600, 0o100640, 0o400]) {
      const path = join(at, `mode_${mode}`);
      await write(path, "x", { mode });
      assertEquals(modeOf(path), mode & 0o7777);
    }
  },
);

onEveryWay("a mode in a string is octal, as fs reads it", async (write, at) => {
  for (const [mode, bits] of [["0600", 0o600], ["600", 0o600], ["0100640", 0o640]] as const) {
    const path = join(at, mode);
    await write(path, "x", { mode });
    assertEquals(modeOf(path), bits);
  }
});

onEveryWay("a mode that the file system refuses to set is passed over: vfat, SMB, FUSE", async (write) => {
  for (const code of ["EPERM", "EINVAL", "ENOSYS", "EIO"] as const) {
    const machine = memoryRuntime({ files: { "/a": { content: "old", mode: 0o644 } }, umask: 0o077 });
    const { runtime } = faultRuntime(machine, { at: ({ method }) => method === "setMode", error: code });
    const write666 = () => write("/a", "new", { mode: 0o666, runtime });
    // A disk that fails is no refusal.
    if (code === "EIO") assertEquals(((await failureOf(write666)) as WriteError).code, code);
    else await write666();
    assertEquals(machine.files(), { "/a": code === "EIO" ? "old" : "new" });
  }
});

onEveryWay('"setting this to false … a file created with the system default permissions"', async (write, at) => {
  const path = join(at, "secret");
  const other = join(at, "other");
  fs.writeFileSync(path, "old");
  fs.writeFileSync(other, "made by the system");
  fs.chmodSync(path, 0o600);
  await write(path, "new", { mode: false });
  assertEquals(modeOf(path), modeOf(other));
});

onEveryWay('"mode: false" and an owner that is kept', async (write, at) => {
  const path = join(at, "file");
  const other = join(at, "other");
  fs.writeFileSync(other, "made by the system");
  fs.writeFileSync(path, "old", { mode: 0o600 });
  if (isRoot) fs.chownSync(path, 1234, 2345);
  const { uid } = fs.statSync(path);
  await write(path, "new", { mode: false });
  assertEquals([modeOf(path), fs.statSync(path).uid], [modeOf(other), uid]);
});

const encodings: [string, string][] = [
  ["utf8", "grüße €"],
  ["latin1", "grüße"],
  ["ascii", "abc"],
  ["base64", "Z3LDvMOfZQ=="],
  ["base64url", "Z3LDvMOfZQ"],
  ["hex", "00ff10"],
  ["utf16le", "grüße €"],
  ["ucs2", "ab"],
];

onEveryWay('"If options is a String, it\'s assumed to be the encoding option"', async (write, directory) => {
  for (const [encoding, text] of encodings) {
    const expected = [...Buffer.from(text, encoding as "utf8")];
    const [first, second] = [join(directory, encoding), join(directory, `${encoding}_option`)];
    await write(first, text, encoding);
    await write(second, text, { encoding });
    assertEquals([[...fs.readFileSync(first)], [...fs.readFileSync(second)]], [expected, expected], encoding);
  }
});

onEveryWay(
  "\"The encoding option is ignored if data is a buffer. It defaults to 'utf8'\"",
  async (write, directory) => {
    const path = join(directory, "file");
    await write(path, Buffer.from("abcd"), { encoding: "hex" });
    assertEquals(textOf(path), "abcd");
    for (const encoding of [null, undefined]) {
      await write(path, "grüße", encoding === undefined ? {} : { encoding });
      assertEquals(textOf(path), "grüße");
    }
  },
);

onEveryWay('"If the fsync option is false, writeFile will skip the final fsync call"', async (write) => {
  const options = (fsync?: boolean | null) => {
    const { runtime, trace } = traceRuntime(memoryRuntime({ files: { "/a": "old" } }));
    return { options: fsync === undefined ? { runtime } : { runtime, fsync }, trace };
  };
  for (const fsync of [undefined, null, true, false]) {
    const { options: given, trace } = options(fsync);
    await write("/a", "new", given);
    assertEquals(trace.some((line) => line === "sync"), fsync !== false, String(fsync));
  }
});

onEveryWay('"tmpfileCreated … will be called with the name of the tmpfile when created"', async (write, directory) => {
  const path = join(directory, "file");
  const seen: string[] = [];
  const look = (name: string) => {
    seen.push(name);
    assert(fs.existsSync(name));
    assertEquals(dirname(name), directory);
    assert(!fs.existsSync(path));
  };
  await write(path, "new", { tmpfileCreated: look });
  assertEquals([seen.length, textOf(path), namesIn(directory)], [1, "new", ["file"]]);
});

onEveryWay('"encounters errors … unlink the temporary file and then pass the error back"', async (write, directory) => {
  const path = join(directory, "file");
  fs.writeFileSync(path, "old");
  const refusal = new Error("not now");
  const refuse = () => {
    throw refusal;
  };
  assert(await failureOf(() => write(path, "new", { tmpfileCreated: refuse })) === refusal);
  const missing = await failureOf(() => write(join(directory, "none", "file"), "x"));
  assertEquals((missing as { code?: string }).code, "ENOENT");
  assertEquals([namesIn(directory), textOf(path)], [["file"], "old"]);
});

onEveryWay(
  "an error at any step: the temporary file is gone, the file as it was, the error passed back",
  async (write) => {
    for (const error of ["ENOSPC", "EIO"] as const) {
      for (const at of ["create", "write", "sync", "rename"]) {
        const machine = memoryRuntime({ files: { "/a": "old" } });
        const runtime = faultRuntime(machine, { at: ({ method }) => method === at, error }).runtime;
        const thrown = await failureOf(() => write("/a", "new", { runtime }));
        assertInstanceOf(thrown, WriteError, at);
        assertEquals([thrown.code, thrown.targetState], [error, "unchanged"]);
        assertEquals(machine.files(), { "/a": "old" });
      }
    }
  },
);

test('"multiple writes concurrently issued to the same file are serialized in the order they were called"', () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "file");
    const events: string[] = [];
    const numbers = Array.from({ length: 8 }, (_, index) => index);
    await Promise.all(numbers.map(async (number) => {
      const tmpfileCreated = () => {
        events.push(`begin ${number} after ${fs.existsSync(path) ? textOf(path) : "nothing"}`);
      };
      await writeFileAtomic(path, String(number), { tmpfileCreated });
      events.push(`end ${number}`);
    }));
    const begun = numbers.map((number) => `begin ${number} after ${number === 0 ? "nothing" : number - 1}`);
    assertEquals(events.filter((event) => event.startsWith("begin")), begun);
    assertEquals(events.filter((event) => event.startsWith("end")), numbers.map((number) => `end ${number}`));
    assertEquals(textOf(path), "7");
  }));

test("a failing write does not hold up the next one to the same file", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "file");
    const fail = () => {
      throw new Error("first");
    };
    const first = assertRejects(() => writeFileAtomic(path, "1", { tmpfileCreated: fail }), Error, "first");
    await Promise.all([first, writeFileAtomic(path, "2")]);
    assertEquals(textOf(path), "2");
  }));

test('"Writes to different files are still executed in parallel"', () =>
  withTemporaryDirectory(async (directory) => {
    let goOn = () => {};
    const waiting = new Promise<void>((resolve) => goOn = resolve);
    const slow = writeFileAtomic(join(directory, "slow"), "1", { tmpfileCreated: () => waiting });
    await writeFileAtomic(join(directory, "quick"), "2");
    assert(!fs.existsSync(join(directory, "slow")));
    goOn();
    await slow;
    assertEquals(namesIn(directory), ["quick", "slow"]);
  }));

test('"writeFileAtomic(filename, data, callback)": without options, called once, without an error', () =>
  withTemporaryDirectory(async (directory) => {
    const calls: unknown[][] = [];
    await writeFileAtomic(join(directory, "file"), "x", (...values: unknown[]) => void calls.push(values));
    assertEquals(calls, [[]]);
    await writeFileAtomic(join(directory, "none", "file"), "x", (...values: unknown[]) => void calls.push(values));
    assertEquals(calls.length, 2);
    assertInstanceOf(calls[1]?.[0], WriteError);
  }));

test("\"require('write-file-atomic').sync\" and the function itself are what the module offers", () => {
  assert(writeFileAtomic.sync === sync);
  assert(compat.default === compat.writeFileAtomic);
  assert(Reflect.get(compat, "module.exports") === compat.default);
});

// What write-file-atomic 7.0.1 does wrong.

onEveryWay(
  "options are not changed, so that a secret's mode cannot pass to the next file",
  async (write, directory) => {
    const [open, secret] = [join(directory, "open"), join(directory, "secret")];
    fs.writeFileSync(open, "old", { mode: 0o644 });
    fs.writeFileSync(secret, "old", { mode: 0o600 });
    const options = {};
    await write(open, "new", options);
    await write(secret, "new", options);
    assertEquals([options, modeOf(secret)], [{}, 0o600]);
    await write(secret, "newer", Object.freeze({ mode: null, chown: null }));
    assertEquals(modeOf(secret), 0o600);
  },
);

onEveryWay("every view is written whole, byte for byte", async (write, directory) => {
  const path = join(directory, "file");
  const buffer = new Uint8Array([9, 1, 2, 3, 4, 5, 6, 7, 8, 9]).buffer;
  for (const view of [new Uint16Array(buffer, 2, 3), new DataView(buffer, 1, 5), new Float64Array(buffer, 0, 1)]) {
    await write(path, view);
    assertEquals([...fs.readFileSync(path)], [...new Uint8Array(buffer, view.byteOffset, view.byteLength)]);
  }
});

onEveryWay("a short write is continued, a full disk is an error", async (write) => {
  const machine = memoryRuntime({ files: { "/a": "old" } });
  const { runtime } = faultRuntime(machine, { at: ({ method }) => method === "write", error: "ENOSPC", short: 3 });
  assertInstanceOf(await failureOf(() => write("/a", "new content", { runtime })), WriteError);
  assertEquals(machine.readText("/a"), "old");
});

onEveryWay("a dangling symlink is written through, not replaced", async (write, directory) => {
  const [link, target] = [join(directory, "link"), join(directory, "target")];
  fs.symlinkSync("target", link);
  await write(link, "new");
  assertEquals([fs.readlinkSync(link), textOf(target)], ["target", "new"]);
});

onEveryWay("what is no content is refused, and nothing is an empty file", async (write, directory) => {
  const path = join(directory, "file");
  for (const value of [{ a: 1 }, new Map([[1, 2]]), Symbol("x"), () => {}]) {
    assertInstanceOf(await failureOf(() => write(path, value as unknown as string)), TypeError);
  }
  assertEquals(namesIn(directory), []);
  for (const [value, text] of [[42, "42"], [true, "true"], [undefined, ""], [null, ""]] as const) {
    await write(path, value);
    assertEquals(textOf(path), text);
  }
});

test("a Blob is written with its content", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "file");
    await writeFileAtomic(path, new Blob(["what ", "it holds"]));
    assertEquals(textOf(path), "what it holds");
    assertThrows(() => writeFileAtomic.sync(path, new Blob(["x"])), TypeError);
  }));

onEveryWay(
  "an option that is misspelt, or of the wrong type, is refused before anything is touched",
  async (write, at) => {
    const path = join(at, "file");
    const wrong = [
      { mdoe: 0o600 },
      { mode: "rw" },
      { mode: "" },
      { mode: "0o600" },
      { mode: -1 },
      { encoding: "utf9" },
      { fsync: 1 },
      {
        tmpfileCreated: "x",
      },
    ];
    for (const options of [...wrong, "no encoding", 5]) {
      const error = await failureOf(() => write(path, "x", options as unknown as WriteFileAtomicOptions));
      assert(error instanceof TypeError || error instanceof RangeError, String(error));
    }
    assertEquals(namesIn(at), []);
  },
);

onEveryWay("temporary files have random names of their own and are made exclusively", async (write, directory) => {
  const names: string[] = [];
  const tmpfileCreated = (name: string) => void names.push(name);
  for (let count = 0; count < 3; count++) await write(join(directory, "file"), "x", { tmpfileCreated });
  assertEquals(new Set(names).size, 3);
  for (const name of notEmpty(names)) assertMatch(name, /\.file\.[^/]+\.tmp$/);
});

onEveryWay("the directory is synced", async (write) => {
  const { runtime, trace } = traceRuntime(memoryRuntime());
  await write("/a", "new", { runtime });
  assertEquals(trace.filter((line) => line === "sync /").length, 1, trace.join("\n"));
});

onEveryWay("an owner that cannot be set is an error, and never silent", async (write, directory) => {
  const path = join(directory, "file");
  const machine = memoryRuntime();
  const { runtime } = faultRuntime(machine, { at: ({ method }) => method === "setOwner", error: "EPERM" });
  const error = await failureOf(() => write("/a", "x", { chown: { uid: 5, gid: 5 }, runtime }));
  assertEquals((error as WriteError).code, "EPERM");
  assertEquals(namesIn(directory), [], path);
});

test("what a callback throws ends the process, and it is not called again", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "file");
    const { code, stdout, stderr } = await spawnScript("tests/support/scripts/throwing_callback.ts", [path]).status;
    assertEquals([stdout, textOf(path)], ["called with undefined\n", "saved"]);
    assert(code !== 0);
    assertStringIncludes(stderr, "thrown by the callback");
  }));

test("a callback that is no function is refused before anything is written", async () => {
  const { runtime, trace } = traceRuntime(memoryRuntime());
  const notOne = 5 as unknown as () => void;
  await assertRejects(() => writeFileAtomic("/file", "new", { runtime }, notOne), TypeError, "callback");
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(trace, []);
});
