/**
 * Sequential commits to a version store, each with one new file: microseconds of a commit, and of the processor for it,
 * in each thousand. Then all of them are read, and everything is looked at. Started by bench/store.ts.
 */
import fs from "node:fs";
import process from "node:process";
import { currentCommit } from "../../examples/version_store/branches.ts";
import { check } from "../../examples/version_store/check.ts";
import { commitFiles } from "../../examples/version_store/commit_files.ts";
import { history } from "../../examples/version_store/commits.ts";
import { initRepository } from "../../examples/version_store/init.ts";

const { directory, count } = JSON.parse(process.argv[2] ?? "{}") as { directory: string; count: number };
const repository = await initRepository(directory);
const part = Math.max(1, Math.floor(count / 10));
const elapsed: number[] = [];
const processor: number[] = [];
for (let number = 1; number <= count; number += part) {
  const [started, used] = [performance.now(), process.cpuUsage()];
  for (let each = number; each < number + part && each <= count; each++) {
    await commitFiles(repository, { "file.txt": `content ${each}` }, `commit ${each}`);
  }
  elapsed.push((performance.now() - started) * 1000 / part);
  const { user, system } = process.cpuUsage(used);
  processor.push((user + system) / part);
}

let read = 0;
for await (const { message } of history(repository, await currentCommit(repository) ?? "")) {
  if (message !== `commit ${count - read++}`) throw new Error(`unexpected: ${message}`);
}
const { problems, notes } = await check(repository);
const left = fs.readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".tmp"));
console.log(JSON.stringify({ elapsed, processor, read, problems, notes, left }));
process.exit(0);
