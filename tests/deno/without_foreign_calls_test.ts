/** How Deno opens a file where it cannot say O_NOFOLLOW: it looks first, and compares what it has opened. */
import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { test } from "node:test";
import { currentRuntime } from "../../src/runtime/current.ts";
import { SystemError } from "../../src/runtime/system_error.ts";
import { withoutForeignCalls } from "../support/without_foreign_calls.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

withoutForeignCalls();

const { syncFileSystem } = currentRuntime();

/** What opening it without following a link fails with. */
function refusal(path: string): string {
  const error = assertThrows(() => syncFileSystem.open(path, "read", { follow: false }), SystemError);
  return error.code;
}

test("open without following refuses a link, and a file that became one while it was opened", () =>
  withTemporaryDirectory((directory) => {
    const [file, other, link] = ["file", "other", "link"].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    Deno.writeTextFileSync(file, "ours");
    Deno.writeTextFileSync(other, "theirs");
    Deno.symlinkSync("other", link);
    assertEquals(refusal(link), "ELOOP");
    const { openSync } = Deno;
    Deno.openSync = (path, options) => {
      if (path === file) Deno.renameSync(link, file);
      return openSync(path, options);
    };
    try {
      assertEquals(refusal(file), "ELOOP");
    } finally {
      Deno.openSync = openSync;
    }
    assertEquals(Deno.readTextFileSync(other), "theirs");
  }));
