/** A directory in which somebody else plants names and moves things: no file outside is touched, changed or read. */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import * as fs from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import {
  listBackups,
  openFileWriter,
  removeFile,
  restoreBackup,
  sweep,
  sweepSync,
  WriteError,
  writeFile,
  type WriteFileOptions,
} from "../mod.ts";
import { currentRuntime } from "../src/runtime/current.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import { interceptRuntime, type SeamCall } from "../src/testing/faults/intercept.ts";
import { type MemoryRuntime, memoryRuntime } from "../src/testing/mod.ts";
import { modeOf, namesIn, textOf } from "./support/files.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

/** A runtime whose chance is known to the attacker: the first `known` names he could have planted. */
function predictable(machine: MemoryRuntime, known: number): Runtime {
  let drawn = 0;
  const random = (length: number) => ++drawn <= known ? new Uint8Array(length).fill(drawn) : machine.random(length);
  return { ...machine, random, createHash: () => machine.createHash() };
}

/** The names that `predictable` will draw, by letting it draw them elsewhere. */
async function names(known: number): Promise<string[]> {
  const found: string[] = [];
  const machine = memoryRuntime();
  const watch = interceptRuntime(machine, (call, proceed) => {
    if (call.method === "create") found.push(call.path);
    return proceed();
  });
  const runtime = predictable(machine, known);
  for (let write = 0; write < known; write++) {
    await writeFile("/file", "x", { runtime: { ...runtime, fileSystem: watch.fileSystem } });
  }
  return found;
}

const plants: [string, Parameters<MemoryRuntime["put"]>[1]][] = [
  ["a symlink to a file outside", { symlink: "/outside/secret" }],
  ["a dangling symlink", { symlink: "/outside/new" }],
  ["a hard link to a file outside", { link: "/outside/secret" }],
  ["a file that everybody may read", { content: "", mode: 0o666 }],
  ["a directory", { kind: "directory" }],
  ["a FIFO", { kind: "other" }],
];

for (const [what, plant] of plants) {
  test(`writeFile neither follows nor opens ${what} planted at the name of its temporary file`, async () => {
    const planted = await names(3);
    for (const known of [1, 2, 3]) {
      const machine = memoryRuntime({ files: { "/outside/secret": "secret", "/file": "old" } });
      for (const path of planted.slice(0, known)) machine.put(path, plant);
      const before = machine.files("/outside");
      const write = writeFile("/file", "new", { runtime: predictable(machine, known), mode: 0o640, backup: 1 });
      if (known < 3) await write;
      else assertEquals((await assertRejects(() => write, WriteError)).code, "EEXIST");
      assertEquals(machine.readText("/file"), known < 3 ? "new" : "old");
      assertEquals([machine.files("/outside"), machine.statusOf("/outside/secret")?.mode], [before, 0o644]);
      assertEquals(planted.slice(0, known).filter((path) => machine.statusOf(path) === undefined), []);
    }
  });

  test(`a backup neither follows nor opens ${what} planted at its name`, async () => {
    for (const hardLinks of [true, false]) {
      if (!hardLinks && typeof plant === "object" && "link" in plant) continue;
      const machine = memoryRuntime({ disk: { hardLinks }, files: { "/outside/secret": "secret", "/file": "old" } });
      const [name = ""] = Object.keys((await probe(hardLinks)).files()).filter((path) => path.endsWith(".bak"));
      machine.put(name, plant);
      const result = await writeFile("/file", "new", { runtime: machine, backup: 2 }).catch((error) => error);
      // Only a directory cannot be replaced by a copy.
      if (result instanceof Error) assertEquals([hardLinks, Reflect.get(result, "targetState")], [false, "unchanged"]);
      else assertEquals(machine.readText(result.backup), "old");
      assertEquals(machine.files("/outside"), { "/outside/secret": "secret" });
    }
  });
}

/** A machine on which the same write has made its backup. */
async function probe(hardLinks: boolean): Promise<MemoryRuntime> {
  const machine = memoryRuntime({ disk: { hardLinks }, files: { "/outside/secret": "secret", "/file": "old" } });
  await writeFile("/file", "new", { runtime: machine, backup: 2 });
  return machine;
}

/** Does something when a call is made for the first time, on the real file system. */
function whenCalled(wanted: (call: SeamCall) => boolean, act: () => void): Runtime {
  let done = false;
  return interceptRuntime(currentRuntime(), (call, proceed) => {
    if (!done && wanted(call)) {
      done = true;
      act();
    }
    return proceed();
  });
}

const isTemporary = ({ path }: SeamCall): boolean => path.endsWith(".tmp");

