/**
 * A directory where everybody may put links (sticky and open to all, like /tmp): only links of root, of the directory's
 * owner and one's own are followed, whatever the kernel's own protection is set to.
 */
import { assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { listBackups, removeFile, restoreBackup } from "../../mod.ts";
import { asUser } from "../support/other_user.ts";
import { skip } from "../support/skip.ts";
import { runtimes, spawnScript } from "../support/spawn.ts";
import { armAccessTimes, snapshot } from "../support/snapshot.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { content, ways } from "./ways.ts";

const MALLORY = 65_533;
const ALICE = 65_534;

interface Place {
  sticky: string;
  outside: string;
  /** A link in the sticky directory, owned by that user. */
  link(name: string, text: string, owner: number): string;
}

function makePlace(folder: string, mode = 0o1777, owner = 0): Place {
  const [sticky, outside] = [join(folder, "sticky"), join(folder, "outside")];
  fs.mkdirSync(sticky);
  fs.chownSync(sticky, owner, owner);
  fs.chmodSync(sticky, mode);
  fs.mkdirSync(outside);
  fs.chmodSync(outside, 0o777);
  fs.writeFileSync(join(outside, "file"), "outside");
  armAccessTimes(outside);
  const link = (name: string, text: string, user: number) => {
    fs.symlinkSync(text, join(sticky, name));
    fs.lchownSync(join(sticky, name), user, user);
    return join(sticky, name);
  };
  return { sticky, outside, link };
}

const codeOf = ({ failure }: Outcome) => failure && [failure.code, failure.step, failure.targetState];
const refused = ["EACCES", "resolve", "unchanged"];

describe("another user's link in a sticky directory", () => {
  it("is not followed, directly or through others, to a file or to nothing", async (t) => {
    if (process.getuid?.() !== 0) return skip(t, "needs root");
    await withTemporaryDirectory(async (folder) => {
      const { sticky, outside, link } = makePlace(folder);
      const traps = [
        link("direct", join(outside, "file"), MALLORY),
        link("dangling", join(outside, "new"), MALLORY),
        link("own", "direct", 0),
        link("chain", "own", 0),
      ];
      const before = [snapshot(outside), snapshot(sticky)];
      for (const trap of traps) {
        for (const [way, write] of Object.entries(ways)) {
          assertEquals(codeOf(await outcomeOf(() => write(trap, content(10)))), refused, `${way} ${trap}`);
          assertEquals(codeOf(await outcomeOf(() => write(trap, content(10), { symlink: "refuse" })))?.[0], "ELOOP");
        }
        assertEquals(codeOf(await outcomeOf(() => restoreBackup(trap))), refused);
        assertEquals(codeOf(await outcomeOf(async () => ((await listBackups(trap)), neverReached()))), refused);
      }
      assertEquals([snapshot(outside), snapshot(sticky)], before);
    });
  });

  it("can be replaced and removed, which touches nothing else", async (t) => {
    if (process.getuid?.() !== 0) return skip(t, "needs root");
    await withTemporaryDirectory(async (folder) => {
      const { outside, link } = makePlace(folder);
      const before = snapshot(outside);
      for (const [way, write] of Object.entries(ways)) {
        const trap = link(way, join(outside, "file"), MALLORY);
        const { result } = await outcomeOf(() => write(trap, content(10), { symlink: "replace" }));
        assertEquals([result?.path, fs.lstatSync(trap).isFile()], [trap, true]);
      }
      const trap = link("gone", join(outside, "file"), MALLORY);
      assertEquals((await removeFile(trap)).removed, true);
      assertEquals(snapshot(outside), before);
    });
  });

  it("is followed where it belongs to root, or leads to what its owner owns and the directory belongs to that owner or is not sticky", async (t) => {
    if (process.getuid?.() !== 0) return skip(t, "needs root");
    for (const [mode, owner, linkOwner] of [[0o1777, 0, 0], [0o1777, MALLORY, MALLORY], [0o777, 0, MALLORY]] as const) {
      await withTemporaryDirectory(async (folder) => {
        const { outside, link } = makePlace(folder, mode, owner);
        fs.chownSync(join(outside, "file"), linkOwner, linkOwner);
        const path = link("link", join(outside, "file"), linkOwner);
        for (const write of Object.values(ways)) {
          assertEquals((await outcomeOf(() => write(path, content(10)))).result?.path, join(outside, "file"));
        }
        assertEquals(fs.lstatSync(path).isSymbolicLink(), true);
      });
    }
  });

  it("a user without rights: their own is followed, another's is not", async (t) => {
    await asUser(t, ALICE, async (as) => {
      const home = as.env["HOME"] ?? "";
      const { sticky, outside, link } = makePlace(home);
      const [trap, own] = [
        link("trap", join(outside, "file"), MALLORY),
        link("own", join(outside, "mine"), ALICE),
      ];
      const before = snapshot(sticky);
      for (const runtime of runtimes()) {
        const options = { ...as, runtime, env: { ...as.env, ATOMIC_WRITE_TEST_DIRECTORY: home } };
        const act = async (path: string, permissions?: string[]) => {
          const args = ["writeFile", path, "10"];
          const script = spawnScript("tests/real/scripts/act.ts", args, {
            ...options,
            ...permissions && { permissions },
          });
          const { code, stdout, stderr } = await script.status;
          assertEquals({ code, stderr }, { code: 0, stderr: "" });
          return JSON.parse(stdout) as Outcome;
        };
        assertEquals(codeOf(await act(trap)), refused);
        assertEquals((await act(own)).result?.path, join(outside, "mine"));
        if (runtime !== "deno") continue;
        // Who may not ask who he is follows nobody's link but root's and the owner's.
        const limited = [`--allow-read=${home}`, `--allow-write=${home}`, "--allow-env"];
        assertEquals(codeOf(await act(trap, limited)), refused);
        assertEquals(codeOf(await act(own, limited)), refused);
      }
      assertEquals(fs.readFileSync(join(outside, "file"), "utf8"), "outside");
      assertEquals(snapshot(sticky), before);
    });
  });
});

function neverReached(): never {
  throw new Error("what must be refused was done");
}
