/**
 * A file system whose lock service is missing: the kernel refuses flock with ENOLCK (seccomp(2), for every program that
 * takes part). Lock directories take the place of the kernel's locks, and are waited for; between two hosts, here pid
 * namespaces, too, that cannot judge each other's processes.
 */
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { checkout } from "../support/golden.ts";
import { cannotUnshare, unshare } from "../support/namespaces.ts";
import { skip } from "../support/skip.ts";
import { spawnScript } from "../support/spawn.ts";
import { answerOf, hasKernelLock, isLinux, type Other, other, untilHeard, withOthers } from "./support.ts";

const refuse = ["perl", join(checkout(), "tests/versioned/scripts/refuse.pl"), "flock", "--"];

function whyNot(): string | undefined {
  if (!isLinux || !hasKernelLock()) return "needs Linux, and kernel locks to be refused";
  const refused = spawnSync(refuse[0] ?? "", [...refuse.slice(1), "true"]).status === 0;
  return refused ? undefined : "needs perl and seccomp(2)";
}

/** A process to which flock is refused, in these namespaces, that asks for the lock. */
function ask(path: string, options: object, namespaces: readonly string[] = []): Other {
  const args = [path, JSON.stringify(options), "", "tells"];
  const wrapper = [...namespaces, ...refuse];
  return other(spawnScript("tests/lock/scripts/hold.ts", args, { wrapper, stdin: "pipe" }));
}

const hosts = [
  { name: "one host", namespaces: () => [] as string[], reason: () => undefined },
  { name: "two hosts", namespaces: () => unshare("--pid") as string[], reason: () => cannotUnshare("--pid") },
];

for (const { name, namespaces, reason } of hosts) {
  describe(`where flock answers ENOLCK, ${name}`, () => {
    for (const backend of ["auto", "directory"] as const) {
      it(`a lock that is held is waited for (${backend}), and had when it is given back`, (t) =>
        withOthers(async (directory) => {
          const why = whyNot() ?? reason();
          if (why !== undefined) return skip(t, why);
          const path = join(directory, "state");
          const holder = ask(path, { backend }, namespaces());
          await untilHeard(holder.script, holder.heard, /^held directory false/);
          const waiter = ask(path, { backend }, namespaces());
          await untilHeard(waiter.script, waiter.heard, /^waits$/);
          // Long after the 50 milliseconds in which a file system without locks is told from a moment's refusal.
          const late = ask(path, { backend, timeout: 1_000 }, namespaces());
          assertEquals(await answerOf(late), "not in time");
          assertEquals(waiter.heard.text, "waits\n");
          await holder.release();
          await untilHeard(waiter.script, waiter.heard, /^held directory false/);
          await waiter.release();
          assertEquals(fs.readdirSync(directory), [], "nothing is left");
        }));
    }

    it("one that only tries hears at once that it is held", (t) =>
      withOthers(async (directory) => {
        const why = whyNot() ?? reason();
        if (why !== undefined) return skip(t, why);
        const path = join(directory, "state");
        const holder = ask(path, {}, namespaces());
        await untilHeard(holder.script, holder.heard, /^held directory false/);
        assertEquals(await answerOf(ask(path, { timeout: 0 }, namespaces())), "not in time");
        assert(fs.statSync(`${path}.lock`).isDirectory());
        await holder.release();
      }));
  });
}
