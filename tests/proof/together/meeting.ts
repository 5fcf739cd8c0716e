/**
 * Operations that meet, in every order of their steps: what is checked of all of them alike.
 *
 * - Old or new and never else: a name leads only to versions that readers have seen it lead to, or that a recovery brings.
 * - Acknowledged is durable: after a power cut, to that version or to one that came later; but see doubt.ts.
 * - Superseded tells the truth: readers have never seen that version, and the operation that has overtaken it came later.
 * - Calls of one process take effect in the order they were made.
 * - What is thrown says the truth: "unchanged" where nobody has seen the version, "replaced" where somebody has.
 * - Without a failing call, all succeed, or are refused as they may be.
 * - At the end nothing is open, nobody listens, no turn is taken (exploreSchedules sees to that), and no temporary name is
 *   left that the error does not name.
 */
import { assert, assertEquals } from "@std/assert";
import type { Runtime } from "../../../src/runtime/runtime.ts";
import {
  exploreSchedules,
  type MemoryRuntime,
  type ScheduleOptions,
  type ScheduleReport,
} from "../../../src/testing/mod.ts";
import { recoverTransactionsSync } from "../../../src/transaction/mod.ts";
import { checkErrors, checkOrder, checkSuperseded, checkVersions, type Readers } from "./checks.ts";
import { countedSignal } from "./counted_signal.ts";
import { type Fact, isInDoubt, withoutDoubtful } from "./doubt.ts";
import type { Kind, Part } from "./part.ts";

/** Where operations meet. */
export type Place = "one target" | "one directory" | "one file system";

/** Operations, two as a rule, and where they meet. */
export interface Meeting {
  readonly kinds: readonly Kind[];
  readonly place: Place;
  readonly processes: "one" | "each";
}

/** How a meeting is explored. */
export type Effort = Pick<
  ScheduleOptions,
  "preemptions" | "limit" | "samples" | "disks" | "recoveryDisks" | "faults" | "schedule" | "seed"
>;

/** The path of each operation. */
const paths: Record<Place, readonly string[]> = {
  "one target": ["/d/a", "/d/a", "/d/a"],
  "one directory": ["/d/a", "/d/b", "/d/c"],
  "one file system": ["/d/a", "/e/b", "/f/c"],
};
const words = ["one", "two", "three"];
const directories = ["/d", "/e", "/f"];

/** The closest place at which two kinds can meet. */
export function closestPlace(one: Kind, other: Kind): Place {
  return one.family === other.family && one.family !== "directory" ? "one target" : "one directory";
}

/** A meeting in one line. */
export function nameOf({ kinds, place, processes }: Meeting): string {
  const names = kinds.map(({ name }) => name).join(" and ");
  return `${names}, ${place}, ${processes === "one" ? "one process" : "a process each"}`;
}

/** What happens in one order. */
interface Happening {
  readonly machine: MemoryRuntime | undefined;
  /** The versions that readers have seen, by key. */
  readonly history: Map<string, string[]>;
}

