/**
 * The lock is lost at every call between its taking and the change: somebody has broken it and holds it now. Up to the
 * last look at the lock, right before the change, the operation must refuse to change anything; if it is lost after that
 * and before the change, the operation must not be acknowledged.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  acquireLockSync,
  breakLockSync,
  inspectLockSync,
  LockLostError,
  type TargetState,
  updateTextFileSync,
  writeFileSync,
} from "../../mod.ts";
import { type Fault, faultRuntime, type MemoryRuntime, memoryRuntime, type SeamCall } from "../../src/testing/mod.ts";
import { mostlyOnDeno } from "../support/effort.ts";
import { notEmpty, tally } from "../support/tally.ts";
import { stories } from "./stories.ts";
import { isOfLock, machineOf, type Step, type Story } from "./story.ts";

const backends = ["flock", "directory"] as const;
type Backend = typeof backends[number];

/** Each call, on the runtime that does it all. */
const stride = mostlyOnDeno({ quick: 7, normal: 1, long: 1 });

/** No step makes so many calls. */
const longest = 2_000;

/** How many calls there may be between the last look at the lock and the change, which nothing can shorten to none. */
const window = 4;

/** Takes the lock from whoever holds it, as somebody who removes lock files does. */
function rob(machine: MemoryRuntime, lock: string, backend: Backend): MemoryRuntime {
  const robber = machine.fork();
  if (backend === "flock") robber.syncFileSystem.remove(`${lock}.lock`);
  else {
    const info = inspectLockSync(lock, { runtime: robber });
    assert(info !== undefined && breakLockSync(lock, info, { runtime: robber }), "the lock is broken");
  }
  acquireLockSync(lock, { backend, timeout: 0, runtime: robber });
  return robber;
}

const machineWith = (story: Story, done: number, backend: Backend): MemoryRuntime =>
  machineOf(
    backend === "flock" ? story : { ...story, machine: { ...story.machine, capabilities: { fileLock: "none" } } },
    done,
  );

const lastName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

function isChange(step: Step, call: SeamCall): boolean {
  if (isOfLock(call)) return false;
  const moves = call.method === "rename" || call.method === "link";
  const changed = moves ? String(call.operands[0]) : call.path;
  if (step.commit !== undefined) return step.commit.test(`${call.method} ${call.path} → ${changed}`);
  return ["rename", "link", "remove", "write", "truncate"].includes(call.method) && !lastName(changed).startsWith(".");
}

const isLook = ({ lock }: Step, { method, path }: SeamCall): boolean =>
  path.startsWith(`${lock}.lock`) && ["linkStat", "stat"].includes(method);

/** Where a step has its lock, where it looks at it for the last time before it changes something, and where it does. */
interface Held {
  readonly from: number;
  readonly look: number;
  readonly change: number;
}

function held(story: Story, done: number, step: Step, backend: Backend): Held {
  const machine = machineWith(story, done, backend);
  let [from, look, change, taken] = [-1, -1, -1, -1];
  const at: Fault["at"] = (call, index) => {
    const isLocked = backend === "flock"
      ? machine.isLocked(`${step.lock}.lock`)
      : machine.statusOf(`${step.lock}.lock`)?.kind === "directory";
    if (isOfLock(call) && ["tryLock", "write", "rename"].includes(call.method)) taken = index;
    // Whoever takes an exclusive lock writes into it last; a shared one is looked at once more.
    if (from < 0 && isLocked && !isOfLock(call)) {
      from = step.looksAfter === true ? index : taken + 1;
      if (look < from) look = -1;
    }
    const isBefore = change < 0 || step.looksAfter === true;
    if (isLocked && isBefore && isLook(step, call)) look = index;
    if (from >= 0 && change < 0 && isChange(step, call)) change = index;
    return false;
  };
  step.run(faultRuntime(machine, { at, error: "EIO" }).runtime);
  return { from, look, change };
}

