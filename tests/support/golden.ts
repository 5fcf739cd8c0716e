/**
 * Traces kept as text in tests/golden: read and reviewed like code, and shown in the documentation as "how it works".
 *
 * ATOMIC_WRITE_UPDATE_GOLDEN=1 writes them anew; the difference is then to be read before it is committed.
 */
import { assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The checkout, also seen from the compiled tests below it. */
export function checkout(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!fs.existsSync(join(directory, "deno.json"))) {
    if (dirname(directory) === directory) throw new Error("There is no deno.json above the tests");
    directory = dirname(directory);
  }
  return directory;
}

/** Holds lines to the file tests/golden/`name`.txt, whose lines that begin with `#` are for people. */
export function assertGolden(name: string, title: string, lines: readonly string[]): void {
  const path = join(checkout(), "tests/golden", `${name}.txt`);
  const text = `# ${title}\n${lines.join("\n")}\n`;
  if (process.env["ATOMIC_WRITE_UPDATE_GOLDEN"] === "1") fs.writeFileSync(path, text);
  assertEquals(fs.existsSync(path) ? fs.readFileSync(path, "utf8") : "", text, path);
}