for (
  const [moment, wanted] of [
    ["before its temporary file is made", ({ method }) => method === "create"],
    ["before its content is synced", (call) => call.method === "sync" && isTemporary(call)],
    ["before its temporary file is closed", (call) => call.method === "close" && isTemporary(call)],
  ] as [string, (call: SeamCall) => boolean][]
) {
  for (const [name, options] of [["", {}], [" with a backup", { backup: 1 }]] as [string, WriteFileOptions][]) {
    test(`writeFile${name} notices that its directory was swapped ${moment}, and changes no other one`, () =>
      withTemporaryDirectory(async (directory) => {
        const [home, moved, outside] = [join(directory, "home"), join(directory, "moved"), join(directory, "outside")];
        for (const folder of [home, outside]) fs.mkdirSync(folder);
        for (const folder of [home, outside]) {
          fs.writeFileSync(join(folder, "file"), `old of ${basename(folder)}`);
        }
        const runtime = whenCalled(wanted, () => {
          fs.renameSync(home, moved);
          fs.symlinkSync("outside", home);
        });
        const path = join(home, "file");
        const error = await assertRejects(
          () => writeFile(path, "new", { ...options, runtime, mode: 0o600 }),
          WriteError,
        );
        assertEquals([error.code, error.targetState], ["ESTALE", "unchanged"]);
        assertEquals([namesIn(outside), textOf(join(outside, "file"))], [["file"], "old of outside"]);
        assert(modeOf(join(outside, "file")) !== 0o600);
        assertEquals(textOf(join(moved, "file")), "old of home");
        // What stays in the directory that was moved away is named.
        const left = namesIn(moved).filter((name) => name !== "file");
        assertEquals(error.leftBehind.map((path) => basename(path)), left);
      }));
  }
}

for (const options of [{}, { backup: 1 }, { skipIfEqual: true }, { ifExists: "fail" }] as WriteFileOptions[]) {
  test(`writeFile ${JSON.stringify(options)} does not follow a link that takes the target's place after it was resolved`, () =>
    withTemporaryDirectory(async (directory) => {
      const [path, secret] = [join(directory, "file"), join(directory, "secret")];
      fs.writeFileSync(secret, "secret");
      if (options.ifExists !== "fail") fs.writeFileSync(path, "old");
      const runtime = whenCalled(({ method }) => method === "open" || method === "create", () => {
        fs.rmSync(path, { force: true });
        fs.symlinkSync("secret", path);
      });
      const result = await writeFile(path, "old", { ...options, runtime }).catch((error) => error);
      if (result instanceof Error) {
        assertInstanceOf(result, Error);
        assertEquals([Reflect.get(result, "targetState"), fs.readlinkSync(path)], ["unchanged", "secret"]);
      } else assertEquals([fs.lstatSync(path).isFile(), textOf(path)], [true, "old"]);
      assertEquals([textOf(secret), namesIn(directory).filter((name) => name.endsWith(".tmp"))], ["secret", []]);
    }));
}

test("removeFile and openFileWriter do not follow a link that takes the target's place either", () =>
  withTemporaryDirectory(async (directory) => {
    const [path, secret] = [join(directory, "file"), join(directory, "secret")];
    const swap = () => {
      fs.rmSync(path, { force: true });
      fs.symlinkSync("secret", path);
    };
    fs.writeFileSync(secret, "secret");
    fs.writeFileSync(path, "old");
    await removeFile(path, { runtime: whenCalled(({ method }) => method === "openDirectory", swap) });
    assertEquals([namesIn(directory), textOf(secret)], [["secret"], "secret"]);
    fs.writeFileSync(path, "old");
    const writer = await openFileWriter(path);
    await writer.write("new");
    swap();
    await writer.commit();
    assertEquals([textOf(path), textOf(secret), namesIn(directory)], ["new", "secret", ["file", "secret"]]);
  }));

test("sweep touches nothing but plain files of our names, in directories it was given", () =>
  withTemporaryDirectory(async (directory) => {
    const [home, outside] = [join(directory, "home"), join(directory, "outside")];
    const name = (letter: string) => `.x.${letter.repeat(26)}.f.tmp`;
    for (const folder of [home, outside]) fs.mkdirSync(folder);
    const old = new Date(Date.now() - 600_000);
    for (const [folder, letter] of [[outside, "a"], [home, "b"]] as const) {
      fs.writeFileSync(join(folder, name(letter)), "");
      fs.utimesSync(join(folder, name(letter)), old, old);
    }
    fs.symlinkSync(outside, join(home, "linked"));
    fs.symlinkSync(join(outside, name("a")), join(home, name("c")));
    fs.mkdirSync(join(home, name("d")));
    const { removed, kept } = await sweep(home, { recursive: true });
    assertEquals(removed, [join(home, name("b"))]);
    assertEquals(kept, ["c", "d"].map((letter) => ({ path: join(home, name(letter)), reason: "foreign" })));
    assertEquals(namesIn(outside), [name("a")]);
  }));

