/**
 * A process that works on a store, references and a log: work.ts KIND DIRECTORY WRITER COUNT. Says "begun N" before and
 * "done N …" after each step. COUNT 0: until it is killed.
 *
 * - same: puts the same 30 objects, in an order of its own.
 * - objects: puts an object of its own, N times. - references: moves a reference. - log: appends to a log of its own.
 */
import * as fs from "node:fs";
import process from "node:process";
import { openLog } from "../../../src/log/mod.ts";
import { openObjectStore, openReferences } from "../../../src/store/mod.ts";

const [kind = "", directory = "", writer = "", count = "0"] = process.argv.slice(2);
/** A line that is with the reader before anything else happens, even if this process is killed next. */
const tell = (text: string) => fs.writeSync(1, `${text}\n`);

const store = await openObjectStore(`${directory}/objects`);
const references = await openReferences(`${directory}/references`);
const last = Number(count) || Infinity;
const contentOf = (number: number): string => `${writer} ${number} ${"x".repeat((number * 977) % 5000)}`;

const kinds: Record<string, (number: number) => Promise<unknown>> = {
  same: async (number) => {
    const other = (number * 7 + writer.length) % 30;
    return await store.put(`shared ${other} ${"y".repeat(other * 300)}`);
  },
  objects: async (number) => await store.put(number % 2 === 0 ? contentOf(number) : [contentOf(number)]),
  references: async (number) => {
    const digest = await store.put(contentOf(number));
    await references.update(`heads/${writer}/deep`, digest);
    return digest;
  },
};

if (kind === "log") {
  const log = await openLog(`${directory}/log`);
  for (let number = log.nextSequence; number < last; number++) {
    tell(`begun ${number}`);
    const [sequence] = await Promise.all([log.append(contentOf(number)), log.append(contentOf(++number))]);
    tell(`done ${number} ${sequence}`);
    if (number % 40 === 0) {
      await log.checkpoint(`${number}`);
    }
  }
} else {
  const step = kinds[kind];
  if (step === undefined) throw new Error(`There is no kind ${kind}`);
  for (let number = 1; number <= last; number++) {
    tell(`begun ${number}`);
    const digest = await step(number);
    tell(`done ${number} ${digest}`);
  }
}
