/** The ways of saving a file that are compared: ours, those of others, and those of a shell. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { type Durability, writeFile } from "../../mod.ts";

/** Saves a file; resolves when the caller may believe that it is saved. */
export type Save = (path: string, data: Uint8Array, mode?: number) => Promise<void>;

/** A program of the shell that reads the new content and has the path as "$0". */
function shell(script: string): Save {
  // deno-lint-ignore require-await -- what it throws shall be a rejection, like that of the others
  return async (path, data) => {
    const { status, error, stderr } = spawnSync("sh", ["-c", script, path], { input: data, encoding: "utf8" });
    if (error !== undefined) throw error;
    if (status !== 0) throw new Error(`${script} ended with status ${status}: ${stderr}`);
  };
}

function ours(durability: Durability): Save {
  return async (path, data, mode) => {
    const result = await writeFile(path, data, { durability, ...(mode === undefined ? {} : { mode }) });
    if (result.durability !== durability) throw new Error(`durability reached is ${JSON.stringify(result.durability)}`);
  };
}

type Loader = (peers: string) => Promise<Save>;

const load = async (peers: string, name: string): Promise<unknown> =>
  await import(pathToFileURL(createRequire(`${peers}/index.js`).resolve(name)).href);

const loaders: Record<string, Loader> = {
  "atomic-write": () => Promise.resolve(ours("full")),
  'atomic-write, durability "file"': () => Promise.resolve(ours("file")),
  'atomic-write, durability "none"': () => Promise.resolve(ours("none")),
  "write-file-atomic": async (peers) => {
    const { default: write } = await load(peers, "write-file-atomic") as {
      default: (path: string, data: Uint8Array) => Promise<void>;
    };
    return (path, data) => write(path, data);
  },
  atomically: async (peers) => {
    const { writeFile: write } = await load(peers, "atomically") as {
      writeFile: (path: string, data: Uint8Array) => Promise<void>;
    };
    return (path, data) => write(path, data);
  },
  steno: async (peers) => {
    const { Writer } = await load(peers, "steno") as {
      Writer: new (path: string) => { write(data: Uint8Array): Promise<void> };
    };
    const writers = new Map<string, { write(data: Uint8Array): Promise<void> }>();
    return (path, data) => {
      const writer = writers.get(path) ?? new Writer(path);
      writers.set(path, writer);
      return writer.write(data);
    };
  },
  "fs.writeFile": () => Promise.resolve((path: string, data: Uint8Array) => fs.promises.writeFile(path, data)),
  "cat > temporary && mv": () => Promise.resolve(shell('cat > "$0.new" && mv "$0.new" "$0"')),
  sponge: () => Promise.resolve(shell('sponge "$0"')),
};

/** The names of the methods, ours first. */
export const methods: readonly string[] = Object.keys(loaders);

/** A method; `peers` is the node_modules folder that those of npm are in. */
export async function loadMethod(name: string, peers: string): Promise<Save> {
  const loader = loaders[name];
  if (loader === undefined) throw new Error(`There is no method ${name}`);
  return await loader(peers);
}
