/**
 * `node:fs` and `node:fs/promises` over a runtime, for code that is written against them: with the machine of an exploration
 * it can be proven without a change.
 *
 * Each call is written once, as an operation (open_file_calls.ts, path_calls.ts); here it gets its three forms: `nameSync`,
 * `name` with a callback, and the one of `fs.promises`. Functions of `fs` that are not simulated throw, by their names;
 * none falls through to the real disk.
 */
import { readGiven, run, runSync } from "../../core/operation.ts";
import { builtin } from "../../runtime/builtin.ts";
import { asRuntime } from "../../runtime/as_runtime.ts";
import { ambientRuntime } from "../../runtime/current.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { FileHandle, type StreamMaker } from "./file_handle.ts";
import { argumentError } from "./node_error.ts";
import { type Call, openFileCalls } from "./open_file_calls.ts";
import { exists, pathCalls } from "./path_calls.ts";
import type { Place } from "./place.ts";
import { Dirent, Stats } from "./stats.ts";
import { streamsOver } from "./streams.ts";

/** A module as an object: `fs` or `fs.promises`. */
export type SimulatedModule = Record<string, unknown>;

type Callback = (error: unknown, ...values: unknown[]) => void;
type PlaceOf = (synchronous: boolean) => Place;

/** The names of these are defined by Node: https://nodejs.org/api/util.html#utilpromisifycustom */
const promisified = Symbol.for("nodejs.util.promisify.custom");

/** Calls whose callbacks get the count and the buffer, and whose synchronous form returns the count alone. */
const counted: Readonly<Record<string, readonly [string, string]>> = {
  read: ["bytesRead", "buffer"],
  write: ["bytesWritten", "buffer"],
  readv: ["bytesRead", "buffers"],
  writev: ["bytesWritten", "buffers"],
};

function splitCallback(args: readonly unknown[]): [unknown[], Callback] {
  const callback = args.at(-1);
  if (typeof callback !== "function") throw argumentError("cb", "of type function", callback);
  return [args.slice(0, -1), callback as Callback];
}

/** Calls back in a task of its own: what the callback throws is nobody's rejection. */
function callBack(promise: Promise<readonly unknown[]>, callback: Callback): void {
  promise.then(
    (values) => queueMicrotask(() => callback(null, ...values)),
    (error) => queueMicrotask(() => callback(error)),
  );
}

/** The three forms of a call. */
function formsOf(name: string, call: Call, placeOf: PlaceOf) {
  const fields = counted[name];
  const valuesOf = (result: unknown): unknown[] =>
    fields === undefined ? [result] : fields.map((field) => Reflect.get(result as object, field));
  // In order that a wrong argument is thrown, and not told to a callback, the call is made before it is run.
  const start = (place: Place, args: readonly unknown[]) => {
    const operation = call(place, ...args);
    return run(() => operation);
  };
  return {
    synchronous: (...args: unknown[]) => valuesOf(runSync(() => call(placeOf(true), ...args)))[0],
    // deno-lint-ignore require-await -- a wrong argument is a rejection
    promised: async (...args: unknown[]) => start(placeOf(false), args),
    calledBack: (...args: unknown[]) => {
      const [rest, callback] = splitCallback(args);
      callBack(start(placeOf(false), rest).then(valuesOf), callback);
    },
  };
}

function existsForms(placeOf: PlaceOf) {
  const promised = (path: unknown) => run(() => exists(placeOf(false), path));
  const calledBack = (path: unknown, callback: (found: boolean) => void) =>
    void promised(path).then((found) => queueMicrotask(() => callback(found)));
  Reflect.set(calledBack, promisified, promised);
  return { exists: calledBack, existsSync: (path: unknown) => runSync(() => exists(placeOf(true), path)) };
}

/** Refuses by its name. What is derived from it while a module is imported finds the prototype of the real one. */
function notSimulated(name: string, real: { readonly prototype?: unknown }): () => never {
  const refuse = function (): never {
    throw new Error(`fs.${name} is not simulated, and the real disk is not touched here`);
  };
  if (real.prototype !== undefined) refuse.prototype = real.prototype;
  return refuse;
}

/** What the real module has and this one has not: constants as they are, functions that refuse. */
function withTheRest(module: SimulatedModule, real: object, name: string): SimulatedModule {
  for (const [key, value] of Object.entries(real)) {
    if (Object.hasOwn(module, key) || key === "default" || key === "promises") continue;
    module[key] = typeof value === "function" ? notSimulated(`${name}${key}`, value) : value;
  }
  return module;
}

