/**
 * Holds the source to the floors and habits of docs/design.md, and the tests to what makes them able to fail: `deno task
 * layers`. The rules are in scripts/layers/.
 * Prints every violation as `path:line: message`; the exit code is 1 when one of them is an error. `--lower` first writes
 * down what has become less of what there is too much of (scripts/layers/ratchets.ts).
 */
import { checkExports } from "./layers/exports.ts";
import { checkImports } from "./layers/imports.ts";
import { checkNames } from "./layers/names.ts";
import { checkDocuments, checkMutants, checkPhrases, checkTitles } from "./layers/phrases.ts";
import { loadProject, loadTests, type Rule, type Violation } from "./layers/project.ts";
import { checkRatchets, countAll, type Counts } from "./layers/ratchets.ts";
import { checkShape } from "./layers/shape.ts";
import { checkTests } from "./layers/silent_tests.ts";
import { checkStaticNames } from "./layers/static_names.ts";
import { checkYields } from "./layers/yields.ts";
import { installTypes } from "./toolchain/npm.ts";
import { ROOT } from "./toolchain/folders.ts";

const RULES: readonly Rule[] = [checkImports, checkNames, checkPhrases, checkShape, checkStaticNames, checkYields];

const KNOWN = `${ROOT}/scripts/layers/known.json`;

function readKnown(): Counts {
  return JSON.parse(Deno.readTextFileSync(KNOWN)) as Counts;
}

/** Writes down what has become less; what has become more stays refused. */
async function lower(): Promise<void> {
  const known = readKnown();
  const counts = countAll(loadProject(ROOT, await installTypes()));
  const lowered = Object.entries(counts).map(([what, files]) => [
    what,
    Object.fromEntries(
      Object.entries(known[what] ?? {}).flatMap(([path, most]) => {
        const now = Math.min(most, files[path] ?? 0);
        return now === 0 ? [] : [[path, now] as const];
      }),
    ),
  ]);
  Deno.writeTextFileSync(KNOWN, `${JSON.stringify(Object.fromEntries(lowered), undefined, 2)}\n`);
}

/** All violations in a source tree, by file and line. */
export async function checkLayers(root: string = ROOT): Promise<Violation[]> {
  const project = loadProject(root, root === ROOT ? await installTypes() : undefined);
  const found = [...RULES.flatMap((rule) => rule(project)), ...checkDocuments(root)];
  // The small trees of a test have no tests, and export what nobody imports.
  if (root === ROOT) {
    const tests = loadTests(root);
    found.push(...checkExports(project), ...checkTests(tests), ...checkTitles(tests), ...checkMutants(root));
    found.push(...checkRatchets(project, readKnown()));
  }
  return found.sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line);
}

if (import.meta.main) {
  if (Deno.args.includes("--lower")) await lower();
  const violations = await checkLayers();
  for (const { path, line, message, severity } of violations) {
    console.log(`${path}:${line}: ${severity === "warning" ? "warning: " : ""}${message}`);
  }
  if (violations.some(({ severity }) => severity === "error")) Deno.exit(1);
}
