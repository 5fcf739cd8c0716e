/** Where names are reached by path, root refuses a way that others could exchange, and says through whose directory it leads. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { writeFileSync } from "../../mod.ts";
import { type MemoryOptions, memoryRuntime } from "../../src/testing/mod.ts";
import type { UnsafePath } from "../../src/protocol/unsafe_path.ts";
import { FileError } from "../../src/core/errors.ts";
import { notEmpty } from "../support/tally.ts";

interface Case {
  readonly path: string;
  readonly user?: number;
  readonly anchored?: boolean;
  readonly unsafePath?: UnsafePath;
  /** The directory and the user that the error names; undefined: the file is written. */
  readonly refused?: readonly [path: string, user: number];
}

const files: NonNullable<MemoryOptions["files"]> = {
  "/n": { kind: "directory", user: 7, mode: 0o755 },
  "/n/d": { kind: "directory", user: 7, mode: 0o777 },
  "/home": { kind: "directory", user: 0 },
  "/home/seven": { kind: "directory", user: 7, mode: 0o777 },
  "/srv": { kind: "directory", user: 0, mode: 0o777 },
  "/srv/d": { kind: "directory", user: 0, mode: 0o777 },
  "/tmp": { kind: "directory", user: 0, mode: 0o1777 },
  "/tmp/ours": { kind: "directory", user: 0, mode: 0o777 },
  "/tmp/theirs": { kind: "directory", user: 7, mode: 0o777 },
  "/run": { symlink: "/var/run", user: 0 },
  "/var/run": { kind: "directory", user: 0, mode: 0o777 },
  "/into": { symlink: "/n/d", user: 0 },
};

const cases: Readonly<Record<string, Case>> = {
  "a directory in another user's": { path: "/n/d/f", refused: ["/n", 7] },
  "a directory that everybody may rename": { path: "/srv/d/f", refused: ["/srv", 0] },
  "another user's in a sticky directory": { path: "/tmp/theirs/f", refused: ["/tmp", 0] },
  "through a symlink of root's": { path: "/into/f", refused: ["/n", 7] },
  "by another user who asks for it": { path: "/n/d/f", user: 1000, unsafePath: "throw", refused: ["/n", 7] },
  "by another user": { path: "/n/d/f", user: 1000 },
  "by root who allows it": { path: "/n/d/f", unsafePath: "allow" },
  "where names are anchored": { path: "/n/d/f", anchored: true },
  "another user's own directory": { path: "/home/seven/f" },
  "one's own in a sticky directory": { path: "/tmp/ours/f" },
  "through a symlink of root's to a directory of root's": { path: "/run/f" },
};

describe("unsafePath:", () => {
  for (const [name, { path, user = 0, anchored = false, unsafePath, refused }] of notEmpty(Object.entries(cases))) {
    it(`${name} ${refused === undefined ? "is gone through" : "is refused"}`, () => {
      for (const durability of ["full", "none"] as const) {
        const machine = memoryRuntime({ user, umask: 0, capabilities: { anchored }, files });
        const before = machine.files("/");
        const options = { runtime: machine, durability, ...unsafePath === undefined ? {} : { unsafePath } };
        if (refused === undefined) {
          writeFileSync(path, "new", options);
          assertEquals(machine.readText(path), "new");
          continue;
        }
        const error = assertThrows(() => writeFileSync(path, "new", options));
        if (!FileError.is(error)) throw error;
        assertEquals([error.code, error.step, error.targetState], ["EACCES", "resolve", "unchanged"]);
        assertStringIncludes(error.message, `${JSON.stringify(refused[0])} of user ${refused[1]}`);
        assertStringIncludes(error.message, "unsafePath");
        assertEquals(machine.files("/"), before);
        assertEquals(machine.openHandles, []);
      }
    });
  }
});
