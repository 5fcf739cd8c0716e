/**
 * Holds the source to the floors and habits of docs/design.md, and the tests to what makes them able to fail: `deno task
 * layers`. The rules are in scripts/layers/.
 * Prints every violation as `path:line: message`; the exit code is 1 when one of them is an error.
 */
import { checkExports } from "./layers/exports.ts";
import { checkImports } from "./layers/imports.ts";
import { checkNames } from "./layers/names.ts";
import { loadProject, loadTests, type Rule, type Violation } from "./layers/project.ts";
import { checkShape } from "./layers/shape.ts";
import { checkTests } from "./layers/silent_tests.ts";
import { checkStaticNames } from "./layers/static_names.ts";
import { checkYields } from "./layers/yields.ts";
import { installTypes } from "./toolchain/npm.ts";
import { ROOT } from "./toolchain/folders.ts";

const RULES: readonly Rule[] = [checkImports, checkNames, checkShape, checkStaticNames, checkYields];

/** All violations in a source tree, by file and line. */
export async function checkLayers(root: string = ROOT): Promise<Violation[]> {
  const project = loadProject(root, root === ROOT ? await installTypes() : undefined);
  const found = RULES.flatMap((rule) => rule(project));
  // The small trees of a test have no tests, and export what nobody imports.
  if (root === ROOT) found.push(...checkExports(project), ...checkTests(loadTests(root)));
  return found.sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line);
}

if (import.meta.main) {
  const violations = await checkLayers();
  for (const { path, line, message, severity } of violations) {
    console.log(`${path}:${line}: ${severity === "warning" ? "warning: " : ""}${message}`);
  }
  if (violations.some(({ severity }) => severity === "error")) Deno.exit(1);
}
