/** What nobody imports is found by scripts/layers/exports.ts, whichever way it could have been imported. */
import { assertEquals } from "@std/assert";
import { it } from "node:test";
import { checkExports } from "../../scripts/layers/exports.ts";
import { loadProject } from "../../scripts/layers/project.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

const USES: readonly (readonly [path: string, text: string])[] = [
  ["src/b.ts", 'import { a } from "./a.ts"; a;'],
  ["src/b.ts", 'import { a as other } from "./a.ts"; other;'],
  ["mod.ts", 'export { a } from "./src/a.ts";'],
  ["mod.ts", 'export * from "./src/a.ts";'],
  ["tests/b_test.ts", 'import * as all from "../src/a.ts"; all;'],
  ["scripts/b.ts", 'const { a } = await import("../src/a.ts"); a;'],
  ["src/b.ts", 'type A = typeof import("./a.ts").a; null as unknown as A;'],
];

function unused(files: Record<string, string>): Promise<string[]> {
  return withTemporaryDirectory((root) => {
    for (const [path, text] of Object.entries(files)) {
      Deno.mkdirSync(`${root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      Deno.writeTextFileSync(`${root}/${path}`, text);
    }
    return checkExports(loadProject(root, undefined)).map(({ path, line, message }) => `${path}:${line}: ${message}`);
  });
}

for (const [path, text] of USES) {
  it(`an export is used by ${path}: ${text}`, async () => {
    assertEquals(await unused({ "src/a.ts": "export const a = 1;\n", [path]: text }), []);
  });
}

it("an export that nobody imports is found, whatever it is", async () => {
  const text = "export const a = 1;\nexport interface B {}\nexport type C = 1;\nexport function d() {}\n";
  const other = 'import { a } from "./other/a.ts"; a;';
  assertEquals(
    await unused({ "src/a.ts": text, "src/b.ts": other }),
    ["a", "B", "C", "d"].map((name, index) => `src/a.ts:${index + 1}: nobody imports ${name}: it need not be exported`),
  );
});
