/**
 * Which symlinks are followed, at the end of a path and on the way to it: set-ups that people have, and what others may
 * plant where they may make names. The rule is that of src/protocol/links.ts.
 */
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { acquireLock, copyFile, FileError, restoreBackup, updateTextFile, withLock, writeFile } from "../mod.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import { type MemoryOptions, type MemoryRuntime, memoryRuntime } from "../src/testing/mod.ts";
import { applyFiles, publishDirectory } from "../src/transaction/mod.ts";
import { isRoot } from "./support/files.ts";
import { skip } from "./support/skip.ts";
import { notEmpty } from "./support/tally.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

type Files = NonNullable<MemoryOptions["files"]>;

/** Root, an attacker, somebody else who is harmless, and users of containers. */
const [root, mallory, alice, bob, build] = [0, 1001, 1002, 1003, 1004] as const;

const folder = (user: number, mode = 0o755) => ({ kind: "directory", user, group: user, mode }) as const;
const file = (user: number) => ({ content: "old", user, group: user }) as const;
const link = (user: number, symlink: string) => ({ symlink, user, group: user }) as const;

interface SetUp {
  readonly what: string;
  /** Who calls. */
  readonly as: number;
  readonly groups?: readonly number[];
  readonly files: Files;
  readonly path: string;
  /** Where a write arrives. */
  readonly arrives: string;
}

const home = (user: number) => ({ "/home": folder(root), "/home/u": folder(user) });

/** What goes on working. */
const ordinary: readonly SetUp[] = [
  {
    what: "root, in a user's own directory, through the user's link to that user's file",
    as: root,
    files: { ...home(alice), "/home/u/.conf": link(alice, "dotfiles/conf"), "/home/u/dotfiles/conf": file(alice) },
    path: "/home/u/.conf",
    arrives: "/home/u/dotfiles/conf",
  },
  {
    what: "root, through a user's link to a file that is not there yet, in the user's directory",
    as: root,
    files: { ...home(alice), "/home/u/.conf": link(alice, "dotfiles/conf"), "/home/u/dotfiles": folder(alice) },
    path: "/home/u/.conf",
    arrives: "/home/u/dotfiles/conf",
  },
  {
    what: "a container that runs as root, in a workspace of another user, through a linked directory of that user",
    as: root,
    files: {
      "/work": folder(bob),
      "/work/current": link(bob, "releases/1"),
      "/work/releases": folder(bob),
      "/work/releases/1": folder(bob),
      "/work/releases/1/conf": file(bob),
    },
    path: "/work/current/conf",
    arrives: "/work/releases/1/conf",
  },
  {
    what: "root, in the data directory of a service, through the service's link to another volume",
    as: root,
    files: {
      "/var/lib/postgresql": folder(alice, 0o700),
      "/var/lib/postgresql/main": link(alice, "/mnt/fast/main"),
      "/mnt/fast": folder(root),
      "/mnt/fast/main": folder(alice, 0o700),
      "/mnt/fast/main/conf": file(alice),
    },
    path: "/var/lib/postgresql/main/conf",
    arrives: "/mnt/fast/main/conf",
  },
  {
    what: "a user, through root's links in /etc and to /var (letsencrypt, alternatives, nix profiles)",
    as: bob,
    files: {
      "/etc": folder(root),
      "/etc/live": link(root, "/var/live"),
      "/var/live": folder(root),
      "/var/live/conf": link(root, "/home/u/conf"),
      ...home(bob),
      "/home/u/conf": file(bob),
    },
    path: "/etc/live/conf",
    arrives: "/home/u/conf",
  },
  {
    what: "a user, through that user's own link to another user's file that may be replaced",
    as: bob,
    groups: [alice],
    files: {
      ...home(bob),
      "/home/u/conf": link(bob, "/srv/conf"),
      "/srv": { ...folder(root, 0o2775), group: alice },
      "/srv/conf": file(alice),
    },
    path: "/home/u/conf",
    arrives: "/srv/conf",
  },
  {
    what: "a user, in a package store of another user's, through that user's links",
    as: root,
    files: {
      "/opt/brew": folder(alice),
      "/opt/brew/etc": link(alice, "cellar/etc"),
      "/opt/brew/cellar": folder(alice),
      "/opt/brew/cellar/etc": folder(alice),
      "/opt/brew/cellar/etc/conf": link(alice, "../conf"),
      "/opt/brew/cellar/conf": file(alice),
    },
    path: "/opt/brew/etc/conf",
    arrives: "/opt/brew/cellar/conf",
  },
  {
    what: "a container with a random user, through links that the image's user has made in a directory of root's",
    as: bob,
    files: {
      "/app": folder(root),
      "/app/conf": link(build, "/data/conf"),
      "/data": folder(bob),
      "/data/conf": file(bob),
    },
    path: "/app/conf",
    arrives: "/data/conf",
  },
  {
    what: "a user, in a setgid directory of a group, through a member's link to that member's file",
    as: bob,
    groups: [build],
    files: {
      "/srv": { ...folder(root, 0o2775), group: build },
      "/srv/conf": link(alice, "real"),
      "/srv/real": { ...file(alice), mode: 0o664, group: build },
    },
    path: "/srv/conf",
    arrives: "/srv/real",
  },
  {
    what: "a user, in a sticky directory, through that user's own link",
    as: bob,
    files: {
      "/tmp": folder(root, 0o1777),
      "/tmp/conf": link(bob, "/home/u/conf"),
      ...home(bob),
      "/home/u/conf": file(bob),
    },
    path: "/tmp/conf",
    arrives: "/home/u/conf",
  },
];

