/** The version is written in two places, for two kinds of readers; this holds them together. */
import { assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { version } from "../../src/core/version.ts";

/** deno.json is at the root of the checkout, which compiled tests are two folders below. */
function manifest(): { version: string } {
  for (const up of ["../../", "../../../../"]) {
    const path = fileURLToPath(new URL(`${up}deno.json`, import.meta.url));
    if (fs.existsSync(path)) return JSON.parse(fs.readFileSync(path, "utf8"));
  }
  throw new Error("There is no deno.json");
}

it("the version in the source is the one of deno.json", () => {
  assertEquals(version, manifest().version);
});
