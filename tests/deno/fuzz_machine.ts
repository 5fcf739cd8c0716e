/**
 * Random sequences of operations, options, faults and crashes on a simulated machine, beside a model of a few lines: per
 * file, what programs see, and everything that a power cut may leave.
 */
import { assert, assertEquals } from "@std/assert";
import { copyFileSync, FileError, removeFileSync, sweepSync, updateTextFileSync, writeFileSync } from "../../mod.ts";
import type { WriteFileSyncOptions, WriteResult } from "../../mod.ts";
import { parseTemporaryName } from "../../src/protocol/names/names.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { crashStates, faultRuntime, fittingErrors, type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { commitTurnsInUse } from "../support/commit_turns.ts";
import { notEmpty } from "../support/tally.ts";

/** One step of a sequence. */
export type Step =
  | { readonly kind: "write" | "update"; readonly path: string; readonly text: string; readonly options: Options }
  | { readonly kind: "copy"; readonly path: string; readonly from: string; readonly options: Options }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "sweep" }
  | { readonly kind: "fault"; readonly at: number; readonly which: number; readonly always: boolean }
  | { readonly kind: "crash"; readonly seed: number; readonly loss: number };

/** What a write may be asked for. */
export type Options = Pick<WriteFileSyncOptions, "durability" | "skipIfEqual" | "backup" | "lock" | "mode" | "digest">;

/** A file in the model. */
interface Expected {
  visible: string | undefined;
  /** What a power cut may leave; undefined among them: nothing. */
  readonly possible: Set<string | undefined>;
  /** Whether a power cut may leave it torn. */
  torn: boolean;
}

type Told = Pick<WriteResult, "durability"> & { readonly changed: boolean };

/** The files there are. */
export const paths = ["/d/a", "/d/b", "/e/c"] as const;

/** A machine and its model. */
export class FuzzMachine {
  #machine: MemoryRuntime = memoryRuntime({ files: { "/d/": { kind: "directory" }, "/e/": { kind: "directory" } } });
  readonly #model = new Map<string, Expected>(
    paths.map((path) => [path, { visible: undefined, possible: new Set([undefined]), torn: false }]),
  );
  #fault: Extract<Step, { kind: "fault" }> | undefined;
  /** A sync has failed for real: what is pending may be lost for ever, and no later sync tells. */
  #doubt = false;

  readonly #broken: (machine: MemoryRuntime) => Runtime;

  /** An empty machine. `broken` puts something between it and the engine. */
  constructor(broken: (machine: MemoryRuntime) => Runtime = (machine) => machine) {
    this.#broken = broken;
  }

  /** Does a step and compares. */
  step(step: Step): void {
    if (step.kind === "fault") this.#fault = step;
    else if (step.kind === "crash") this.#crash(step.seed, step.loss);
    else if (step.kind === "sweep") this.#sweep();
    else this.#operate(step);
    for (const [path, { visible }] of notEmpty(this.#model)) assertEquals(this.#machine.readText(path), visible, path);
    assertEquals(this.#machine.openHandles, []);
    assertEquals(commitTurnsInUse(), { undecided: 0, targets: 0, idle: 0 });
  }

  #file(path: string): Expected {
    const file = this.#model.get(path);
    assert(file !== undefined);
    return file;
  }

  #operate(step: Exclude<Step, { kind: "fault" | "crash" | "sweep" }>): void {
    const file = this.#file(step.path);
    const intended = step.kind === "remove"
      ? undefined
      : step.kind === "copy"
      ? this.#file(step.from).visible ?? file.visible
      : step.kind === "update"
      ? (file.visible ?? "") + step.text
      : step.text;
    const before = this.#temporaries();
    let named: readonly string[] = [];
    try {
      const told = this.#withFault((runtime) => this.#call(step, runtime));
      named = Reflect.get(told, "leftBehind") ?? [];
      this.#settle(file, intended, told);
    } catch (error) {
      assert(FileError.is(error), `${error} is no FileError`);
      assert(error.targetState !== "unknown" || error.step === "remove", error.message);
      named = error.leftBehind;
      const now = this.#machine.readText(step.path);
      // Of what a caller is told, the state of the file is the part he acts upon.
      if (error.targetState === "unchanged") assertEquals(now, file.visible, "unchanged");
      if (error.targetState === "replaced") assertEquals(now, intended, "replaced");
      file.visible = now;
      file.possible.add(intended);
    }
    const left = this.#temporaries().filter((path) => !before.includes(path) && !named.includes(path));
    assertEquals(left, [], "left behind and not named");
  }

  #call(step: Exclude<Step, { kind: "fault" | "crash" | "sweep" }>, runtime: Runtime): Told {
    if (step.kind === "remove") {
      const { removed, durability } = removeFileSync(step.path, { runtime });
      return { changed: removed, durability };
    }
    const options = { ...step.options, runtime };
    if (step.kind === "copy") return copyFileSync(step.from, step.path, options);
    if (step.kind === "write") return writeFileSync(step.path, step.text, options);
    const { skipIfEqual: _always, lock = true, ...rest } = options;
    return updateTextFileSync(step.path, (text = "") => text + step.text, { ...rest, lock: lock || true });
  }

  #withFault<T>(call: (runtime: Runtime) => T): T {
    const fault = this.#fault;
    this.#fault = undefined;
    const runtime = this.#broken(this.#machine);
    if (fault === undefined) return call(runtime);
    const faulty = faultRuntime(runtime, {
      at: fault.at,
      error: (call) => fittingErrors(call)[fault.which % fittingErrors(call).length] ?? "EIO",
      times: fault.always ? "always" : "once",
    });
    try {
      return call(faulty.runtime);
    } finally {
      if (faulty.struck?.method === "sync") this.#doubt = true;
    }
  }

  #settle(file: Expected, intended: string | undefined, told: Told): void {
    file.visible = intended;
    // A sync that has nothing of its own to write proves nothing once another one has failed.
    const proven = told.durability === "full" && (told.changed || !this.#doubt);
    if (proven) {
      file.possible.clear();
      file.torn = false;
    }
    file.possible.add(intended);
    if (told.durability === "none") file.torn = true;
  }

  #crash(seed: number, loss: number): void {
    this.#machine = crashStates(this.#machine, { volatile: (path) => path.endsWith(".lock") }).sample(seed, loss)
      .start();
    this.#doubt = false;
    this.#fault = undefined;
    for (const [path, file] of notEmpty(this.#model)) {
      const found = this.#machine.readText(path);
      const allowed = [...file.possible];
      if (!file.torn) {
        assert(allowed.includes(found), `${path}: ${JSON.stringify(found)} of ${JSON.stringify(allowed)}`);
      }
      file.visible = found;
      file.possible.clear();
      file.possible.add(found);
      file.torn = false;
    }
  }

  #sweep(): void {
    this.#machine.clock.advance(61_000);
    sweepSync("/", { recursive: true, olderThan: 61_000, runtime: this.#machine });
    assertEquals(this.#temporaries(), []);
  }

  #temporaries(): string[] {
    const names = Object.keys(this.#machine.files());
    return names.filter((path) => parseTemporaryName(path.slice(path.lastIndexOf("/") + 1)) !== undefined);
  }
}
