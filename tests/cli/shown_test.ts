/** A file name drives no terminal: in messages, in tables, in JSON. */
import { assert, assertEquals } from "@std/assert";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { shownName, shownText } from "../../src/core/quotation.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { atomicWrite, put } from "./command.ts";

it("shownName leaves ordinary names as they are, and quotes those that would drive a terminal", () => {
  for (const name of ["/a/b", "/a b", 'C:\\a"b', "/é/日本/🙂"]) assertEquals(shownName(name), name);
  const driving: [string, string][] = [
    ["/a\nb", '"/a\\nb"'],
    ["/a\tb", '"/a\\tb"'],
    ["/\x1b[31m", '"/\\u001b[31m"'],
    ["/\x7f", '"/\\u007f"'],
    ["/\x9b31m", '"/\\u009b31m"'],
    ["/a\u202egpj", '"/a\\u202egpj"'],
    ["/a\u2066b", '"/a\\u2066b"'],
    ["/a\u2028b", '"/a\\u2028b"'],
  ];
  for (const [name, shown] of driving) assertEquals(shownName(name), shown);
});

it("shownText keeps the lines of a message, and writes what would drive a terminal as an escape", () => {
  assertEquals(shownText("a\tb\nc"), "a\tb\nc");
  assertEquals(shownText("\x1b[2J \x9b2J \u202e \r"), "\\u001b[2J \\u009b2J \\u202e \\u000d");
});

it("messages and tables of the command show no file name that would drive a terminal", () =>
  withTemporaryDirectory(async (directory) => {
    const name = "a\u009b31m\u202e";
    const missing = await atomicWrite(directory, ["sweep", name]);
    assert(missing.stderr.includes("a\\u009b31m\\u202e"), missing.stderr);
    put(directory, name, "old");
    const temporary = `.${name}.${"a".repeat(26)}.n.tmp`;
    put(directory, temporary, "");
    const kept = await atomicWrite(directory, ["sweep", "."]);
    assert(kept.stdout.includes("a\\u009b31m\\u202e"), kept.stdout);
    const asJson = await atomicWrite(directory, ["sweep", "--json", "."]);
    assertEquals(JSON.parse(asJson.stdout).kept[0].path.endsWith(temporary), true);
    const noJson = await atomicWrite(directory, ["sweep", "--json", `${name}2`]);
    assertEquals(JSON.parse(noJson.stdout).error.path.endsWith(`${name}2`), true);
    const plan = { files: [{ path: name, content: "new" }], activate: ["true", name] };
    put(directory, "plan.json", JSON.stringify(plan));
    const planned = await atomicWrite(directory, ["deploy", "--dry-run", "plan.json"]);
    assert(
      planned.stdout.includes('would run activate: ["true","a\\u009b31m\\u202e"]'),
      planned.stdout + planned.stderr,
    );
    await mkdir(join(directory, `${name}.d`));
    const measured = await atomicWrite(directory, ["doctor", `${name}.d`]);
    assert(measured.stdout.includes("a\\u009b31m\\u202e.d"), measured.stdout);
    for (const { stdout, stderr } of [missing, kept, asJson, noJson, planned, measured]) {
      assertEquals(/[\u0080-\u009f\u202e]/.test(stdout + stderr), false);
    }
  }));
