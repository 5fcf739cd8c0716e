/**
 * macOS as its documentation and its kernel's source describe it, called by each of the three binders: which calls are
 * made, with which bytes, and what becomes of what they answer. No Mac has run any of it.
 */
import { test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { macAccessList } from "../../src/core/access_list.ts";
import { run, runSync } from "../../src/core/operation.ts";
import { type CLibrary, loadCLibrary } from "../../src/runtime/foreign/c_library.ts";
import { ForeignError } from "../../src/runtime/foreign/foreign_error.ts";
import type { Binder, ForeignValue } from "../../src/runtime/foreign/table.ts";
import { macSync } from "../../src/runtime/mac_sync.ts";
import { type Answer, binders, bytes, FakeLibrary, text } from "../support/fake_library.ts";
import { notEmpty } from "../support/tally.ts";

const tooSmall = 34;
const noAttribute = 93;
const notSupported = 45;
const notForThisDevice = 25;

function onMac(bind: (library: FakeLibrary) => Binder, library: FakeLibrary): CLibrary {
  const found = loadCLibrary(bind(library), "darwin", "arm64");
  if (found === undefined) throw new Error("The fake library was not loaded");
  return found;
}

const hexadecimal = (value: ForeignValue | undefined): string =>
  value instanceof Uint8Array
    ? Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")
    : String(value);

/** Puts bytes where a call wants them; without a buffer: how many there are. */
function put(buffer: ForeignValue | undefined, content: Uint8Array): Answer {
  if (!(buffer instanceof Uint8Array)) return content.length;
  if (buffer.length < content.length) return { errno: tooSmall };
  buffer.set(content);
  return content.length;
}

/** As a resource fork answers: as much as fits, without a word. */
function putWhatFits(buffer: ForeignValue | undefined, content: Uint8Array): Answer {
  return buffer instanceof Uint8Array ? put(buffer, content.subarray(0, buffer.length)) : content.length;
}

/** A `struct kauth_filesec` with so many entries; the kernel's "none" for undefined. */
function filesec(entries: number | undefined): Uint8Array {
  const list = new Uint8Array(44 + (entries ?? 0) * 24).fill(7);
  const view = new DataView(list.buffer);
  view.setUint32(0, 0x012cc16d, true);
  view.setUint32(36, entries ?? 0xffff_ffff, true);
  return list;
}

/** Answers fgetattrlist(2): its length, a reference, and what that refers to. */
function answerWith(buffer: ForeignValue | undefined, list: Uint8Array): Answer {
  if (!(buffer instanceof Uint8Array)) return { errno: 22 };
  const view = new DataView(buffer.buffer);
  view.setUint32(0, 12 + list.length, true);
  view.setInt32(4, 8, true);
  view.setUint32(8, list.length, true);
  buffer.set(list, 12);
  return 0;
}

/** `struct attrlist`: five sets, of which the first asks for this. */
const request = (common: string): string => `05000000${common}${"00000000".repeat(4)}`;

for (const [name, bind] of notEmpty(binders)) {
  test(`${name} on macOS: attributes are read with position and options 0, whole, and without those that have gone`, () => {
    const fork = "x".repeat(70_000);
    let grows = 0;
    const library = new FakeLibrary({
      flistxattr: (_file, buffer) => {
        return put(buffer, bytes("com.apple.ResourceFork\0user.gone\0user.grown\0user.empty\0"));
      },
      fgetxattr: (_file, key, buffer) => {
        const shown = text(key);
        if (shown === "user.gone\0") return { errno: noAttribute };
        if (shown === "user.empty\0") return 0;
        if (shown === "com.apple.ResourceFork\0") return putWhatFits(buffer, bytes(fork));
        return put(buffer, bytes("g".repeat(Math.min(++grows, 3))));
      },
    });
    const found = onMac(bind, library);
    assertEquals(found.hasAttributes, true);
    const shown = [...found.attributes(9)].map(([key, value]) => [key, text(value)]);
    assertEquals(shown, [["com.apple.ResourceFork", fork], ["user.grown", "ggg"], ["user.empty", ""]]);
    assertEquals(library.calls, [
      "fgetattrlist(9, <24>, <3128>, 3128, 0)",
      "flistxattr(9, null, 0, 0)",
      "flistxattr(9, <55>, 55, 0)",
      "fgetxattr(9, <23>, null, 0, 0, 0)",
      "fgetxattr(9, <23>, <70000>, 70000, 0, 0)",
      "fgetxattr(9, <10>, null, 0, 0, 0)",
      "fgetxattr(9, <11>, null, 0, 0, 0)",
      "fgetxattr(9, <11>, <1>, 1, 0, 0)",
      "fgetxattr(9, <11>, null, 0, 0, 0)",
      "fgetxattr(9, <11>, <3>, 3, 0, 0)",
      "fgetxattr(9, <11>, null, 0, 0, 0)",
    ]);
  });

  test(`${name} on macOS: an attribute that grows whenever it is read fails in the end`, () => {
    let size = 0;
    const library = new FakeLibrary({
      flistxattr: (_file, buffer) => put(buffer, bytes("user.a\0")),
      fgetxattr: (_file, _key, buffer) => buffer === null ? ++size : { errno: tooSmall },
    });
    assertEquals(assertThrows(() => onMac(bind, library).attributes(9), ForeignError).code, "ERANGE");
    assertEquals(size, 8);
  });

  test(`${name} on macOS: attributes are set, emptied and removed`, () => {
    const library = new FakeLibrary({
      fsetxattr: (_file, _key, _value, size) => Number(size) === 3 ? { errno: 28 } : 0,
    });
    const found = onMac(bind, library);
    found.setAttribute(9, "user.a", bytes("v"));
    found.setAttribute(9, "user.a", bytes(""));
    found.setAttribute(9, "user.a", undefined);
    assertEquals(library.calls, [
      "fsetxattr(9, <7>, <2>, 1, 0, 0)",
      "fsetxattr(9, <7>, <1>, 0, 0, 0)",
      "fremovexattr(9, <7>, 0)",
    ]);
    assertEquals(assertThrows(() => found.setAttribute(9, "user.a", bytes("abc")), ForeignError).code, "ENOSPC");
  });

  test(`${name} on macOS: a list is asked for and set as the kernel keeps it, and removed by its own "none"`, () => {
    const seen: string[] = [];
    const given = filesec(2);
    const library = new FakeLibrary({
      fgetattrlist: (_file, wanted, buffer) => {
        seen.push(hexadecimal(wanted));
        return answerWith(buffer, given);
      },
      fsetattrlist: (_file, wanted, buffer, size) => {
        seen.push(`${hexadecimal(wanted)} ${hexadecimal(buffer)} ${size}`);
        return 0;
      },
    });
    const found = onMac(bind, library);
    const attributes = found.attributes(9);
    assertEquals([...attributes].map(([key, value]) => [key, hexadecimal(value)]), [[
      macAccessList,
      hexadecimal(given),
    ]]);
    found.setAttribute(9, macAccessList, attributes.get(macAccessList));
    found.setAttribute(9, macAccessList, undefined);
    const none = `6dc12c01${"00".repeat(32)}ffffffff00000000`;
    assertEquals(seen, [
      request("00004000"),
      `${request("00004000")} 080000005c000000${hexadecimal(given)} 100`,
      `${request("00004000")} 080000002c000000${none} 52`,
    ]);
  });

  test(`${name} on macOS: no list, an empty answer and a file system without lists are none; a refusal is an error`, () => {
    const answers: readonly (readonly [what: string, answer: (buffer: ForeignValue | undefined) => Answer])[] = [
      ["none", (buffer) => answerWith(buffer, filesec(undefined))],
      ["empty", (buffer) => answerWith(buffer, new Uint8Array())],
      ["not supported", () => ({ errno: notSupported })],
    ];
    for (const [what, answer] of answers) {
      const library = new FakeLibrary({ fgetattrlist: (_file, _wanted, buffer) => answer(buffer) });
      assertEquals([...onMac(bind, library).attributes(9)], [], what);
    }
    // A list without entries is one: it admits nobody.
    const library = new FakeLibrary({ fgetattrlist: (_file, _wanted, buffer) => answerWith(buffer, filesec(0)) });
    assertEquals([...onMac(bind, library).attributes(9).keys()], [macAccessList]);
    const refusing = new FakeLibrary({ fgetattrlist: () => ({ errno: 13 }) });
    assertEquals(assertThrows(() => onMac(bind, refusing).attributes(9), ForeignError).code, "EACCES");
  });

  test(`${name} on macOS: times are exact both ways, before 1970 too`, () => {
    const times = { modified: -1n, accessed: 1_714_903_200_123_456_789n };
    const passed: bigint[] = [];
    const library = new FakeLibrary({
      fgetattrlist: (_file, wanted, buffer) => {
        assertEquals(hexadecimal(wanted), request("00140000"));
        if (!(buffer instanceof Uint8Array)) return { errno: 22 };
        const view = new DataView(buffer.buffer);
        view.setUint32(0, 36, true);
        [-1n, 999_999_999n, 1_714_903_200n, 123_456_789n].forEach((value, index) => {
          view.setBigInt64(4 + index * 8, value, true);
        });
        return 0;
      },
      futimens: (_file, given) => {
        if (given instanceof Uint8Array) passed.push(...new BigInt64Array(given.slice().buffer));
        return 0;
      },
    });
    const found = onMac(bind, library);
    assertEquals(found.times(9), times);
    found.setTimes(9, times);
    assertEquals(passed, [1_714_903_200n, 123_456_789n, -1n, 999_999_999n]);
    assertEquals(library.calls, ["fgetattrlist(9, <24>, <36>, 36, 0)", "futimens(9, <32>)"]);
  });

  test(`${name} on macOS: flock is busy for macOS's EAGAIN, and close tells its error`, () => {
    let answer: Answer = 0;
    const library = new FakeLibrary({ flock: () => answer, close: () => ({ errno: 69 }) });
    const found = onMac(bind, library);
    assertEquals([found.tryLock(7, false), found.tryLock(7, true)], [true, true]);
    found.unlock(7);
    assertEquals(library.calls, ["flock(7, 6)", "flock(7, 5)", "flock(7, 8)"]);
    answer = { errno: 35 };
    assertEquals(found.tryLock(7, false), false);
    answer = { errno: 77 };
    assertEquals(assertThrows(() => found.tryLock(7, false), ForeignError).code, "ENOLCK");
    assertEquals(assertThrows(() => found.close(7), ForeignError).code, "EDQUOT");
  });
}

/** What the three syncs answer: their numbers are 51, 85 and, of fsync(2), none. */
interface Syncs {
  readonly full?: number;
  readonly barrier?: number;
  readonly plain?: number;
}

const answering = ({ full, barrier, plain }: Syncs): FakeLibrary => {
  const answer = (errno: number | undefined): Answer => errno === undefined ? 0 : { errno };
  return new FakeLibrary({
    fcntl: (_file, wanted) => answer(wanted === 51 ? full : barrier),
    fsync: () => answer(plain),
  });
};

interface SyncRow {
  readonly what: string;
  readonly level: "full" | "barrier";
  readonly syncs: Syncs;
  readonly calls: readonly string[];
  /** What is thrown. */
  readonly code?: string;
}

const syncRows: readonly SyncRow[] = [
  { what: "full is F_FULLFSYNC", level: "full", syncs: {}, calls: ["fcntl(5, 51)"] },
  { what: "barrier is F_BARRIERFSYNC", level: "barrier", syncs: {}, calls: ["fcntl(5, 85)"] },
  {
    what: "a barrier that the file system lacks is a full sync",
    level: "barrier",
    syncs: { barrier: notSupported },
    calls: ["fcntl(5, 85)", "fcntl(5, 51)"],
  },
  {
    what: "a full sync that it lacks is a plain one, and said",
    level: "full",
    syncs: { full: notForThisDevice },
    calls: ["fcntl(5, 51)", "fsync(5)"],
    code: "ENOTTY",
  },
  {
    what: "where it lacks both, the plain one is left, and said",
    level: "barrier",
    syncs: { full: notSupported, barrier: notSupported },
    calls: ["fcntl(5, 85)", "fcntl(5, 51)", "fsync(5)"],
    code: "ENOTSUP",
  },
  {
    what: "a failure of the plain one is what counts",
    level: "full",
    syncs: { full: notSupported, plain: 5 },
    calls: ["fcntl(5, 51)", "fsync(5)"],
    code: "EIO",
  },
  {
    what: "a full sync that fails is not made again",
    level: "full",
    syncs: { full: 5 },
    calls: ["fcntl(5, 51)"],
    code: "EIO",
  },
  {
    what: "a barrier that fails is not made again",
    level: "barrier",
    syncs: { barrier: 28 },
    calls: ["fcntl(5, 85)"],
    code: "ENOSPC",
  },
];

for (const [name, bind] of notEmpty(binders)) {
  for (const { what, level, syncs, calls, code } of syncRows) {
    test(`${name} on macOS: ${what}`, () => {
      const library = answering(syncs);
      const found = onMac(bind, library);
      const sync = () => runSync(() => macSync((reach) => found.sync(5, reach), level));
      if (code === undefined) sync();
      else assertEquals(assertThrows(sync, ForeignError).code, code);
      assertEquals(library.calls, calls);
    });
  }
}

for (const [name, bind] of notEmpty(binders.filter(([name]) => name === "koffi"))) {
  for (const { what, level, syncs, calls, code } of syncRows) {
    test(`${name} on macOS, on another thread: ${what}`, async () => {
      const library = answering(syncs);
      const found = onMac(bind, library);
      const sync = () => run(() => macSync((reach) => found.syncLater(5, reach), level));
      if (code === undefined) await sync();
      else assertEquals((await assertRejects(sync, ForeignError)).code, code);
      assertEquals(library.calls, calls.map((call) => call.replace("(", " later(")));
    });
  }
}

test("Bun on macOS has no calls on another thread", () => {
  const [, bind] = binders.find(([name]) => name === "Bun") ?? [];
  if (bind === undefined) throw new Error("no Bun");
  assertEquals(onMac(bind, answering({})).syncLater(5, "full"), undefined);
});
