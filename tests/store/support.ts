/** What the tests of src/store share. */
import { createHash } from "node:crypto";
import type { MemoryRuntime } from "../../src/testing/mod.ts";

/** SHA-256 in hexadecimal, by the runtime's own library. */
export const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

/** Where an object is below the directory of its store. */
export const placeOf = (digest: string): string => `${digest.slice(0, 2)}/${digest.slice(2)}`;

/** Texts whose digests all begin with `shard`. */
export function textsOfShard(shard: string, count: number): string[] {
  const texts: string[] = [];
  for (let number = 0; texts.length < count; number++) {
    const text = `content ${number}`;
    if (sha256(text).startsWith(shard)) texts.push(text);
  }
  return texts;
}

/** The files of a machine, but for locks. */
export function filesWithoutLocks(machine: MemoryRuntime, directory = "/"): Record<string, string> {
  return Object.fromEntries(Object.entries(machine.files(directory)).filter(([path]) => !path.endsWith(".lock")));
}

/** The temporary files of a machine. */
export const temporaries = (machine: MemoryRuntime): string[] =>
  Object.keys(machine.files()).filter((path) => path.endsWith(".tmp"));

/** Everything an asynchronous iterable yields. */
export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Numbers that look random and are the same in every run. */
export function pseudoRandom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
