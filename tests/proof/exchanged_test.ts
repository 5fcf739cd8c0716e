/**
 * The directory is exchanged at every call: somebody renames it away and puts another one in its place, with files of
 * the same names. Whatever a step then says of itself is true of the directory that it has worked in, and what else
 * there is in either is left alone.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { FileError } from "../../mod.ts";
import { type Fault, faultRuntime, type MemoryRuntime, type SeamCall } from "../../src/testing/mod.ts";
import { mostlyOnDeno, turn } from "../support/effort.ts";
import { notEmpty, tally } from "../support/tally.ts";
import { stories } from "./stories.ts";
import { machineOf, type Story } from "./story.ts";

/** Every how many of the calls are tried, and from which on: in each run of the whole suite others. */
const stride = mostlyOnDeno({ quick: 11, normal: turn === undefined ? 1 : 4, long: 1 });
const first = (turn ?? 0) % stride;

const moved = "/moved";
const theirs = "theirs";

/** The directory that was put there: which files of it nobody may touch, and which have the names of the first one's. */
interface Exchanged {
  readonly bystanders: readonly string[];
  readonly names: readonly string[];
}

/** Puts another directory in place of one, with the same names. */
function exchange(machine: MemoryRuntime, home: string): Exchanged {
  const root = machine.fork({ user: 0 });
  const names = Object.keys(machine.files(home)).filter((path) => !path.endsWith("/") && !path.includes("/."));
  root.syncFileSystem.rename(home, moved);
  for (const path of names) machine.put(path, { content: theirs, mode: 0o666 });
  const bystanders = [`${home}/bystander`, `${home}/deep/bystander`];
  for (const path of bystanders) machine.put(path, theirs);
  return { bystanders, names };
}

/** Whether a step has done something in the directory that was put there: made a file of its own, or removed one. */
function wasDoneHere(machine: MemoryRuntime, home: string, { names }: Exchanged): boolean {
  return Object.values(machine.files(home)).some((text) => text !== theirs && text !== "") ||
    names.some((path) => machine.statusOf(path) === undefined);
}

/** Puts the first directory back. */
function giveBack(machine: MemoryRuntime, home: string): void {
  const root = machine.fork({ user: 0 });
  root.syncFileSystem.rename(home, "/theirs");
  root.syncFileSystem.rename(moved, home);
}

/** Runs a step, and exchanges its directory right before one of its calls; undefined when there is no such call. */
function exchanged(story: Story, done: number, number: number): string | undefined {
  const machine = machineOf(story, done);
  let put: Exchanged | undefined;
  const at: Fault["at"] = (_call: SeamCall, index: number) => {
    if (index === number) put = exchange(machine, story.home);
    return false;
  };
  let error: unknown;
  try {
    story.steps[done]?.run(faultRuntime(machine, { at, error: "EIO" }).runtime);
  } catch (thrown) {
    error = thrown;
  }
  if (put === undefined) return undefined;
  for (const path of notEmpty(put.bystanders)) {
    assertEquals(machine.readText(path), theirs, `${path} is somebody else's`);
  }
  assertEquals(machine.openHandles, [], "open handles");
  const here = wasDoneHere(machine, story.home, put);
  giveBack(machine, story.home);
  story.recover?.(machine);
  if (error === undefined) {
    assert(here || story.shows(machine, done + 1), "it has succeeded, and is nowhere to be seen");
    return "done";
  }
  assert(error instanceof Error, `it has thrown ${String(error)}`);
  const isUnchanged = FileError.is(error) && error.targetState === "unchanged";
  if (isUnchanged) assert(story.shows(machine, done), `it says that nothing is changed: ${error.message}`);
  return "refused";
}

describe("a directory that is exchanged under", () => {
  for (const story of notEmpty(stories)) {
    it(story.name, () => {
      const happened = tally(`the directory of "${story.name}" is exchanged`, ["done", "refused"]);
      for (const [done, step] of story.steps.entries()) {
        if (machineOf(story, done).statusOf(story.home) === undefined) continue;
        for (let number = first;; number += stride) {
          let outcome: string | undefined;
          try {
            outcome = exchanged(story, done, number);
          } catch (error) {
            throw new Error(`${step.name}, before call ${number}: ${error}`, { cause: error });
          }
          if (outcome === undefined) break;
          happened.count(outcome === "done" ? "done" : "refused");
        }
      }
      // A share of the calls may meet one of the two only.
      happened.enough(stride === 1 ? {} : { done: 0, refused: 0 });
      assert(happened.counts.done + happened.counts.refused > 0, "nothing was exchanged");
    });
  }
});
