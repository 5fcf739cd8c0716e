/**
 * A file is exchanged at every call: somebody else, who takes no locks, puts a file of his own in place of the targets or
 * of the lock file, or symlinks that lead to it. Whatever a step then makes of it, that file is never written to: it
 * may lose its name to a whole new file, and keeps its content, mode and owner. What a step says of itself is true.
 * exchanged_test.ts does the same to directories.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { FileError } from "../../mod.ts";
import { runSync, wait } from "../../src/core/operation.ts";
import { type Fault, faultRuntime, type MemoryRuntime } from "../../src/testing/mod.ts";
import { mostlyOnDeno, turn } from "../support/effort.ts";
import { notEmpty, tally } from "../support/tally.ts";
import { stories } from "./stories.ts";
import { machineOf, type Step, type Story } from "./story.ts";

/** Every how many of the calls are tried, and from which on: in each run of the whole suite others. */
const stride = mostlyOnDeno({ quick: 7, normal: turn === undefined ? 1 : 4, long: 1 });
const first = (turn ?? 0) % stride;

const theirs = "theirs";
/** The process may write to it, and change its mode: nothing but care protects it. */
const theirFile = { content: theirs, mode: 0o666, user: 1000, group: 1000 };
const isLockFile = (path: string): boolean => path.endsWith(".lock");

/** The files that others can see and know. */
function targetsIn(machine: MemoryRuntime, { home }: Story): string[] {
  if (machine.statusOf(home) === undefined) return [];
  return Object.keys(machine.files(home)).filter((path) =>
    !path.endsWith("/") && !isLockFile(path) && !path.slice(home.length).includes("/.")
  );
}

/** What is put where, and what is in danger. */
interface Kind {
  readonly name: string;
  readonly isSymlink: boolean;
  namesFor(machine: MemoryRuntime, story: Story, step: Step): string[];
}

const kinds: readonly Kind[] = [
  { name: "other files", isSymlink: false, namesFor: targetsIn },
  { name: "symlinks to other files", isSymlink: true, namesFor: targetsIn },
  {
    name: "another lock file",
    isSymlink: false,
    namesFor: (machine, _story, { lock }) =>
      lock !== undefined && machine.statusOf(`${lock}.lock`) !== undefined ? [`${lock}.lock`] : [],
  },
];

const placeOf = (index: number): string => `/theirs/${index}`;
const keptAt = (index: number): string => `/theirs/kept/${index}`;

/** Puts their files, or symlinks to them, under these names. Each has one more name, by which it is looked at in the end. */
function exchange(machine: MemoryRuntime, names: readonly string[], isSymlink: boolean): void {
  const root = machine.fork({ user: 0 }).syncFileSystem;
  for (const [index, name] of names.entries()) {
    machine.put(keptAt(index), theirFile);
    root.link(keptAt(index), placeOf(index));
    const passing = `/theirs/passing${index}`;
    if (isSymlink) root.symbolicLink(placeOf(index), passing);
    else root.link(keptAt(index), passing);
    root.rename(passing, name);
  }
}

/** What became of a step, whose files were exchanged right before one of its calls. */
interface Outcome {
  readonly machine: MemoryRuntime;
  readonly names: readonly string[];
  readonly error: unknown;
}

/** Undefined when there is no such call, or nothing to exchange at that moment. */
function outcomeOf(kind: Kind, story: Story, done: number, number: number): Outcome | "nothing there" | undefined {
  const machine = machineOf(story, done);
  const step = story.steps[done] as Step;
  let names: string[] | undefined;
  const at: Fault["at"] = (_call, index) => {
    if (index !== number) return false;
    names = kind.namesFor(machine, story, step);
    exchange(machine, names, kind.isSymlink);
    return false;
  };
  let error: unknown;
  try {
    step.run(faultRuntime(machine, { at, error: "EIO" }).runtime);
  } catch (thrown) {
    error = thrown;
  }
  if (names === undefined) return undefined;
  return names.length === 0 ? "nothing there" : { machine, names, error };
}

function check(kind: Kind, story: Story, done: number, { machine, names, error }: Outcome): void {
  for (const [index, name] of notEmpty(names.entries())) {
    const status = machine.statusOf(keptAt(index));
    assertEquals(
      { content: machine.readText(keptAt(index)), mode: status?.mode, user: status?.user, group: status?.group },
      theirFile,
      `what is somebody else's was changed, under ${name}`,
    );
  }
  assertEquals(machine.openHandles, [], "open handles");
  assert(error === undefined || error instanceof Error, `it has thrown ${String(error)}`);
  if (kind.namesFor !== targetsIn) {
    // Whoever put it there takes it away again, so that the lock can be had.
    for (const name of notEmpty(names)) if (machine.readText(name) === theirs) machine.syncFileSystem.remove(name);
    story.recover?.(machine);
    const isUnchanged = FileError.is(error) && error.targetState === "unchanged";
    if (error === undefined) assert(story.shows(machine, done + 1), "it has succeeded, and is nowhere to be seen");
    else if (isUnchanged) assert(story.shows(machine, done), `it says that nothing is changed: ${error}`);
  }
}

for (const kind of notEmpty(kinds)) {
  describe(`${kind.name} are put in place of those of`, () => {
    for (const story of notEmpty(stories)) {
      it(story.name, () => {
        const happened = tally(`${kind.name}, "${story.name}"`, ["done", "refused", "nothing there"]);
        for (const [done, step] of story.steps.entries()) {
          for (let number = first;; number += stride) {
            const outcome = outcomeOf(kind, story, done, number);
            if (outcome === undefined) break;
            if (outcome === "nothing there") {
              happened.count("nothing there");
              continue;
            }
            try {
              check(kind, story, done, outcome);
            } catch (error) {
              throw new Error(`${step.name}, before call ${number}: ${error}`, { cause: error });
            }
            happened.count(outcome.error === undefined ? "done" : "refused");
          }
        }
        happened.enough({ "done": 0, "refused": 0, "nothing there": 0 });
        assert(happened.counts.done + happened.counts.refused > 0, "nothing was exchanged");
      });
    }
  });
}

it("a step that writes in place is caught", () => {
  const story: Story = {
    name: "written in place",
    home: "/d",
    machine: { files: { "/d/a": "old" } },
    steps: [{
      name: "write",
      run: (runtime) =>
        runSync(function* () {
          const file = yield* wait(runtime.syncFileSystem.open("/d/a", "read-write"));
          assert(file !== undefined);
          yield* wait(file.write(new TextEncoder().encode("new")));
          yield* wait(file.close());
        }),
    }],
    shows: () => true,
  };
  for (const kind of notEmpty(kinds.filter(({ namesFor }) => namesFor === targetsIn))) {
    const outcome = outcomeOf(kind, story, 0, 0);
    assert(typeof outcome === "object", `${outcome}`);
    assertThrows(() => check(kind, story, 0, outcome), Error, "what is somebody else's was changed");
  }
});
