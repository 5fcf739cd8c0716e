/**
 * A process that works on a version store: work.ts KIND DIRECTORY WRITER LIMIT [GRACE]. Says "done N DIGEST" after each
 * step.
 *
 * - commit: commits files of its own and one that all share, LIMIT times; 0: until it is killed. Every third commit also
 *   moves a branch of its own; reservations and settings come and go.
 * - collected: for LIMIT milliseconds puts objects that others put, too, and refers to them, beside a collector with that
 *   GRACE. Ends with an error when one is gone that must be there.
 */
import * as fs from "node:fs";
import process from "node:process";
import { release, reserve } from "../../../examples/version_store/agents.ts";
import { createBranch } from "../../../examples/version_store/branches.ts";
import { commitFiles } from "../../../examples/version_store/commit_files.ts";
import { configure } from "../../../examples/version_store/configuration.ts";
import { initRepository } from "../../../examples/version_store/init.ts";
import { openObjectStore, openReferences } from "../../../src/store/mod.ts";

const [kind = "", directory = "", writer = "", limit = "0", grace = "0"] = process.argv.slice(2);
/** A line that is with the reader before anything else happens, even if this process is killed next. */
const tell = (text: string) => fs.writeSync(1, `${text}\n`);

async function commit(): Promise<void> {
  const repository = await initRepository(directory);
  for (let number = 1; number <= (Number(limit) || Infinity); number++) {
    const files = { "own.txt": `${writer} ${number} ${"x".repeat((number * 977) % 9000)}`, "all.txt": "the same" };
    const digest = await commitFiles(repository, files, `${writer} ${number}`);
    if (number % 3 === 0) await createBranch(repository, `${writer}/${number}`);
    tell(`done ${number} ${digest}`);
    if (number % 4 === 0) await reserve(repository, writer, "own.txt");
    if (number % 4 === 2) await release(repository, writer, "own.txt");
    if (number % 5 === 0) await configure(repository, { [writer]: number });
  }
}

/**
 * Whoever takes no longer than the grace period from put to reference needs nothing else. Whoever may have taken longer
 * keeps the object again now that it is referred to, or puts it again: then no collection that began before takes it.
 */
async function collected(): Promise<void> {
  const store = await openObjectStore(`${directory}/objects`);
  const references = await openReferences(`${directory}/references`);
  // Files get their times from a clock that ticks more slowly than the one that is asked here.
  const young = Number(grace) - 50;
  const end = Date.now() + Number(limit);
  for (let number = 1; Date.now() < end; number++) {
    const text = number % 3 === 0 ? `${writer} ${number}` : `common ${number % 20}`;
    const name = `kept/${writer}/${number % 20}`;
    const started = Date.now();
    const digest = await store.put(text);
    const there = await store.has(digest);
    if (!there && Date.now() - started < young) throw new Error(`${text} was put a moment ago and is gone`);
    await references.update(name, digest);
    if (Date.now() - started >= young && !await store.keep(digest)) await store.put(text);
    await store.get(digest);
    tell(`done ${number} ${digest}`);
    if (number % 5 === 0) await references.remove(`kept/${writer}/${(number + 7) % 20}`);
  }
}

await (kind === "commit" ? commit() : collected());
