/**
 * What has to hold on the Windows builds and that no test of the suite can say, because it needs all builds at once or a
 * clock: increments of one counter by all of them lose nothing, and what is refused is refused at once. Each row is counted
 * like a test; the figures are printed.
 */
import { execute } from "../process.ts";
import { newDirectory, removeLeftovers } from "../suite/leftovers.ts";
import type { FileResult } from "../suite/run_files.ts";
import { step } from "../suite/step.ts";
import type { WindowsBuild } from "./folder.ts";
import { scriptOnWindows } from "./runners.ts";
import { openSession, type Session, windowsPath } from "./session.ts";

const increments = 50;
/** Milliseconds. */
const longestRefusal = 50;

async function run(build: WindowsBuild, session: Session, script: readonly string[]): Promise<string> {
  const [command, ...args] = scriptOnWindows(build, session, script);
  const { code, output } = await execute(command, args);
  if (code !== 0) throw new Error(`${build.title}: ${script[0]} ended with ${code}: ${output}`);
  return output;
}

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = newDirectory();
  try {
    await work(directory);
  } finally {
    removeLeftovers(directory);
  }
}

/** All builds add to one counter at the same time. */
function nothingIsLost(builds: readonly WindowsBuild[], session: Session): Promise<void> {
  return inDirectory(async (directory) => {
    const path = `${directory}/count.json`;
    const script = ["tests/lock/scripts/increment.ts", windowsPath(path), String(increments)];
    await Promise.all(builds.map((build) => run(build, session, script)));
    const { count } = JSON.parse(Deno.readTextFileSync(path));
    const wanted = builds.length * increments;
    console.log(`increments of ${builds.length} builds at once: ${count} of ${wanted}`);
    if (count !== wanted) throw new Error(`${count} of ${wanted}`);
  });
}

function refusesAtOnce(build: WindowsBuild, session: Session): Promise<void> {
  return inDirectory(async (directory) => {
    const output = await run(build, session, ["tests/real/scripts/refusals.ts", windowsPath(directory)]);
    const shortest: Record<string, number | "done"> = JSON.parse(output.trim().split("\n").at(-1) ?? "");
    console.log(`${build.title}: refusals in ms: ${JSON.stringify(shortest)}`);
    const late = Object.entries(shortest).filter(([, took]) => took === "done" || took >= longestRefusal);
    if (late.length > 0) throw new Error(`not refused within ${longestRefusal} ms: ${JSON.stringify(late)}`);
  });
}

/** Runs all rows, in a session of their own. */
export async function mustHold(builds: readonly WindowsBuild[]): Promise<FileResult[]> {
  const session = await openSession("must_hold");
  try {
    const results = [await step("increments of all builds at once", () => nothingIsLost(builds, session))];
    for (const build of builds) {
      results.push(await step(`${build.title} refuses at once`, () => refusesAtOnce(build, session)));
    }
    return results;
  } finally {
    await session.close();
  }
}