/** A file of root's, and one of a user's, that nobody but them may touch. */
const precious: Files = {
  "/etc": folder(root),
  "/etc/passwd": file(root),
  "/etc/ssh": folder(root, 0o700),
  "/etc/ssh/keys": file(root),
  "/home": folder(root),
  "/home/bob": folder(bob, 0o700),
  "/home/bob/keys": file(bob),
};

const attack = (what: string, path: string, arrives: string, files: Files, as: number = root): SetUp => ({
  what,
  as,
  path,
  arrives,
  files: { ...precious, "/home/m": folder(mallory), ...files },
});

/** What is refused. */
const attacks: readonly SetUp[] = [
  attack("a link in the attacker's directory", "/home/m/report", "/etc/passwd", {
    "/home/m/report": link(mallory, "/etc/passwd"),
  }),
  attack("a link to nothing, into root's directory", "/home/m/report", "/etc/cron.new", {
    "/home/m/report": link(mallory, "/etc/cron.new"),
  }),
  attack("a chain of links, the last of which leaves", "/home/m/report", "/etc/passwd", {
    "/home/m/report": link(mallory, "second"),
    "/home/m/second": link(mallory, "/etc/passwd"),
  }),
  attack("a link that leads through another one on the way", "/home/m/report", "/etc/passwd", {
    "/home/m/report": link(mallory, "way/passwd"),
    "/home/m/way": link(mallory, "/etc"),
  }),
  attack("a linked directory", "/home/m/.ssh/keys", "/etc/ssh/keys", { "/home/m/.ssh": link(mallory, "/etc/ssh") }),
  attack("a linked directory further up", "/home/m/a/ssh/keys", "/etc/ssh/keys", {
    "/home/m/a": link(mallory, "/etc"),
  }),
  attack("a link in a directory of root's that a group may write to", "/srv/f", "/etc/passwd", {
    "/srv": { ...folder(root, 0o2775), group: mallory },
    "/srv/f": link(mallory, "/etc/passwd"),
  }),
  attack("a link in a sticky directory that a group may write to", "/srv/f", "/etc/passwd", {
    "/srv": { ...folder(root, 0o1775), group: mallory },
    "/srv/f": link(mallory, "/etc/passwd"),
  }),
  attack("a link in a sticky directory open to everybody", "/tmp/f", "/etc/passwd", {
    "/tmp": folder(root, 0o1777),
    "/tmp/f": link(mallory, "/etc/passwd"),
  }),
  attack("a link in a sticky directory open to everybody, to the attacker's own file", "/tmp/f", "/home/m/own", {
    "/tmp": folder(root, 0o1777),
    "/tmp/f": link(mallory, "/home/m/own"),
    "/home/m/own": file(mallory),
  }),
  attack("a linked directory in a sticky directory open to everybody", "/tmp/d/passwd", "/etc/passwd", {
    "/tmp": folder(root, 0o1777),
    "/tmp/d": link(mallory, "/etc"),
  }),
  attack("a link of the owner of a sticky directory", "/tmp/f", "/etc/passwd", {
    "/tmp": folder(mallory, 0o1777),
    "/tmp/f": link(mallory, "/etc/passwd"),
  }),
  attack("a link to the caller's own file, who is not root", "/home/m/report", "/home/bob/keys", {
    "/home/m/report": link(mallory, "/home/bob/keys"),
  }, bob),
];

