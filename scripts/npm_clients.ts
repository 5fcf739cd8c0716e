/**
 * `deno task npm:clients`: installs jest, nyc, stylelint, bin-links, lowdb, conf, keyv and vitest from npm with the built
 * packages in their places, and lets each do some of its own work; then docs/testing.md is followed in vitest, node:test
 * and Bun. Needs the npm registry. Ends with status 1 when something is not done, or not by ours.
 */
import { guideFile, guideSteps } from "./guide_files.ts";
import { ATOMICALLY, CLIENTS, countCalls, doJob, JOBS } from "./npm/clients.ts";
import { packPackage } from "./npm/section.ts";
import { SYNCHRONOUS_SAVES } from "./npm/synchronous_saves.ts";
import { execute } from "./process.ts";
import { printFile } from "./suite/report.ts";
import type { FileResult } from "./suite/run_files.ts";
import { step } from "./suite/step.ts";
import { prepareBun } from "./toolchain/bun.ts";
import { prepareNode } from "./toolchain/node.ts";
import { npm } from "./toolchain/npm.ts";
import { chooseStandardLibrary, readWanted } from "./toolchain/standard_library.ts";

async function install(folder: string, tarball: string, override: string): Promise<void> {
  Deno.mkdirSync(`${folder}/atomically`, { recursive: true });
  for (const [path, text] of Object.entries(ATOMICALLY)) Deno.writeTextFileSync(`${folder}/${path}`, text);
  const manifest = {
    private: true,
    type: "module",
    dependencies: { ...CLIENTS, "@durable/atomic-write": `file:${tarball}`, "write-file-atomic": `file:${override}` },
    overrides: { "write-file-atomic": "$write-file-atomic", atomically: "file:./atomically" },
  };
  Deno.writeTextFileSync(`${folder}/package.json`, JSON.stringify(manifest));
  await npm(["install", "--ignore-scripts"], { directory: folder, timeout: 600_000 });
}

/** What docs/testing.md gives each runner to type, and how it is started. */
function runners(node: string, bun: string): Record<string, { file: string; text: string; command: string[] }> {
  const [, body = ""] = guideFile("notes_test.js").split('./notes.js";\n');
  const mocking = (runner: string) => guideFile(`notes.test.js (${runner})`) + body.replace("Deno.test(", "test(");
  return {
    vitest: {
      file: "notes.test.js",
      text: guideFile("notes.test.js"),
      command: [node, "node_modules/vitest/vitest.mjs", "run", "notes.test.js"],
    },
    "node:test": {
      file: "notes.node.js",
      text: mocking("node:test"),
      command: [node, "--test", "--experimental-test-module-mocks", "notes.node.js"],
    },
    Bun: { file: "notes.bun.test.js", text: mocking("Bun"), command: [bun, "test", "notes.bun.test.js"] },
  };
}

async function follow(folder: string, file: string, text: string, [program = "", ...args]: string[]): Promise<string> {
  Deno.writeTextFileSync(`${folder}/${file}`, text);
  for (const { text: notes, says } of [...guideSteps(), ...SYNCHRONOUS_SAVES]) {
    Deno.writeTextFileSync(`${folder}/notes.js`, notes);
    const { code, output } = await execute(program, args, { directory: folder, timeout: 120_000 });
    const passes = says === "1 passed";
    if ((code === 0) !== passes || (!passes && !output.includes(says))) return `it should say "${says}":\n${output}`;
  }
  return "";
}

const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "atomic-write-clients-" }));
const results: FileResult[] = [];
const add = async (name: string, run: () => Promise<string | void>) => {
  const result = await step(name, run);
  printFile("clients", result, true);
  results.push(result);
};
try {
  const [node, bun] = [await prepareNode("24"), await prepareBun()];
  const { results: packing, tarball, override } = await packPackage(folder, await chooseStandardLibrary(readWanted()));
  results.push(...packing);
  const project = `${folder}/project`;
  await add("npm install", () => install(project, tarball, override));
  await add("every write-file-atomic below node_modules is ours", async () => {
    const { copies, others } = await Promise.resolve(countCalls(project));
    return copies === 0 ? "there is none" : others.join("\n");
  });
  for (const job of JOBS) await add(job.name, () => doJob(project, node.command, job));
  for (const [name, { file, text, command }] of Object.entries(runners(node.command, bun.command))) {
    await add(`docs/testing.md in ${name}`, () => follow(project, file, text, command));
  }
} finally {
  Deno.removeSync(folder, { recursive: true });
}
const failed = results.filter(({ tests }) => tests.some(({ state }) => state === "failed")).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
