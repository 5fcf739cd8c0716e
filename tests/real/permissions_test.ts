/**
 * A user without rights: where he may not write nothing changes, where he may not keep or see something he is told.
 */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type AsUser, asUser } from "../support/other_user.ts";
import type { skip } from "../support/skip.ts";
import { act, assertRefused } from "./act.ts";
import { content } from "./ways.ts";

const OTHER = 65_534;

describe("another user", () => {
  /** A directory that the user may reach, with a file in it. */
  function prepare(home: string, mode: number): { directory: string; file: string } {
    const directory = join(home, "directory");
    fs.mkdirSync(directory);
    const file = join(directory, "file");
    fs.writeFileSync(file, "good");
    fs.chmodSync(directory, mode);
    return { directory, file };
  }

  function withHome(t: Parameters<typeof skip>[0], run: (as: AsUser, home: string) => Promise<void>): Promise<void> {
    return asUser(t, OTHER, async (as) => {
      const home = as.env["HOME"];
      assert(home !== undefined);
      await run({ ...as, env: { ...as.env, ATOMIC_WRITE_TEST_DIRECTORY: home } }, home);
    });
  }

  for (const [way, other] of [["writeFile", "openFileWriterSync"], ["copyFile", "writeFileSync"]] as const) {
    it(`may not write in a directory: ${way}, ${other}`, async (t) => {
      await withHome(t, async (as, home) => {
        const { directory, file } = prepare(home, 0o755);
        assertRefused(await act(way, file, as), "EACCES", "create");
        assertRefused(await act(other, join(directory, "new"), as), "EACCES", "create");
        assertRefused(await act(way, join(directory, "a", "b"), as, 10, { createDirectories: true }), "EACCES");
        fs.chmodSync(directory, 0o600);
        assertRefused(await act(other, file, as), "EACCES", "linkStat");
        assertEquals(fs.readdirSync(directory), ["file"]);
        assertEquals(fs.readFileSync(file, "utf8"), "good");
      });
    });
  }

  it("may write in a directory that cannot be opened to be synced; the result says so", async (t) => {
    await withHome(t, async (as, home) => {
      const { directory, file } = prepare(home, 0o300);
      fs.chownSync(directory, OTHER, OTHER);
      fs.chownSync(file, OTHER, OTHER);
      const refused = await act("writeFile", file, as, 10, { whenUnsupported: "throw" });
      assertRefused(refused, "EACCES", "openDirectory");
      assertEquals(refused.failure?.name, "UnsupportedError");
      assertEquals(fs.readFileSync(file, "utf8"), "good");
      for (const way of ["writeFile", "openFileWriterSync"]) {
        const { result, failure } = await act(way, file, as);
        assertEquals(failure, undefined);
        assertEquals(result?.durability, "file");
      }
      assertEquals(fs.readdirSync(directory), ["file"]);
      assertEquals(fs.statSync(file).size, 10);
    });
  });

  it("may replace an unreadable file, whether it is equal or not", async (t) => {
    await withHome(t, async (as, home) => {
      const { directory, file } = prepare(home, 0o755);
      fs.chownSync(directory, OTHER, OTHER);
      for (const way of ["writeFile", "writeFile of a stream"]) {
        fs.writeFileSync(file, content(10, 7));
        fs.chmodSync(file, 0o604);
        fs.chownSync(file, 0, OTHER);
        const { result, failure } = await act(way, file, as, 10, { skipIfEqual: true });
        assertEquals(failure, undefined);
        assertEquals([result?.changed, fs.readFileSync(file).equals(content(10, 7))], [true, true]);
      }
    });
  });

  it("cannot keep the owner; the result says so", async (t) => {
    await withHome(t, async (as, home) => {
      const { directory, file } = prepare(home, 0o755);
      fs.chownSync(directory, OTHER, OTHER);
      fs.chmodSync(file, 0o4664);
      const { result } = await act("writeFile", file, as);
      assertEquals(result?.lost, ["setuid", "owner", "group", "mode"]);
      const { mode, uid, gid } = fs.statSync(file);
      assertEquals({ mode: mode & 0o7777, uid, gid }, { mode: 0o644, uid: OTHER, gid: OTHER });
      const refused = await act("writeFile", file, as, 10, { owner: { user: 0 } });
      assertRefused(refused, "EPERM", "setOwner");
      // Whether it may read the file, and so see its attributes, or not.
      for (const mode of [0o664, 0o640]) {
        fs.chownSync(file, 0, 0);
        fs.chmodSync(file, mode);
        const before = fs.statSync(file);
        const { failure } = await act("writeFile", file, as, 10, { whenLost: "throw" });
        assertEquals(failure?.targetState, "unchanged");
        const { ino, uid, gid, mode: after } = fs.statSync(file);
        assertEquals([ino, uid, gid, after], [before.ino, before.uid, before.gid, before.mode]);
      }
    });
  });
});