const machineOf = ({ as, groups = [], files }: SetUp, mayAnchor = true): MemoryRuntime =>
  memoryRuntime({ user: as, groups: [...groups], files, protectedLinks: false, capabilities: { anchored: mayAnchor } });

interface LinkOptions {
  symlink?: "trust";
  unsafePath?: "allow";
}
type Call = (path: string, runtime: Runtime, options: LinkOptions) => Promise<unknown>;

/** Everything that writes, locks or makes names by a path that others may have a say in. */
const calls: Readonly<Record<string, Call>> = {
  writeFile: (path, runtime, options) => writeFile(path, "new", { runtime, ...options }),
  "writeFile with durability none": (path, runtime, options) =>
    writeFile(path, "new", { runtime, durability: "none", ...options }),
  "writeFile under its lock": (path, runtime, options) => writeFile(path, "new", { runtime, lock: true, ...options }),
  "writeFile with createDirectories": (path, runtime, options) =>
    writeFile(path, "new", { runtime, createDirectories: true, ...options }),
  copyFile: (path, runtime, options) => copyFile("/source", path, { runtime, ...options }),
  updateTextFile: (path, runtime, options) => updateTextFile(path, () => "new", { runtime, ...options }),
  withLock: (path, runtime, { symlink: _none, ...options }) => withLock(path, () => {}, { runtime, ...options }),
  "withLock by a lock directory": (path, runtime, { symlink: _none, ...options }) =>
    withLock(path, () => {}, { runtime, backend: "directory", ...options }),
  applyFiles: (path, runtime, { symlink, ...options }) =>
    applyFiles({ files: [{ path, data: "new" }] }, { runtime, ...options, ...symlink ? { trust: "any" } : {} }),
};

describe("a symlink is followed:", () => {
  for (const setUp of notEmpty(ordinary)) {
    for (const mayAnchor of [true, false]) {
      it(`${setUp.what}${mayAnchor ? "" : ", where names are reached by path"}`, async () => {
        for (const [name, call] of notEmpty(Object.entries(calls))) {
          const machine = machineOf(setUp, mayAnchor);
          machine.put("/source", { content: "new" });
          // By path, root goes such a way only if it is told to (tests/protocol/unsafe_path_test.ts).
          await call(setUp.path, machine, mayAnchor ? {} : { unsafePath: "allow" });
          const written = name.startsWith("withLock")
            ? machine.statusOf(setUp.arrives)?.kind
            : machine.readText(setUp.arrives);
          if (!name.startsWith("withLock")) assertEquals(written, "new", name);
          assertEquals(machine.openHandles, [], name);
        }
      });
    }
  }
});

/** Everything but what is planted. */
const picture = (machine: MemoryRuntime): unknown =>
  Object.keys(machine.files("/")).filter((path) => path !== "/source").sort().map((path) => {
    const { user, mode } = machine.statusOf(path) ?? {};
    return [path, user, mode, machine.readText(path)];
  });

