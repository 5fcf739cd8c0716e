/**
 * Root works in a directory of another user's, who has planted names of this module there and exchanges directories with
 * links to a third user's as fast as he can. Nothing that is not his own is touched, whatever he gains the race for.
 */
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { updateTextFileSync, withLockSync, writeFileSync } from "../../mod.ts";
import { publishDirectorySync, recoverTransactionsSync } from "../../src/transaction/mod.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { byEffort } from "../support/effort.ts";
import { asUser } from "../support/other_user.ts";
import { skip } from "../support/skip.ts";
import { snapshot } from "../support/snapshot.ts";
import { notEmpty, tally } from "../support/tally.ts";
import { listen, signal, withProcesses } from "./processes.ts";

const attacker = 4711;
const victim = 4712;
/** How long each race runs, in milliseconds. */
const duration = byEffort({ quick: 500, normal: 2_000, long: 60_000 });
const id = (letter: string) => letter.repeat(26);

/** Something that belongs to a user, with everything below. */
function giveTo(user: number, path: string): void {
  fs.lchownSync(path, user, user);
  if (!fs.lstatSync(path).isDirectory()) return;
  for (const name of fs.readdirSync(path)) giveTo(user, join(path, name));
}

/** The home of the attacker, and a directory that nobody but its owner may see. */
function makePlaces(folder: string): { home: string; secret: string } {
  const [home, secret] = [join(folder, "home"), join(folder, "secret")];
  for (const path of [folder, home, secret]) fs.mkdirSync(path, { recursive: true });
  fs.chmodSync(folder, 0o755);
  return { home, secret };
}

/** A journal that makes `name` in `directory` the attacker's file, as if a transaction of his had died. */
function plantJournal(directory: string, name: string): void {
  const content = "root::0:0:99999:7:::\n";
  const digest = (text: string) => createHash("sha256").update(text).digest("hex");
  const file = { directory: 0, name, stage: 0, old: null, new: digest(content), backup: null };
  const record = JSON.stringify({ id: id("a"), activates: false, directories: ["."], files: [file] });
  const text = `atomic-write journal 1\n${record}\n`;
  const names: readonly [name: string, content: string][] = [
    [`.transaction.${id("a")}.f.journal`, `${text}sha256 ${digest(text)}\n`],
    [`.${name}.${id("a")}.0.stage`, content],
  ];
  for (const [each, bytes] of names) {
    fs.writeFileSync(join(directory, each), bytes);
    giveTo(attacker, join(directory, each));
  }
}

describe("root recovers a directory of somebody who has planted a journal there", () => {
  it("and exchanges it with a link to another one: that user gets no file, here or there", async (t) => {
    await asUser(t, attacker, (as) =>
      withProcesses(async (folder, spawn) => {
        const { home, secret } = makePlaces(folder);
        const directory = join(home, "d");
        fs.mkdirSync(directory);
        plantJournal(directory, "shadow");
        giveTo(attacker, home);
        fs.writeFileSync(join(secret, "shadow"), "root:$6$hash\n", { mode: 0o600 });
        giveTo(victim, secret);
        fs.chmodSync(secret, 0o700);
        const before = snapshot(secret);
        const swapper = spawn("tests/real/scripts/swap.ts", [directory, join(home, "away"), secret], as);
        assert(await listen(swapper.child).seen(/^swapping$/));
        const happened = tally("a planted journal is met", ["left alone", "not seen"]);
        for (const end = Date.now() + duration; Date.now() < end;) {
          let kept: unknown[] = [];
          try {
            const report = recoverTransactionsSync(directory);
            assertEquals([report.finished, report.undone], [[], []]);
            kept = report.kept;
          } catch {
            // Neither the directory nor the link was there.
          }
          happened.count(kept.length > 0 ? "left alone" : "not seen");
          assertEquals(snapshot(secret), before);
        }
        signal(swapper, "SIGKILL");
        await swapper.status;
        happened.enough({ "not seen": 0 });
      }));
  });
});

