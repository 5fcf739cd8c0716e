/**
 * Root works in the directory of a neighbour, who acts between any two of its calls: he exchanges the directory for a
 * link to a directory of somebody else's, the file for a link, a FIFO, a directory or a hard link, and back. Nothing that
 * is not his own is changed, nothing of it becomes readable to him, no mode becomes wider.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { faultRuntime, type MemoryRuntime, memoryRuntime, type SyncFileSystem } from "../../src/testing/mod.ts";
import * as main from "../../mod.ts";
import * as logs from "../../src/log/mod.ts";
import { openLogSync } from "../../src/log/mod.ts";
import * as store from "../../src/store/mod.ts";
import { openObjectStoreSync, openReferencesSync } from "../../src/store/mod.ts";
import * as transaction from "../../src/transaction/mod.ts";
import * as versioned from "../../src/versioned/mod.ts";
import { inTurn } from "../support/effort.ts";
import { notEmpty, tally } from "../support/tally.ts";
import { digest, file, home, object, operations } from "./neighbour_operations.ts";

const neighbour = 7;
const secret = "SECRET";

/** Puts a link into the place of every directory in one of his. */
function redirect(as: SyncFileSystem, directory: string): void {
  for (const { name, kind } of as.readDirectory(directory) ?? []) {
    if (kind !== "directory") continue;
    // To another directory he could move only one that he may write to.
    as.rename(`${directory}/${name}`, `${directory}/${name}.away`);
    as.symbolicLink("/victim", `${directory}/${name}`);
  }
}

/** The same for every directory of his without subdirectories, at any depth: where objects and pages are. */
function redirectDeepest(as: SyncFileSystem, directory: string, to: string): boolean {
  let isDeepest = true;
  for (const { name, kind } of as.readDirectory(directory) ?? []) {
    if (kind !== "directory") continue;
    isDeepest = false;
    const path = `${directory}/${name}`;
    if (!redirectDeepest(as, path, to)) continue;
    as.rename(path, `${path}.away`);
    as.symbolicLink(to, path);
  }
  return isDeepest;
}

/** Has a second name for a file of the victim's take the place of one of his. */
function hardLink(as: SyncFileSystem, victim: string, path: string): void {
  as.remove(path);
  as.link(victim, path);
}

/** What he does, as himself; `machine` is for what has no call. */
const acts: Readonly<Record<string, (as: SyncFileSystem, machine: MemoryRuntime) => unknown>> = {
  "the user's directory becomes a link": (as) => {
    as.rename(home, "/home/n/away");
    as.symbolicLink("/victim", home);
  },
  "the user's file becomes a link": (as) => {
    as.remove(file);
    as.symbolicLink("/victim/file", file);
  },
  "the user's file becomes a link to nothing": (as) => {
    as.remove(file);
    as.symbolicLink("/victim/new", file);
  },
  "the user's file becomes a directory": (as) => {
    as.remove(file);
    as.makeDirectory(file, 0o777);
  },
  "the user's file becomes a FIFO": (as, machine) => {
    as.remove(file);
    machine.put(file, { kind: "other", user: neighbour, mode: 0o666 });
  },
  "the user's file becomes a second name of another": (as) => hardLink(as, "/open/file", file),
  "another name becomes a link": (as) => as.symbolicLink("/victim/file", `${home}/fresh`),
  "another name becomes a second name of another": (as) => as.link("/open/file", `${home}/fresh`),
  "a missing directory becomes a link": (as) => as.symbolicLink("/victim", `${home}/a`),
  "a link to a lock file": (as) => {
    as.remove(`${file}.lock`);
    as.symbolicLink("/victim/empty", `${file}.lock`);
  },
  "a second name of a lock file": (as) => hardLink(as, "/open/empty", `${file}.lock`),
  "a FIFO in place of a lock file": (as, machine) => {
    as.remove(`${file}.lock`);
    machine.put(`${file}.lock`, { kind: "other", user: neighbour, mode: 0o666 });
  },
  "another file becomes a link": (as) => {
    as.remove(`${home}/log`);
    as.symbolicLink("/victim/log", `${home}/log`);
  },
  "every directory in the user's becomes a link": (as) => redirect(as, home),
  "every directory in the user's store becomes a link": (as) => redirect(as, `${home}/store`),
  "every directory without subdirectories becomes a link": (as) => redirectDeepest(as, home, "/victim"),
  // Where no name of his is taken.
  "every directory without subdirectories becomes a link to an empty one": (as) =>
    redirectDeepest(as, home, "/victim/none"),
};

function newMachine(finds?: (machine: MemoryRuntime) => void): MemoryRuntime {
  const root = { user: 0, mode: 0o600 };
  const machine = memoryRuntime({
    user: 0,
    umask: 0o022,
    protectedLinks: false,
    files: {
      "/home": { kind: "directory", user: 0 },
      "/home/n": { kind: "directory", user: neighbour, group: neighbour },
      [home]: { kind: "directory", user: neighbour, group: neighbour },
      [file]: { content: "old", user: neighbour, group: neighbour, mode: 0o666 },
      [`${home}/store`]: { kind: "directory", user: neighbour, group: neighbour },
      "/source": "source",
      "/victim": { kind: "directory", user: 0, mode: 0o700 },
      "/victim/file": { content: secret, ...root },
      "/victim/other": { content: secret, ...root },
      "/victim/empty": { content: "", ...root },
      // What bears the names that are worked with in his.
      "/victim/file.lock": { content: "", ...root },
      "/victim/fresh.lock": { content: "", ...root },
      "/victim/main": { content: `${digest}\n`, ...root },
      "/victim/page": { content: secret, ...root },
      [`/victim/${digest.slice(2)}`]: { content: object, ...root },
      "/victim/none": { kind: "directory", user: 0, mode: 0o700 },
      "/victim/heads/main": { content: `${digest}\n`, ...root },
      // He may come here, and reads nothing.
      "/open": { kind: "directory", user: 0, mode: 0o711 },
      "/open/file": { content: secret, ...root },
      "/open/empty": { content: "", ...root },
    },
  });
  {
    using log = openLogSync("/victim/log", { runtime: machine });
    log.append(secret);
  }
  finds?.(machine);
  return machine;
}

