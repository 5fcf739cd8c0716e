/** Tests that pass without testing anything are found by scripts/layers/silent_tests.ts; those that do test, are not. */
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { loadTests } from "../../scripts/layers/project.ts";
import { checkTests } from "../../scripts/layers/silent_tests.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

const LISTS = `export const some = [1, 2];
export const none: number[] = [];
export const named = { a: 1 };
export function checked(): number[] { return notEmpty(none); }
export function found(): number[] { return none; }
`;

/** The lines of complaint about the body of a file. */
function complaints(text: string): Promise<number[]> {
  return withTemporaryDirectory((root) => {
    Deno.mkdirSync(`${root}/tests`);
    Deno.writeTextFileSync(`${root}/tests/lists.ts`, LISTS);
    const head = 'import { checked, found, named, none, some } from "./lists.ts"; ';
    Deno.writeTextFileSync(`${root}/tests/a_test.ts`, head + text);
    return checkTests(loadTests(root)).filter(({ path }) => path === "tests/a_test.ts").map(({ line }) => line);
  });
}

const SILENT = [
  'it("a", () => { if (onWindows) return; assert(x); });',
  'it("a", (t) => withDirectory(async (directory) => { if (onWindows) return; assert(x); }));',
  'if (onLinux) it("a", () => assert(x));',
  "try { work(); } catch {}",
  "work().catch(() => {});",
  "work().then(next, () => {});",
  'it("a", () => { for (const each of found()) assert(each); });',
  'it("a", () => { for (const each of none) assert(each); });',
  'it("a", () => { for (const each of some.filter(Boolean)) assertEquals(each, 1); });',
  "for (const each of none) it(each, () => {});",
  "function check(list: number[]) { for (const each of list) assert(each); }",
];
const SOUND = [
  'it("a", (t) => { if (onWindows) return skip(t, "needs signals"); assert(x); });',
  'it("a", () => { hook(() => { if (seen) return; count++; }); assert(count); });',
  'it("a", () => { for (const each of some) assert(each); });',
  'it("a", () => { for (const [name, value] of Object.entries(named)) assert(name, value); });',
  'it("a", () => { for (const each of [...some, ...found()].map(String)) assert(each); });',
  'it("a", () => { for (const each of notEmpty(found())) assert(each); });',
  'it("a", () => { for (const each of checked()) assert(each); });',
  'it("a", () => { const list = found(); assertEquals(list.length, 3); for (const each of list) assert(each); });',
  'it("a", () => { for (const each of found()) use(each); });',
  "try { work(); } catch { /* it is gone already */ }",
];

describe("tests that pass without testing anything", () => {
  for (const text of SILENT) {
    it(`are found: ${text}`, async () => assertEquals(await complaints(text), [1]));
  }
  for (const text of SOUND) {
    it(`are not: ${text}`, async () => assertEquals(await complaints(text), []));
  }
  it("are allowed with a reason, and with none they are not", async () => {
    const text = "function check(list: number[]) {\n // check-tests: allow -- may hold nothing\n" +
      " for (const each of list) assert(each);\n}";
    assertEquals(await complaints(text), []);
    assertEquals(await complaints(text.replace(/ -- .*/, "")), [3]);
  });
});