/** What is told of a step whose lock is lost right before one of its calls; undefined: that it has succeeded. */
function toldOf(story: Story, done: number, backend: Backend, number: number): TargetState | undefined {
  const step = story.steps[done] as Step;
  const machine = machineWith(story, done, backend);
  let robber: MemoryRuntime | undefined;
  const at: Fault["at"] = (_call, index) => {
    if (index === number) robber = rob(machine, step.lock ?? "", backend);
    if (index > number + longest) throw new Error("it waits for the lock that it has lost");
    return false;
  };
  try {
    step.run(faultRuntime(machine, { at, error: "EIO" }).runtime);
    return undefined;
  } catch (error) {
    assert(LockLostError.is(error), `not a lost lock: ${error}`);
    robber?.kill();
    if (step.looksAfter === true) return error.targetState;
    if (error.targetState === "unknown") return error.targetState;
    const shown = error.targetState === "unchanged" ? done : done + 1;
    assert(story.shows(machine, shown), `${error.targetState}, and yet: ${JSON.stringify(machine.files())}`);
    return error.targetState;
  }
}

describe("a lock that is lost is noticed by", () => {
  const cases = stories.flatMap((story) =>
    story.steps.flatMap((step, done) => step.lock === undefined ? [] : [{ story, step, done }])
  );
  for (const { story, step, done } of notEmpty(cases)) {
    for (const backend of backends) {
      it(`${story.name}: ${step.name} (${backend})`, () => {
        const { from, look, change } = held(story, done, step, backend);
        const places = `lock at ${from}, last look at ${look}, change at ${change}`;
        assert(from >= 0 && look >= from, places);
        assert(step.looksAfter === true || (change > look && change - look <= (step.window ?? window)), places);
        const happened = tally(`${story.name}: ${step.name} (${backend})`, ["noticed"]);
        const tried = Array.from({ length: look - from + 1 }, (_, index) => look - index).filter((_, index) =>
          index % stride === 0
        );
        for (const number of notEmpty(tried)) {
          const told = toldOf(story, done, backend, number);
          if (told === "unchanged" || (step.looksAfter === true && told !== undefined)) happened.count("noticed");
        }
        happened.enough({ noticed: tried.length });
        // Lost between that look and the change: it is made, and told to be in doubt.
        const late = Array.from({ length: Math.max(0, change - look) }, (_, index) => look + 1 + index);
        for (const number of late) {
          const told = toldOf(story, done, backend, number);
          assertEquals(told === undefined, step.untold === true, `${told}: lost at ${number}, ${places}`);
        }
      });
    }
  }
});

describe("a lock that is lost is noticed although the file has the very content that was to be written:", () => {
  const path = "/d/counter";
  type Call = (options: Parameters<typeof updateTextFileSync>[2], whileHeld: () => void) => unknown;
  const calls: readonly [name: string, call: Call][] = [
    ["an update that counts", (options, whileHeld) => {
      updateTextFileSync(path, (old) => (whileHeld(), String(Number(old) + 1)), options);
    }],
    [
      "an update that changes nothing but the mode",
      (options, whileHeld) => updateTextFileSync(path, () => void whileHeld(), { ...options, mode: 0o600 }),
    ],
    [
      "a write of pieces, compared when they are staged",
      (options, whileHeld) => {
        const pieces = function* () {
          whileHeld();
          yield new TextEncoder().encode("2");
        };
        writeFileSync(path, pieces(), { ...options, skipIfEqual: true });
      },
    ],
  ];
  for (const [name, call] of calls) {
    for (const backend of backends) {
      it(`${name} (${backend})`, () => {
        const machine = memoryRuntime({ files: { [path]: "1" } });
        const whileHeld = () => void writeFileSync(path, "2", { runtime: rob(machine, path, backend) });
        const error = assertThrows(() => call({ lock: { backend }, runtime: machine }, whileHeld), LockLostError);
        assertEquals(error.targetState, "unchanged");
        const { mode } = machine.statusOf(path) ?? {};
        assertEquals([machine.readText(path), mode], ["2", 0o644]);
      });
    }
  }
});
