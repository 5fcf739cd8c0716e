/**
 * What JSR's score looks at in a package and its formula finds in the source: a README, a comment for each entry and for
 * each symbol of it (JSR is content with most; here it is all), no types that it would have to guess.
 * https://jsr.io/docs/scoring
 */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { mustExecute } from "../../scripts/process.ts";
import { readProject } from "../../scripts/npm_manifest.ts";
import { ROOT } from "../../scripts/toolchain/folders.ts";

interface Entry {
  module_doc?: { doc?: string };
  symbols: { name: string; declarations: { jsDoc?: { doc?: string } }[] }[];
}

test("every entry and every symbol that JSR shows has a comment of its own", async () => {
  const silent: string[] = [];
  for (const [name, path] of Object.entries(readProject().exports)) {
    const text = await mustExecute(Deno.execPath(), ["doc", "--json", path], { directory: ROOT });
    const [entry] = Object.values(JSON.parse(text).nodes as Record<string, Entry>);
    if (!entry?.module_doc?.doc) silent.push(name);
    for (const symbol of entry?.symbols ?? []) {
      // A second name for one declaration is a reference, to which JSR gives no comment.
      if (!symbol.declarations.some(({ jsDoc }) => jsDoc?.doc)) silent.push(`${symbol.name} of ${name}`);
    }
  }
  assertEquals(silent, []);
});