describe("root publishes in a directory of somebody else's", () => {
  it("who exchanges a directory of what is to be removed with a link: nothing is removed where that leads", async (t) => {
    if (!currentRuntime().capabilities.anchored) return skip(t, "names in open directories are reached by path here");
    await asUser(t, attacker, (as) =>
      withProcesses(async (folder, spawn) => {
        const { home, secret } = makePlaces(folder);
        const names = Array.from({ length: 50 }, (_, index) => `f${index}`);
        for (const name of names) fs.writeFileSync(join(secret, name), "precious");
        giveTo(victim, secret);
        giveTo(attacker, home);
        const tree = join(home, `.site.20200101T000000000Z.${id("b")}.discarded`);
        const deep = join(tree, "deep");
        const happened = tally("a tree is removed while it is exchanged", ["removed", "left"]);
        const before = snapshot(secret);
        for (const end = Date.now() + duration; Date.now() < end;) {
          fs.mkdirSync(deep, { recursive: true });
          for (const name of notEmpty(names)) fs.writeFileSync(join(deep, name), "");
          giveTo(attacker, tree);
          const swapper = spawn("tests/real/scripts/swap.ts", [deep, join(tree, "away"), secret], as);
          await listen(swapper.child).seen(/^swapping$/);
          for (let rounds = 0; rounds < 20 && fs.existsSync(tree); rounds++) {
            try {
              // Trusted, so that it is removed at all.
              publishDirectorySync(join(home, "site"), () => {}, { trust: "any", keep: 0, grace: 0 });
            } catch {
              // What cannot be removed is tried again.
            }
            assertEquals(snapshot(secret), before);
          }
          signal(swapper, "SIGKILL");
          await swapper.status;
          happened.count(fs.existsSync(tree) ? "left" : "removed");
          fs.rmSync(tree, { recursive: true, force: true });
        }
        happened.enough({ left: 0 });
      }));
  });
});

/** What root does with a file of somebody else's, who exchanges its directory for a link to a third user's. */
const operations: Readonly<Record<string, (path: string) => unknown>> = {
  writeFile: (path) => writeFileSync(path, "new"),
  updateTextFile: (path) => updateTextFileSync(path, (text = "") => `${text.slice(0, 100)} more`),
  withLock: (path) => withLockSync(path, () => {}, { timeout: 50 }),
  "withLock by a lock directory": (path) => withLockSync(path, () => {}, { backend: "directory", timeout: 50 }),
  "writeFile with createDirectories": (path) =>
    writeFileSync(join(dirname(path), "a", "b", "new"), "new", { createDirectories: true }),
};

describe("root works on a file of somebody else's, who exchanges its directory with a link to another one:", () => {
  for (const [name, run] of notEmpty(Object.entries(operations))) {
    it(`${name} changes nothing there`, async (t) => {
      if (!currentRuntime().capabilities.anchored) return skip(t, "names in open directories are reached by path here");
      await asUser(t, attacker, (as) =>
        withProcesses(async (folder, spawn) => {
          const { home, secret } = makePlaces(folder);
          const directory = join(home, "d");
          fs.mkdirSync(directory);
          fs.writeFileSync(join(directory, "keys"), "mine");
          fs.chmodSync(join(directory, "keys"), 0o666);
          giveTo(attacker, home);
          fs.writeFileSync(join(secret, "keys"), "secret", { mode: 0o600 });
          giveTo(victim, secret);
          fs.chmodSync(secret, 0o700);
          const before = snapshot(secret);
          const swapper = spawn("tests/real/scripts/swap.ts", [directory, join(home, "away"), secret], as);
          assert(await listen(swapper.child).seen(/^swapping$/));
          const happened = tally(`${name} beside exchanges`, ["done", "refused"]);
          for (const end = Date.now() + duration; Date.now() < end;) {
            let outcome: "done" | "refused" = "done";
            try {
              run(join(directory, "keys"));
            } catch {
              outcome = "refused";
            }
            happened.count(outcome);
            assertEquals(snapshot(secret), before);
            for (const each of fs.readdirSync(home)) {
              const place = join(home, each);
              if (!fs.lstatSync(place, { throwIfNoEntry: false })?.isDirectory()) continue;
              fs.rmSync(join(place, "keys.lock"), { force: true, recursive: true });
              fs.rmSync(join(place, "a"), { force: true, recursive: true });
            }
          }
          signal(swapper, "SIGKILL");
          await swapper.status;
          happened.enough({ done: 0, refused: 0 });
        }));
    });
  }
});
