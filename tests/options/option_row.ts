/**
 * What a row of the table of options says, and how it is run: the function is called in the same scene without the
 * option and with it, and what is seen must be exactly what the row says of each.
 *
 * Which options there are is nowhere listed by hand: a function is called once with a proxy in place of its options, and
 * whatever it asks that proxy for is an option (`optionsOf`). So an option that is added without a row is found, and so
 * is a row of an option that is gone.
 */
import { type Awaitable, run, wait } from "../../src/core/operation.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { type MemoryOptions, type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";

/** Options as a function gets them. */
export type Options = Readonly<Record<string, unknown>>;

/** Where a function is called. */
export interface Scene {
  readonly machine: MemoryRuntime;
  /** What is given as its runtime: the machine, or the machine with something around it. */
  readonly runtime: Runtime;
  /** What the function is about. */
  readonly path: string;
}

/** A public function with options, in the form of both drivers. */
export interface PublicFunction {
  /** Its name in the doors; `store.put` for a method of what `openObjectStore` answers. */
  readonly name: string;
  /** The two exports it is, or of which it is a method; one, where there is no twin. */
  readonly exports: readonly string[];
  /** Calls it; `synchronous`: as its twin. */
  call(scene: Scene, options: Options, synchronous: boolean): Awaitable<unknown>;
  /** What must be there for a call without any options. */
  readonly files?: NonNullable<MemoryOptions["files"]>;
  /** What it is about, where that is not the usual file. */
  readonly path?: string;
  /** It has no option `runtime`: what it belongs to has been given one. */
  readonly bound?: true;
  /** Options it cannot be called without. */
  readonly needed?: Options;
}

/** What was seen of one call. */
export interface Seen extends Scene {
  /** The code of its error, or the name or text of an error without one; undefined when it succeeded. */
  readonly code: string | undefined;
  /** What it answered. */
  readonly value: unknown;
}

/** An option, and what difference it makes. */
export interface OptionRow {
  /** Its name; `lock.timeout` for an option in an option. */
  readonly option: string;
  readonly value?: unknown;
  /** The value, where it depends on the scene. */
  readonly valueIn?: (scene: Scene) => unknown;
  /** What is given in both calls. */
  readonly base?: Options;
  readonly path?: string;
  readonly machine?: MemoryOptions;
  /** What is done first, in both calls. */
  readonly before?: (scene: Scene) => unknown;
  /** What is around the machine, in both calls. */
  readonly around?: (machine: MemoryRuntime) => Runtime;
  /** How often it is called; what is seen is the last one. */
  readonly times?: number;
  /** Only asynchronously: the option must be refused by the twin, by its name. */
  readonly only?: "async";
  readonly see: (seen: Seen) => unknown;
  readonly without: unknown;
  readonly with: unknown;
}

const usualFiles: NonNullable<MemoryOptions["files"]> = {
  "/d/a": { content: "old", mode: 0o640, group: 50 },
  "/d/link": { symlink: "a" },
  "/d/hard": "old",
  "/d/twin": { link: "/d/hard" },
  "/s": "source",
  "/e/": { kind: "directory" },
};

function sceneOf(called: PublicFunction, row?: OptionRow): Scene {
  const machine = memoryRuntime({
    groups: [50, 60],
    ...row?.machine,
    files: { ...usualFiles, ...called.files, ...row?.machine?.files },
  });
  machine.syncAll();
  return { machine, runtime: row?.around?.(machine) ?? machine, path: row?.path ?? called.path ?? "/d/a" };
}

const isObject = (value: unknown): value is Options =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Options with getters have a class of their own; what is not plain is asked for every name. */
class OwnClass {}

/** Options that note which names they are asked for. `given`: what is answered. */
function noting(given: Options, names: Set<string>, prefix = ""): Options {
  return new Proxy(given, {
    getPrototypeOf: () => OwnClass.prototype,
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof name === "string") names.add(prefix + name);
      if (typeof name !== "string" || !["lock", "defaults", "owner"].includes(name)) return value;
      return noting(isObject(value) ? value : {}, names, `${prefix}${name}.`);
    },
  });
}

/** Every option that a function asks for; one that holds further ones stands for them. */
export async function optionsOf(called: PublicFunction, synchronous: boolean): Promise<string[]> {
  const scene = sceneOf(called);
  const names = new Set<string>();
  const given = { ...called.needed, ...called.bound === true ? {} : { runtime: scene.runtime } };
  try {
    await called.call(scene, noting(given, names), synchronous);
  } catch (error) {
    // What it asks for, it asks for before anything else.
    if (names.size === 0) throw error;
  }
  return [...names].filter((name) => name !== "then").sort();
}

/** `lock.timeout: 5` into the options. */
function withOption(options: Options, [name = "", ...deeper]: readonly string[], value: unknown): Options {
  const inner = Reflect.get(options, name) as Options | undefined;
  return { ...options, [name]: deeper.length === 0 ? value : withOption(inner ?? {}, deeper, value) };
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  if (typeof code === "string") return code;
  return error instanceof Error ? error.message : String(error);
}

async function seen(called: PublicFunction, row: OptionRow, given: boolean, synchronous: boolean): Promise<unknown> {
  const scene = sceneOf(called, row);
  await row.before?.(scene);
  const value = row.valueIn === undefined ? row.value : row.valueIn(scene);
  const isRuntime = called.bound === true || row.option === "runtime";
  const base = { ...called.needed, ...isRuntime ? {} : { runtime: scene.runtime }, ...row.base };
  const options = given ? withOption(base, row.option.split("."), value) : base;
  let outcome: Pick<Seen, "code" | "value"> = { code: undefined, value: undefined };
  for (let time = 0; time < (row.times ?? 1); time++) {
    try {
      outcome = { code: undefined, value: await run(() => wait(called.call(scene, options, synchronous))) };
    } catch (error) {
      outcome = { code: codeOf(error), value: undefined };
    }
  }
  return await row.see({ ...scene, ...outcome });
}

/** What was seen without the option, and with it. */
export async function difference(called: PublicFunction, row: OptionRow, synchronous: boolean): Promise<unknown[]> {
  return [await seen(called, row, false, synchronous), await seen(called, row, true, synchronous)];
}

/** The row of a function's option: its own, or that of its family. */
export function rowFor(rows: readonly OptionRow[], option: string): OptionRow | undefined {
  return rows.find((row) => row.option === option);
}