describe("another user's symlink is refused:", () => {
  for (const setUp of notEmpty(attacks)) {
    for (const mayAnchor of [true, false]) {
      it(`${setUp.what}${mayAnchor ? "" : ", where names are reached by path"}`, async () => {
        for (const [name, call] of notEmpty(Object.entries(calls))) {
          const machine = machineOf(setUp, mayAnchor);
          machine.put("/source", { content: "new" });
          const before = picture(machine);
          const error = await assertRejects(() => call(setUp.path, machine, {}), FileError, `${mallory}`, name);
          assertEquals([error.code, error.step, error.targetState], ["EACCES", "resolve", "unchanged"], name);
          assertEquals(picture(machine), before, name);
          assertEquals(machine.openHandles, [], name);
        }
      });
    }
  }

  it("a user's whom the user namespace does not map, even where the link leads to what has the same number", async () => {
    const unmapped = 65_534;
    const files = {
      "/home": folder(root),
      "/home/u": folder(unmapped),
      "/home/u/file": link(unmapped, "/home/u/other"),
      "/home/u/other": file(unmapped),
    };
    for (const [name, call] of notEmpty(Object.entries(calls))) {
      for (const isMapped of [true, false]) {
        const machine = memoryRuntime({ user: root, files, protectedLinks: false });
        machine.put("/source", { content: "new" });
        const process = Object.assign(Object.create(machine.process), {
          unmappedUser: () => isMapped ? undefined : unmapped,
        });
        const attempt = () => call("/home/u/file", { ...machine, process }, {});
        if (isMapped) await attempt();
        else await assertRejects(attempt, FileError, "does not map", name);
      }
    }
  });

  it('and followed with `symlink: "trust"`, or where its user is trusted', async () => {
    for (const setUp of notEmpty(attacks)) {
      if (setUp.as !== root) continue;
      for (const [name, call] of notEmpty(Object.entries(calls))) {
        if (name.startsWith("withLock")) continue;
        const machine = machineOf(setUp);
        machine.put("/source", { content: "new" });
        await call(setUp.path, machine, { symlink: "trust" });
        assertEquals(machine.readText(setUp.arrives), "new", `${setUp.what}, ${name}`);
      }
    }
    const machine = machineOf(attacks[0] ?? ordinaryOne());
    await applyFiles({ files: [{ path: "/home/m/report", data: "new" }] }, { runtime: machine, trust: [mallory] });
    assertEquals(machine.readText("/etc/passwd"), "new");
  });

  it("by publishing, restoring and joint locks, too", async () => {
    const way = { ...precious, "/home/m": folder(mallory), "/home/m/d": link(mallory, "/etc") };
    const machine = memoryRuntime({ user: root, files: way, protectedLinks: false });
    const before = picture(machine);
    for (
      const call of [
        () => publishDirectory("/home/m/d/site", () => {}, { runtime: machine }),
        () => restoreBackup("/home/m/d/passwd", undefined, { runtime: machine }),
        () => acquireLock("/home/m/d/passwd", { runtime: machine }),
      ]
    ) {
      const error = await assertRejects(call, FileError);
      assertEquals([error.code, error.step], ["EACCES", "resolve"]);
    }
    assertEquals(picture(machine), before);
  });

  it("by an update that replaces the link, which shows what it led to", async () => {
    const setUp = attacks[0] ?? ordinaryOne();
    const machine = machineOf(setUp);
    const update = () => updateTextFile(setUp.path, (text) => `${text} more`, { runtime: machine, symlink: "replace" });
    const error = await assertRejects(update, FileError);
    assertEquals([error.code, machine.files("/home/m")], ["EACCES", { [setUp.path]: "→ /etc/passwd" }]);
  });
});

function ordinaryOne(): never {
  throw new Error("there is no set-up");
}

describe("on a real file system", () => {
  it("root refuses another user's link, at the end and on the way, and follows it to that user's own", async (t) => {
    if (!isRoot) return skip(t, "needs root");
    await withTemporaryDirectory(async (directory) => {
      const [home, etc] = [join(directory, "home"), join(directory, "etc")];
      for (const path of [home, etc]) fs.mkdirSync(path);
      fs.writeFileSync(join(etc, "passwd"), "old");
      fs.writeFileSync(join(home, "own"), "old");
      const plant = (text: string, name: string) => fs.symlinkSync(text, join(home, name));
      plant("../etc/passwd", "report");
      plant("../etc/new", "nothing");
      plant("../etc", "way");
      plant("own", "fine");
      plant("later", "fine too");
      for (const name of ["", ...fs.readdirSync(home)]) fs.lchownSync(join(home, name), mallory, mallory);
      for (const path of ["report", "nothing", "way/passwd", "way/new"]) {
        for (const call of [writeFile, updateTextFile]) {
          const error = await call(join(home, path), "new" as never).catch((error) => error);
          assertInstanceOf(error, Error);
          if (call === writeFile) assertEquals(Reflect.get(error, "code"), "EACCES", path);
        }
        const error = await withLock(join(home, path), () => {}).catch((error) => error);
        assertEquals(Reflect.get(Object(error), "code"), "EACCES", path);
      }
      assertEquals([fs.readdirSync(etc), fs.readFileSync(join(etc, "passwd"), "utf8")], [["passwd"], "old"]);
      for (const path of ["fine", "fine too"]) await writeFile(join(home, path), "new");
      assertEquals(["own", "later"].map((name) => fs.readFileSync(join(home, name), "utf8")), ["new", "new"]);
    });
  });
});
