/** Standard input: whatever comes, in whatever pieces, and what happens when it ends too early. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { answer, atomicWrite, inShell, names, put, start, text, until } from "./command.ts";

/** Bytes that are not text, and differ at every place. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let index = 0; index < length; index++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

function same(directory: string, name: string, expected: Uint8Array): void {
  // assertEquals would print millions of bytes.
  assert(fs.readFileSync(join(directory, name)).equals(expected), `${name} has other bytes`);
}

const temporaries = (directory: string) => names(directory).filter((name) => name.endsWith(".tmp"));

describe("the content", () => {
  it("arrives byte for byte, small and large", async () => {
    await withTemporaryDirectory(async (directory) => {
      for (const length of [1, 255, 65_536, 65_537, 1_048_576, 1_048_577, 5_000_000]) {
        const bytes = noise(length);
        const { code, stderr } = await atomicWrite(directory, ["a"], { stdin: bytes });
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
        same(directory, "a", bytes);
      }
      assertEquals(names(directory), ["a"]);
    });
  });

  it("arrives from a file, too", async () => {
    await withTemporaryDirectory(async (directory) => {
      const bytes = noise(3_000_001);
      put(directory, "source", bytes);
      const { code, stderr } = await inShell(directory, "atomic-write a < source && atomic-write a < a");
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      same(directory, "a", bytes);
    });
  });

  it("may come in dribbles", async () => {
    await withTemporaryDirectory(async (directory) => {
      const bytes = noise(5_000_000);
      const { child, status } = start(directory, ["--digest", "--json", "a"], { stdin: "pipe" });
      let step = 1;
      for (let offset = 0; offset < bytes.length; offset += step) {
        step = (step * 7) % 40_009;
        child.stdin?.write(bytes.subarray(offset, offset + step));
        if (step % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      child.stdin?.end();
      const { code, stderr } = await status;
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      same(directory, "a", bytes);
    });
  });

  it("is not staged before there is much of it, and not visible before all of it is there", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "old");
      const { child, status } = start(directory, ["a"], { stdin: "pipe" });
      child.stdin?.write(noise(1_000_000));
      await new Promise((resolve) => setTimeout(resolve, 300));
      assertEquals(names(directory), ["a"]);
      child.stdin?.write(noise(1_000_000));
      await until(() => temporaries(directory).length === 1);
      assertEquals(text(directory, "a"), "old");
      child.stdin?.end("the end");
      assertEquals((await status).code, 0);
      assertEquals([names(directory), fs.statSync(join(directory, "a")).size], [["a"], 2_000_007]);
    });
  });

  it("is read from a terminal after a word about it", async (t) => {
    if (process.platform !== "linux") return skip(t, "needs script(1) of Linux");
    await withTemporaryDirectory(async (directory) => {
      const line = "command -v script >/dev/null || exit 99; " +
        "{ sleep 2; echo typed; sleep 0.5; printf '\\004'; sleep 1; } | script -qec 'atomic-write a' /dev/null";
      const { code, stdout } = await inShell(directory, line);
      if (code === 99) return skip(t, "needs script(1)");
      assertEquals(code, 0, stdout);
      assert(stdout.includes("atomic-write: reading from the terminal; end the input with Ctrl-D"), stdout);
      assertEquals(text(directory, "a"), "typed\n");
    });
  });
});

describe("input that is empty", () => {
  it("is refused, and the message says how to accept it", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "old");
      const { code, stdout, stderr } = await atomicWrite(directory, ["a"]);
      const lines = [
        `atomic-write: Cannot write "${directory}/a": standard input is empty (ENODATA); the file is unchanged`,
        "atomic-write: hint: use --allow-empty if it is meant to be empty",
        "",
      ];
      assertEquals({ code, stdout, stderr }, { code: 65, stdout: "", stderr: lines.join("\n") });
      assertEquals([names(directory), text(directory, "a")], [["a"], "old"]);
      assertEquals((await atomicWrite(directory, ["--allow-empty", "a"])).code, 0);
      assertEquals(text(directory, "a"), "");
    });
  });

  it("is what a pipe gives whose writer has died", async (t) => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "conf", "old");
      if ((await inShell(directory, "command -v bash")).code !== 0) return skip(t, "needs bash");
      const cases: [string, number][] = [
        ["false | atomic-write conf", 65],
        ["set -o pipefail; false | atomic-write conf", 65],
        ["sh -c 'kill -9 $$' | atomic-write conf", 65],
        ["cat no-such-file 2>/dev/null | atomic-write conf", 65],
        ["atomic-write conf < /dev/null", 65],
        ["true | atomic-write --require-json --allow-empty conf", 65],
      ];
      for (const [line, status] of cases) {
        const { code } = await inShell(directory, line, { shell: "bash" });
        assertEquals(code, status, line);
        assertEquals([names(directory), text(directory, "conf")], [["conf"], "old"], line);
      }
    });
  });

  it("can also not be there at all, or be a directory", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "old");
      const closed = await inShell(directory, "atomic-write a <&-");
      // A runtime that finds its standard input closed may put /dev/null in its place.
      assert(closed.code === 65 || closed.code === 66, closed.stderr);
      const { code, stderr } = await inShell(directory, "atomic-write a < .");
      const message =
        `atomic-write: Cannot write "${directory}/a": standard input cannot be read (EISDIR); the file is unchanged\n`;
      assertEquals({ code, stderr }, { code: 66, stderr: message });
      assertEquals([names(directory), text(directory, "a")], [["a"], "old"]);
    });
  });
});

describe("--require-json", () => {
  const large = JSON.stringify(Array.from({ length: 100_000 }, (_, index) => ({ index, name: `Grüße ${index}` })));

  it("accepts JSON", async () => {
    await withTemporaryDirectory(async (directory) => {
      for (const json of ['{"a":[1,2,{"b":null}]}\n', " 1 ", '"ü"', large]) {
        const { code, stderr } = await atomicWrite(directory, ["--require-json", "a"], { stdin: json });
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
        assert(text(directory, "a") === json);
      }
    });
  });

  it("refuses everything else, says where, and leaves the file alone", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a.json", "{}");
      const cases: [string | Uint8Array, string][] = [
        ['{"a":1', "line 1, column 7: it ends, but a comma or } must follow"],
        ['{"a":1}\n{"b":2}\n', "line 2, column 1: { where nothing must follow"],
        ["{\n  a: 1\n}", "line 2, column 3: a where a name in double quotes or } must follow"],
        ["\ufeff{}", "line 1, column 1: a byte order mark is not JSON"],
        [Uint8Array.of(0x22, 0xff, 0x22), "line 1, column 2: this is not UTF-8"],
        [large.slice(0, -1), `line 1, column ${large.length}: it ends, but a comma or ] must follow`],
        [`${large},`, `line 1, column ${large.length + 1}: , where nothing must follow`],
      ];
      for (const [input, reason] of cases) {
        const { code, stderr } = await atomicWrite(directory, ["--require-json", "a.json"], { stdin: input });
        const line = `atomic-write: Cannot write "${directory}/a.json": standard input is not JSON: ${reason} ` +
          "(ENOTJSON); the file is unchanged\n";
        assertEquals({ code, stderr }, { code: 65, stderr: line });
        assertEquals([names(directory), text(directory, "a.json")], [["a.json"], "{}"]);
      }
    });
  });

  it("refuses what a writer sent that died in the middle, also after megabytes", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "old");
      const { child, status } = start(directory, ["--require-json", "--json", "a"], { stdin: "pipe" });
      child.stdin?.write(large.slice(0, 2_500_000));
      await until(() => temporaries(directory).length === 1);
      child.stdin?.end();
      const { code, stdout } = await status;
      const { error } = JSON.parse(stdout);
      assertEquals([code, error.code, error.step, error.targetState], [65, "ENOTJSON", "read", "unchanged"]);
      assertEquals([names(directory), text(directory, "a")], [["a"], "old"]);
    });
  });
});

describe("a writer that is still writing", () => {
  it("is not waited for once the write has failed", async () => {
    await withTemporaryDirectory(async (directory) => {
      const { code } = await inShell(directory, "yes | atomic-write no/such/directory/a");
      assertEquals(code, 73);
      const refused = await inShell(directory, "yes | atomic-write --require-json a");
      assertEquals([refused.code, names(directory)], [65, []]);
      const error = (await answer(directory, ["no/such"], { stdin: "x" }))["error"];
      assertEquals((error as { hint: string }).hint, "--mkdir creates missing directories");
    });
  });
});