/** Who may put something in the place of a lock directory in `/shared` that its dead owner never brought to its place. */
const sharedDirectories = [
  { what: "of our own", parent: { user: 0, mode: 0o755 }, owner: 0, swept: true },
  { what: "open to everybody", parent: { user: 0, mode: 0o777 }, owner: 0, swept: false },
  { what: "open to a group", parent: { user: 0, mode: 0o775 }, owner: 0, swept: false },
  {
    what: "open to everybody, but sticky, and the lock directory ours",
    parent: { user: 0, mode: 0o1777 },
    owner: 0,
    swept: true,
  },
  {
    what: "open to everybody, sticky, and the lock directory another's",
    parent: { user: 0, mode: 0o1777 },
    owner: 7,
    swept: false,
  },
  { what: "of another user", parent: { user: 7, mode: 0o755 }, owner: 7, swept: false },
];

for (const { what, parent, owner, swept } of sharedDirectories) {
  test(`sweep empties a lock directory only where nobody can put a link in its place: in a directory ${what}`, () => {
    const machine = memoryRuntime({ user: 0, umask: 0, files: { "/other/x": "" } });
    const facts = machine.process.facts();
    const prepared = `/shared/.x.${"a".repeat(26)}.p${facts?.boot}-${facts?.namespace}-99999-1.tmp`;
    const token = `g1.x.${"b".repeat(26)}.n`;
    const makeDirectory = (path: string, user: number, mode: number) => {
      machine.syncFileSystem.makeDirectory(path, 0o777);
      const directory = machine.syncFileSystem.openDirectory(path);
      directory?.setOwner(user, user);
      directory?.setMode(mode);
      directory?.close();
    };
    makeDirectory("/shared", parent.user, parent.mode);
    makeDirectory(prepared, owner, 0o777);
    for (const directory of [prepared, "/other"]) machine.syncFileSystem.create(`${directory}/${token}`, 0o666).close();
    machine.clock.advance(100_000);
    const swap = () => {
      machine.syncFileSystem.rename(prepared, "/shared/moved");
      machine.syncFileSystem.symbolicLink("/other", prepared);
    };
    const runtime = interceptRuntime(machine, (call, proceed) => {
      // In a directory that only we can change nobody does it.
      if (call.method === "remove" && !swept) swap();
      return proceed();
    });
    const expected = swept
      ? { removed: [prepared], kept: [] }
      : { removed: [], kept: [{ path: prepared, reason: "unproven" as const }] };
    assertEquals(sweepSync("/shared", { runtime, olderThan: 60_000 }), expected);
    assertEquals(Object.keys(machine.files("/other")).sort(), [`/other/${token}`, "/other/x"]);
  });
}

const crafted = ["../secret", "../../etc/passwd", "/outside/secret", "..", ".", "", "conf", "secret", "\0"];

test("restoreBackup takes only what is listed: no crafted name leads anywhere else", () =>
  withTemporaryDirectory(async (directory) => {
    const [home, outside] = [join(directory, "home"), join(directory, "outside")];
    for (const folder of [home, outside]) fs.mkdirSync(folder);
    fs.writeFileSync(join(outside, "secret"), "secret");
    const path = join(home, "conf");
    fs.writeFileSync(path, "old");
    const real = (await writeFile(path, "current", { backup: 1 })).backup ?? "";
    const names = [".conf.20200101T000000000Z.bak", ".conf.20200102T000000000Z.bak", ".conf.20200103T000000000Z.bak"];
    fs.symlinkSync("../outside/secret", join(home, names[0] ?? ""));
    fs.symlinkSync(join(outside, "secret"), join(home, names[1] ?? ""));
    fs.mkdirSync(join(home, names[2] ?? ""));
    fs.writeFileSync(join(outside, basename(real)), "planted");
    const elsewhere = [join(outside, "secret"), join(outside, basename(real)), `../outside/${basename(real)}`];
    for (const which of [...crafted, ...elsewhere, ...names, ...names.map((name) => join(home, name))]) {
      const error = await assertRejects(() => restoreBackup(path, which), WriteError, "it has no backup");
      assertEquals([error.code, error.targetState], ["ENOENT", "unchanged"]);
    }
    assertEquals((await listBackups(path)).map(({ path }) => path), [real]);
    for (const content of ["a", "b", "c"]) await writeFile(path, content, { backup: 1 });
    assertEquals(namesIn(outside).map((name) => textOf(join(outside, name))), ["planted", "secret"]);
    assertEquals(names.filter((name) => !namesIn(home).includes(name)), [], "what is not ours is not pruned");
  }));