/** Everything of the victim's, with owners, modes and times. */
const picture = (machine: MemoryRuntime): unknown =>
  ["/victim", "/open"].flatMap((directory) =>
    [directory, ...Object.keys(machine.files(directory))].map((path) => {
      const { user, group, mode, identity, modified } = machine.statusOf(path.replace(/\/$/, "")) ?? {};
      return [path, user, group, mode, identity, modified, machine.readText(path)];
    })
  );

/** What he may read, of what he is not to. */
function revealed(machine: MemoryRuntime): string[] {
  const his = machine.fork({ user: neighbour });
  return Object.entries(machine.files("/home")).filter(([path, text]) => {
    if (!text.includes(secret)) return false;
    const { user, mode = 0 } = his.statusOf(path) ?? {};
    return user === neighbour || (mode & 0o044) !== 0;
  }).map(([path]) => path);
}

/** Runs an operation while he acts before one of its calls; undefined: there is no such call. */
function besides(
  machine: MemoryRuntime,
  run: (runtime: Runtime) => unknown,
  act: (as: SyncFileSystem, machine: MemoryRuntime) => unknown,
  number: number,
) {
  const him = machine.fork({ user: neighbour, umask: 0 }).syncFileSystem;
  const before = picture(machine);
  let passed = 0;
  let acted: "done" | "failed" | undefined;
  const { runtime } = faultRuntime(machine, {
    at: () => {
      if (++passed === number) {
        try {
          act(him, machine);
          acted = "done";
        } catch {
          acted = "failed";
        }
      }
      return false;
    },
    error: "EIO",
  });
  let error: unknown;
  try {
    run(runtime);
  } catch (thrown) {
    error = thrown;
  }
  return acted && { machine, before, acted, error };
}

/** What changes nothing, or is made of the same calls as an operation that is there. */
const others: Readonly<Record<string, string>> = {
  acquireLockSync: "withLockSync",
  tryLockSync: "withLockSync",
  updateFileSync: "updateTextFileSync",
  updateJsonFileSync: "updateTextFileSync",
  writeJsonFileSync: "writeFileSync",
  updateVersionedJsonSync: "updateVersionedSync",
  updateVersionedTextSync: "updateVersionedSync",
  readFileSync: "reads",
  readJsonFileSync: "reads",
  readTextFileSync: "reads",
  readVersionedJsonSync: "reads",
  readVersionedTextSync: "reads",
  listBackupsSync: "reads",
  listGenerationsSync: "reads",
  openLogReaderSync: "reads",
  get: "reads",
  stream: "reads",
  has: "reads",
  size: "reads",
  list: "reads",
  read: "reads",
  readHead: "reads",
  nextSequence: "says what is known",
  tornTail: "says what is known",
  durability: "says what is known",
  directory: "says what is known",
  appendMany: "append",
};

/** The methods of what an object is. */
const methodsOf = (object: object): string[] =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter((name) => name !== "constructor");

it("every public function and method that changes something is among them", () => {
  const runtime = memoryRuntime({ files: { "/s/": { kind: "directory" } } });
  using log = openLogSync("/s/log", { runtime });
  const functions = [main, transaction, logs, store, versioned].flatMap((door) => Object.keys(door))
    .filter((name) => name.endsWith("Sync"));
  const objects = [openObjectStoreSync("/s", { runtime }), openReferencesSync("/s", { runtime }), log];
  const text = operations.map(({ run }) => String(run)).join("\n");
  const missing = [...functions, ...objects.flatMap(methodsOf)].filter((name) =>
    !text.includes(`${name}(`) && others[name] === undefined
  );
  assertEquals(missing, []);
  for (const name of Object.keys(others)) assert(!text.includes(`.${name}(`), `${name} is among them`);
});

describe("a neighbour acts between any two calls of", () => {
  for (const { name, run, finds } of notEmpty(inTurn(operations, 9))) {
    it(name, () => {
      assertEquals(besides(newMachine(finds), run, () => {}, Infinity), undefined);
      const happened = tally(`a neighbour acts during ${name}`, ["done", "failed"]);
      for (const [what, act] of notEmpty(Object.entries(acts))) {
        for (let number = 1;; number++) {
          const after = besides(newMachine(finds), run, act, number);
          if (after === undefined) break;
          const { machine, before, acted } = after;
          const when = `${what}, before call ${number}`;
          assertEquals(picture(machine), before, when);
          assertEquals(revealed(machine), [], when);
          assertEquals(machine.openHandles, [], when);
          happened.count(acted);
        }
      }
      happened.enough({ failed: 0 });
    });
  }
});
