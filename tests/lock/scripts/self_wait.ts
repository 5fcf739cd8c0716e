/**
 * Waits for a lock that this program holds itself, with nothing else left to do. self_wait.ts PATH update|abort|two|exit
 *
 * In a function, not at the top level, where only Node tells that nothing is left to do.
 */
import process from "node:process";
import { acquireLock, updateJsonFile } from "../../../mod.ts";

const [path = "", how = ""] = process.argv.slice(2);

async function main(): Promise<void> {
  const held = await acquireLock(path);
  const name = (error: unknown) => error instanceof Error ? error.name : String(error);
  if (how === "exit") setTimeout(() => process.exit(7), 50);
  const waits = how === "abort"
    ? [acquireLock(path, { signal: AbortSignal.timeout(100) })]
    : [updateJsonFile(path, () => ({ n: 1 })), ...how === "two" ? [acquireLock(path)] : []];
  const ends = await Promise.all(waits.map((wait) => wait.then(() => "had it", name)));
  console.log(ends.join());
  await held.release();
  console.log("released");
}

main();
