/**
 * Between any two calls of an operation, from the moment its directory is open, another directory takes
 * that one's place (others can do that here), or a symlink to a third: nothing there is touched, whatever its names.
 */
import { assert, assertEquals, fail } from "@std/assert";
import { describe, it } from "node:test";
import { FileError, removeFileSync, writeFileSync } from "../../mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { faultRuntime, type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { publishDirectorySync } from "../../src/transaction/mod.ts";
import { notEmpty, tally } from "../support/tally.ts";
import { afterRenameTo, applyAndDie, scenario } from "../transaction/support.ts";
import { file, home, operations } from "./neighbour_operations.ts";

/** Those that open their directory once. What they lock first they lock by path on a safe way, and is not looked at here. */
const opening = operations.filter(({ opens }) => opens !== undefined);

/** What takes the place of the directory; and where its files are then. */
const exchanges: readonly [name: string, put: (machine: MemoryRuntime) => string][] = [
  ["another directory", (machine) => {
    for (const name of ["file", "fresh", "f0", "f1"]) machine.put(`${home}/${name}`, "theirs");
    return home;
  }],
  ["a symlink to another directory", (machine) => {
    machine.put(home, { symlink: "/victim" });
    return "/victim";
  }],
];

const newMachine = (anchored = true): MemoryRuntime =>
  memoryRuntime({
    user: 0,
    capabilities: { anchored },
    files: {
      // Somebody else's, who can put another one in its place.
      "/home/n": { kind: "directory", user: 7, mode: 0o755 },
      [home]: { kind: "directory", user: 0, mode: 0o755 },
      [file]: { content: "old", mode: 0o640 },
      "/source": "source",
      "/victim/file": "theirs",
      "/victim/other": "",
    },
  });

/** With a transaction that has died, two generations, and a backup. */
function prepared(): MemoryRuntime {
  const machine = newMachine();
  const files = scenario(2, [home]);
  for (const [path, text] of Object.entries(files.old)) if (text !== undefined) machine.put(path, text);
  writeFileSync(file, "old", { runtime: machine, backup: 1 });
  for (const text of ["one", "two"]) {
    const build = (directory: string) => machine.put(`${directory}/page`, text);
    publishDirectorySync(`${home}/site`, build, { runtime: machine });
  }
  applyAndDie(machine, files, afterRenameTo("/f0"));
  return machine;
}

/** Everything there is in a directory, with owners and modes. */
function picture(machine: MemoryRuntime, directory: string): unknown[] {
  const entries = Object.entries(machine.files(directory)).filter(([path]) => !path.endsWith(".lock"));
  return entries.map(([path, text]) => {
    const status = machine.statusOf(path.replace(/\/$/, ""));
    return [path, text, status?.mode, status?.user, status?.identity];
  });
}

/** What has taken the place of the directory, and what had been in it when it did. */
interface Exchanged {
  readonly machine: MemoryRuntime;
  readonly directory: string;
  readonly before: unknown[];
  readonly error: unknown;
}

/** Runs an operation, and exchanges its directory before one of its calls, from 1 after the opening; undefined: none left. */
function exchanged(
  run: (runtime: Runtime) => unknown,
  put: (machine: MemoryRuntime) => string,
  number: number,
  machine = newMachine(),
): Exchanged | undefined {
  let opened = false;
  let passed = 0;
  let seen: { readonly directory: string; readonly before: unknown[] } | undefined;
  const { runtime } = faultRuntime(machine, {
    at: (call) => {
      if (opened && ++passed === number) {
        machine.fork({ user: 0 }).syncFileSystem.rename(home, "/moved");
        const directory = put(machine);
        seen = { directory, before: picture(machine, directory) };
      }
      opened ||= call.method === "openDirectory";
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
  return seen && { machine, ...seen, error };
}

describe("nothing is touched in what takes the place of an open directory:", () => {
  for (const [what, put] of notEmpty(exchanges)) {
    for (const { name, run, opens } of notEmpty(opening)) {
      const locks = opens === "locks";
      it(`${name}, ${what}`, () => {
        const happened = tally(`the directory of ${name} is exchanged for ${what}`, ["done", "refused"]);
        for (let number = 1;; number++) {
          const after = exchanged(run, put, number, locks ? prepared() : newMachine());
          if (after === undefined) break;
          const { machine, directory, before, error } = after;
          assertEquals(picture(machine, directory), before, `exchanged before call ${number}`);
          assertEquals(machine.openHandles, []);
          assert(error === undefined || FileError.is(error), `before call ${number}: ${error}`);
          const left = Object.keys(machine.files("/moved")).filter((path) => path.endsWith(".tmp"));
          if (!locks) assertEquals(left, [], `left after an exchange before call ${number}`);
          happened.count(error === undefined ? "done" : "refused");
        }
        happened.enough({ done: locks ? 0 : 1, refused: 0 });
      });
    }
  }

  it("where names are reached by path, these exchanges show that", () => {
    const [, put] = exchanges[0] ?? fail();
    const remove = (runtime: Runtime) => removeFileSync(file, { runtime, unsafePath: "allow" });
    const touched = [1, 2, 3, 4, 5].map((number) => {
      const after = exchanged(remove, put, number, newMachine(false)) ?? fail();
      return JSON.stringify(picture(after.machine, after.directory)) !== JSON.stringify(after.before);
    });
    assert(touched.includes(true));
  });
});
