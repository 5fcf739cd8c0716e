/** Names that Windows takes for something else, refused before anything is touched. */
import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { FileError } from "../../mod.ts";
import { whyBent } from "../../src/core/bent_name.ts";
import { makeEngine } from "../../src/protocol/engine.ts";
import { beginAttempt } from "../../src/protocol/failure.ts";
import { placeOf } from "../../src/protocol/target.ts";
import { memoryRuntime } from "../../src/testing/mod.ts";
import { notEmpty } from "../support/tally.ts";

const bent = [
  ...["CON", "con", "nul", "NUL.txt", "COM1", "com9.log", "LPT¹.a", "AUX .x", "PRN.", "conin$"],
  ...["a.", "a ", "a. .", "a:b", "a:$DATA", "<", "a>b", 'a"', "a|b", "a?", "*", "a\tb", "a\u0001"],
];
const straight = ["a", ".a", ".config", "COM", "COM10", "console", "nul-a", "a.nul", "a b", "a..b", "ä", "a.tmp", "#"];

test("whyBent names what Windows would bend, in the last name and in any other, and nothing else", () => {
  for (const name of notEmpty(bent)) {
    for (const path of [`C:\\d\\${name}`, `C:\\${name}\\a`, `C:/d/${name}/a`, `\\\\server\\share\\${name}`]) {
      assertEquals(typeof whyBent(path, "windows"), "string", path);
    }
  }
  for (const name of notEmpty(straight)) {
    for (const path of [`C:\\d\\${name}`, `C:\\${name}\\a`, `\\\\server\\share\\${name}`, `C:\\..\\${name}`]) {
      assertEquals(whyBent(path, "windows"), undefined, path);
    }
  }
});

test("placeOf refuses such a name with EINVAL where paths are those of Windows, and nowhere else", () => {
  const runtime = memoryRuntime();
  const posix = makeEngine(runtime, true);
  const windows = { ...posix, capabilities: { ...posix.capabilities, pathStyle: "windows" as const } };
  for (const name of notEmpty(bent)) {
    const attempt = beginAttempt("Cannot write", "");
    const error = assertThrows(() => placeOf(windows, `C:\\d\\${name}`, attempt), FileError, "name");
    assertEquals([error.code, error.step, error.targetState], ["EINVAL", "resolve", "unchanged"]);
    assertEquals(placeOf(posix, `/d/${name}`, attempt), { directory: "/d", name });
  }
  assertEquals(placeOf(windows, "C:\\d\\a", beginAttempt("Cannot write", "")), { directory: "C:\\d", name: "a" });
});
