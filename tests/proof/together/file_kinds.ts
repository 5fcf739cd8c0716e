/** Operations on files that may meet: each writes its own word. */
import { assert } from "@std/assert";
import {
  copyFile,
  removeFile,
  sweep,
  updateTextFile,
  withLock,
  writeFile,
  type WriteFileOptions,
  writeFileSync,
  type WriteResult,
} from "../../../mod.ts";
import { absent, type Kind, type Part, type Tell, textAt } from "./part.ts";

const old = "old";
const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

/** A part whose target is one file that it leads to `word`. */
function single(path: string, word: string, run: Part["run"]): Part {
  return {
    files: { [path]: old },
    keys: { [path]: textAt(path) },
    writes: { [path]: (version) => version === word },
    ordered: word,
    run,
  };
}

/** Holds a write to what it has said. */
function held(path: string, version: string, result: WriteResult, tell: Tell): WriteResult {
  if (result.durability !== "full") return result;
  // Overtaken by a later call, or equal: then what is there is as durable as this one was to be.
  if (result.changed) tell.done(path, version);
  else if (result.superseded === true) tell.overtaken(path);
  else tell.found(path);
  return result;
}

function writing(name: string, options: WriteFileOptions): Kind {
  return {
    name,
    family: "file",
    at: (path, word) =>
      single(
        path,
        word,
        async (runtime, tell, signal) =>
          held(path, word, await writeFile(path, word, { ...options, runtime, signal }), tell),
      ),
  };
}

/** Under a lock the order is that of the lock. */
const locked: Kind = {
  name: "locked write",
  family: "file",
  at: (path, word) => {
    const { ordered: _, ...part } = writing("", { lock: true }).at(path, word);
    return { ...part, locked: true };
  },
};

/** Writes what is there already, unless somebody else is quicker. */
const equal: Kind = {
  name: "equal",
  family: "file",
  at: (path) => ({
    files: { [path]: old },
    keys: { [path]: textAt(path) },
    ordered: old,
    finds: true,
    run: async (runtime, tell, signal) => {
      const result = await writeFile(path, old, { skipIfEqual: true, runtime, signal });
      return held(path, old, result, tell);
    },
  }),
};

const synchronous: Kind = {
  name: "synchronous write",
  family: "file",
  at: (path, word) =>
    single(path, word, async (runtime, tell) => {
      // A step before it, so that it does not always come first.
      await runtime.fileSystem.stat(path);
      tell.calls();
      const result = writeFileSync(path, word, { runtime });
      // And one behind it, so that readers have looked before anything is promised.
      await runtime.fileSystem.stat(path);
      return held(path, word, result, tell);
    }),
};

const create: Kind = {
  name: "create-only",
  family: "file",
  onlyNew: true,
  at: (path, word) => {
    const { ordered: _, ...part } = writing("", { ifExists: "fail" }).at(path, word);
    return { ...part, files: {}, refusals: ["ConflictError"] };
  },
};

const copy: Kind = {
  name: "copy",
  family: "file",
  at: (path, word) => {
    const source = `/s/${word}`;
    const part = single(
      path,
      word,
      async (runtime, tell, signal) => held(path, word, await copyFile(source, path, { runtime, signal }), tell),
    );
    return { ...part, files: { ...part.files, [source]: word } };
  },
};

const remove: Kind = {
  name: "remove",
  family: "file",
  at: (path) => ({
    files: { [path]: old },
    keys: { [path]: textAt(path) },
    ordered: absent,
    run: async (runtime, tell, signal) => {
      const { durability, removed } = await removeFile(path, { runtime, signal });
      if (durability === "full" && removed) tell.done(path, absent);
    },
  }),
};

const update: Kind = {
  name: "update",
  family: "file",
  at: (path, word) => {
    const mark = `+${word}`;
    return {
      files: { [path]: old },
      keys: { [path]: textAt(path) },
      writes: { [path]: (version) => version.includes(mark) },
      locked: true,
      run: async (runtime, tell, signal) => {
        let version = "";
        const change = (before: string | undefined) => version = `${before ?? ""}${mark}`;
        const result = await updateTextFile(path, change, { runtime, signal });
        return held(path, version, result, tell);
      },
    };
  },
};

const lock: Kind = {
  name: "lock",
  family: "file",
  at: (path) => ({
    files: { [path]: old },
    keys: { [path]: textAt(path) },
    run: async (runtime, tell, signal) => {
      await withLock(path, async () => {
        tell.fact(`${path} taken`);
        await runtime.fileSystem.stat(path);
        tell.fact(`${path} given back`);
      }, { runtime, signal });
    },
    check: (_machine, { facts }) => {
      const times = (what: string) => facts.filter((fact) => fact === `${path} ${what}`).length;
      assert(times("taken") - times("given back") <= 1, "a lock has two holders");
    },
  }),
};

const sweeping: Kind = {
  name: "sweep",
  family: "directory",
  at: (path) => ({
    run: async (runtime) => {
      // Long enough for everything to be old: what lives must be left alone all the same.
      await runtime.clock.sleep(61_000);
      await sweep(directoryOf(path), { runtime });
    },
  }),
};

/** Operations on files and on what lies about beside them. */
export const fileKinds: readonly Kind[] = [
  writing("write", {}),
  copy,
  remove,
  create,
  update,
  writing("backup", { backup: 1 }),
  locked,
  equal,
  synchronous,
  lock,
  sweeping,
];