/** Explores a meeting. */
export async function explore(meeting: Meeting, effort: Effort): Promise<ScheduleReport> {
  const { kinds, place, processes } = meeting;
  // A synchronous call cannot wait for syncs in flight: it relies on a file system that refuses changes once it has failed.
  const silent = kinds.every(({ name }) => name !== "synchronous write");
  const journal = silent ? "silent" : "ext4";
  const parts = kinds.map((kind, index) => kind.at(paths[place][index] ?? "", words[index] ?? ""));
  const files: NonNullable<Part["files"]> = Object.assign({}, ...parts.map((part) => part.files ?? {}));
  const onlyNew = kinds.some((kind) => kind.onlyNew) ? paths[place] : [];
  const before = Object.fromEntries(Object.entries(files).filter(([path]) => !onlyNew.includes(path)));
  const keys: Readers = Object.entries(Object.assign({}, ...parts.map((part) => part.keys ?? {})));
  let first: ReadonlyMap<string, string> = new Map();
  let happening: Happening = { machine: undefined, history: new Map() };
  /** In which order the operations of one process were called. */
  let called: { readonly runtime: Runtime | undefined; readonly order: number[] } = { runtime: undefined, order: [] };
  const conflicts = new WeakMap<MemoryRuntime, readonly string[]>();
  /** Of all recoveries: one that is cut off has told nobody, and may have ended the transaction all the same. */
  const everConflicts = new Set<string>();
  /** Each order begins anew, also after one that was given up. */
  const historyOn = (machine: MemoryRuntime) => {
    if (machine !== happening.machine) {
      happening = { machine, history: new Map([...first].map(([key, version]) => [key, [version]])) };
    }
    return happening.history;
  };
  return await exploreSchedules({
    ...effort,
    machine: {
      disk: { clone: true, journal },
      files: { ...Object.fromEntries(directories.map((path) => [path, { kind: "directory" as const }])), ...before },
    },
    processes,
    volatile: (path) => path.endsWith(".lock"),
    setup: (machine) => {
      for (const part of parts) part.setup?.(machine);
      first = new Map(keys.map(([key, read]) => [key, read(machine)]));
    },
    together: parts.map((part, by) => async (runtime, acknowledge) => {
      if (runtime !== called.runtime) called = { runtime, order: [] };
      called.order.push(by);
      const fact = (fact: Fact) => acknowledge(fact);
      // What is told keeps its order, so only those tell it of whom it is asked (checks.ts).
      if (part.finds === true) fact({ begun: by });
      const { signal, listeners } = countedSignal();
      try {
        return await part.run(runtime, {
          done: (key, version) => fact({ done: key, version, by }),
          overtaken: (key) => fact({ done: key, version: undefined, by }),
          found: (key) => {
            assert(part.finds === true, `${key} is found by a part that never finds anything`);
            fact({ found: key, by });
          },
          calls: () => {
            called.order.splice(called.order.indexOf(by), 1);
            called.order.push(by);
          },
          durable: (text) => fact({ durable: text, by }),
          fact: (text) => fact({ fact: text }),
        }, signal);
      } finally {
        assertEquals(listeners(), 0, "somebody listens at the end");
      }
    }),
    watch: (machine, acknowledge) => {
      const history = historyOn(machine);
      for (const [key, read] of keys) {
        const version = read(machine);
        if (version === history.get(key)?.at(-1)) continue;
        history.get(key)?.push(version);
        acknowledge({ seen: key, version });
      }
    },
    ended: (outcome) => {
      const history = historyOn(outcome.machine);
      checkErrors(parts, outcome, history);
      if (processes === "each") return;
      checkSuperseded(parts, outcome, { history, order: called.order });
      // A removal that is on its way cannot be held up by a synchronous call.
      if (silent || !kinds.some(({ name }) => name === "remove")) {
        checkOrder(parts, outcome, { history, order: called.order });
      }
    },
    recover: (machine) => {
      const left = recoverAll(machine);
      conflicts.set(machine, left);
      for (const path of left) everConflicts.add(path);
      for (const part of parts) part.recover?.(machine);
    },
    check: (machine, told, failed) => {
      const all = told as readonly Fact[];
      const facts = processes === "one" ? all : withoutDoubtful(all, failed, (by) => parts[by]?.rests === true);
      const doubts = parts.map((_, index) => processes === "each" && isInDoubt(index, failed));
      checkVersions({ parts, keys, first, doubts }, machine, facts);
      const left = failed === undefined ? conflicts.get(machine) ?? [] : [...everConflicts];
      // What somebody writes without the lock, between the commit of a transaction and its rename, is neither old nor new.
      const unlocked = (path: string) => parts.some((part) => part.keys?.[path] !== undefined && part.locked !== true);
      if (failed === undefined) {
        assertEquals(left.filter((path) => !unlocked(path)), [], "a recovery leaves files alone");
      }
      const said = facts.flatMap((fact) => "fact" in fact ? [fact.fact] : "durable" in fact ? [fact.durable] : []);
      const seen = (key: string) => all.flatMap((fact) => "seen" in fact && fact.seen === key ? [fact.version] : []);
      parts.forEach((part, index) => {
        part.check?.(machine, { facts: said, conflicts: left, inDoubt: doubts[index] === true, seen });
      });
    },
  });
}

/** What a program does that starts again; the files that recovery has left alone. */
function recoverAll(machine: MemoryRuntime): string[] {
  const transactions = Object.keys(machine.files()).some((path) => /\.(journal|marker|rolling-back)/.test(path));
  if (!transactions) return [];
  return directories.flatMap((directory) => recoverTransactionsSync(directory, { runtime: machine }).conflicts);
}
