/** The example does what it says: the naive save loses data and is shown to, the other two are proven. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { fixedSave, naiveSave, prove, savedForYou } from "../../examples/prove_your_own_save.ts";
import { describeCrashReport } from "../../src/testing/mod.ts";

test("a save without syncs loses the old notes and the new ones", () => {
  const report = prove(naiveSave);
  assert(report.exhaustive === false || report.violations.length > 0);
  const [first] = report.violations;
  assert(first !== undefined);
  assertStringIncludes(describeCrashReport(report), "--- power cut ---");
  assertStringIncludes(String(first.error), 'found ""');
  assertEquals(first.trace.at(-2), "rename /home/notes.txt.tmp → /home/notes.txt");
});

for (const [name, save] of Object.entries({ fixedSave, savedForYou })) {
  test(`${name} is proven in every state`, () => {
    const report = prove(save);
    assertEquals(report.violations, []);
    assert(report.exhaustive);
    assert(report.states > 5, String(report.states));
  });
}