function promisesModule(placeOf: PlaceOf, forms: Map<string, ReturnType<typeof formsOf>>, streams: StreamMaker) {
  const module: SimulatedModule = {};
  for (const name of Object.keys(pathCalls)) module[name] = forms.get(name)?.promised;
  const open = forms.get("open")?.promised;
  module["open"] = async (...args: unknown[]) =>
    new FileHandle(placeOf(false), await open?.(...args) as number, streams);
  for (const name of ["readFile", "writeFile", "appendFile"]) {
    const onPath = module[name] as (...args: unknown[]) => Promise<unknown>;
    module[name] = (file: unknown, ...args: unknown[]) => onPath(file instanceof FileHandle ? file.fd : file, ...args);
  }
  module["constants"] = builtin("node:fs").constants;
  const real: object = builtin("node:fs").promises;
  return withTheRest(module, real, "promises.");
}

/**
 * `node:fs` over a runtime, as an object; its `promises` is `node:fs/promises`.
 *
 * Simulated are files and directories, open files, symlinks, hard links, modes, owners and streams, each function with its
 * callback, as a promise, and synchronous, with Node's errors. Not simulated, and refused by name: `cp`, `glob`, `opendir`,
 * `statfs`, `lchown`, `lutimes`, and everything that watches. `process.cwd()` and `process.umask()` are not replaced: the
 * machine has its own.
 *
 * @typeParam Module The type to give it: `simulatedFs<typeof import("node:fs")>()`.
 * @param runtime What it works on. Default: the one that is in place when a function is called, which is that of the
 * exploration, or of `withRuntime`; outside of both a call throws, and the real disk is never touched.
 *
 * @example Code that is written against `node:fs`, given this instead
 * ```ts
 * import type * as fs from "node:fs";
 * import { assertSurvives, exploreCrashesSync, simulatedFs } from "@durable/atomic-write/testing";
 *
 * function save({ writeFileSync, openSync, fsyncSync, closeSync, renameSync }: typeof fs, text: string) {
 *   writeFileSync("/notes.txt.tmp", text, { flush: true });
 *   renameSync("/notes.txt.tmp", "/notes.txt");
 *   const directory = openSync("/", "r");
 *   fsyncSync(directory);
 *   closeSync(directory);
 * }
 *
 * const files = simulatedFs<typeof fs>();
 * const report = exploreCrashesSync({
 *   machine: { files: { "/notes.txt": "old" } },
 *   run: (_runtime, acknowledge) => {
 *     save(files, "new");
 *     acknowledge("saved");
 *   },
 *   check: (_runtime, acknowledged) => {
 *     const text = files.readFileSync("/notes.txt", "utf8");
 *     if (text !== "new" && acknowledged.length > 0) throw new Error(`lost: ${text}`);
 *     if (text !== "new" && text !== "old") throw new Error(`torn: ${text}`);
 *   },
 * });
 * assertSurvives(report);
 * ```
 */
export function simulatedFs<Module = SimulatedModule>(runtime?: Runtime): Module {
  const given = readGiven(() => runtime === undefined ? undefined : asRuntime(runtime, "The argument of simulatedFs"));
  const placeOf: PlaceOf = (synchronous) => {
    const found = given ?? ambientRuntime.get();
    if (found === undefined) {
      throw new Error(
        "simulatedFs() has no machine here: call it in an exploration or in withRuntime, or give it one. If this comes " +
          "from code that an exploration has called: run has ended while calls were pending, was something not awaited?",
      );
    }
    return { runtime: found, files: synchronous ? found.syncFileSystem : found.fileSystem, synchronous };
  };
  const forms = new Map(
    Object.entries({ ...openFileCalls, ...pathCalls }).map(([name, call]) => [name, formsOf(name, call, placeOf)]),
  );
  const module: SimulatedModule = { ...existsForms(placeOf), Stats, Dirent };
  for (const [name, { synchronous, calledBack, promised }] of forms) {
    module[name] = calledBack;
    module[`${name}Sync`] = synchronous;
    if (counted[name] !== undefined) Reflect.set(calledBack, promisified, promised);
  }
  for (const name of ["realpath", "realpathSync"]) Reflect.set(module[name] as object, "native", module[name]);
  const streams = streamsOver(module);
  Object.assign(module, streams);
  withTheRest(module, builtin("node:fs"), "");
  module["promises"] = promisesModule(placeOf, forms, streams);
  for (const each of [module, module["promises"] as SimulatedModule]) each["default"] = each;
  return module as Module;
}
