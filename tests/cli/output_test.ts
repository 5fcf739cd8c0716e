/** What the command says, to whom, and what happens when nobody listens. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { commandHelp, groupHelp, topHelp } from "../../src/cli/help.ts";
import { optionName } from "../../src/cli/arguments.ts";
import { commands } from "../../src/cli/registry.ts";
import { version } from "../../src/core/version.ts";
import { effort } from "../support/effort.ts";
import { skip } from "../support/skip.ts";
import { currentRuntime } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { atomicWrite, inShell, names, put, text } from "./command.ts";

/** What is the same whatever the runtime is tried on one of them. */
const once = currentRuntime === "deno" || effort() === "long" ? it : () => {};

describe("--version and --help", () => {
  it("--version tells the version", async () => {
    await withTemporaryDirectory(async (directory) => {
      for (const name of ["--version", "-V"]) {
        const { code, stdout, stderr } = await atomicWrite(directory, [name]);
        assertEquals({ code, stdout, stderr }, { code: 0, stdout: `atomic-write ${version}\n`, stderr: "" });
      }
    });
  });

  it("--help explains the whole and every command", async () => {
    await withTemporaryDirectory(async (directory) => {
      assertEquals((await atomicWrite(directory, ["--mode", "600", "--help"])).stdout, topHelp(80));
      const { table } = commands["store gc"];
      const help = await atomicWrite(directory, ["store", "-q", "gc", "--help"]);
      assertEquals(help, { code: 0, signal: null, stdout: commandHelp("store gc", table, 80), stderr: "" });
      assertEquals((await atomicWrite(directory, ["store", "--help"])).stdout, groupHelp("store", 80));
      assertEquals(names(directory), []);
    });
  });

  it("help fits the width of the terminal", () => {
    for (const [name, command] of Object.entries(commands)) {
      const { table } = command;
      const help = commandHelp(name, table, 80);
      // check-tests: allow -- a command may have no options of its own
      for (const key of Object.keys(table.options)) assert(help.includes(optionName(key)), `${name} ${key}`);
      const examples: readonly string[] = table.examples;
      for (const width of [40, 60, 80, 100]) {
        const indivisible = /^(Usage:| {2}-|FILE)/;
        const long = commandHelp(name, table, width).split("\n").filter((line) =>
          line.length > width && !indivisible.test(line) && !examples.includes(line.trim())
        );
        assertEquals(long, [], `${name} at ${width}`);
      }
    }
  });

  once("every example works when it is pasted", async () => {
    await withTemporaryDirectory(async (directory) => {
      for (const [name, command] of Object.entries(commands)) {
        const { table } = command;
        // Each command's in an empty directory, in their order, as a person would paste them.
        const home = join(directory, name.replaceAll(" ", "-"));
        fs.mkdirSync(home);
        const { code, stdout, stderr } = await inShell(home, ["set -e", ...table.examples].join("\n"));
        assertEquals({ code, stderr }, { code: 0, stderr: "" }, `${name}: ${stdout}`);
        assertEquals(names(home).filter((name) => name.endsWith(".tmp")), [], name);
      }
    });
  });
});

describe("--json", () => {
  it("prints one object, of the result or of the error, and the error's line as ever", async () => {
    await withTemporaryDirectory(async (directory) => {
      const path = join(directory, "no", "a");
      const { code, stdout, stderr } = await atomicWrite(directory, ["--json", "no/a"], { stdin: "x" });
      const message = `Cannot create "${path}": there is no directory "${directory}/no" (ENOENT); no file was created`;
      const hint = "--mkdir creates missing directories";
      assertEquals(code, 73);
      assertEquals(JSON.parse(stdout), {
        error: { code: "ENOENT", step: "openDirectory", targetState: "unchanged", path, message, hint },
      });
      assertEquals(stdout.trimEnd().split("\n").length, 1);
      assertEquals(stderr, `atomic-write: ${message}\natomic-write: hint: ${hint}\n`);
    });
  });

  it("tells wrong usage, too", async () => {
    await withTemporaryDirectory(async (directory) => {
      const { code, stdout } = await atomicWrite(directory, ["a", "--moed", "1", "--json"], { stdin: "x" });
      const message = "There is no option --moed";
      const error = {
        code: "EUSAGE",
        step: "arguments",
        targetState: "unchanged",
        message,
        hint: "did you mean --mode?",
      };
      assertEquals([code, JSON.parse(stdout)], [64, { error }]);
      const other = await atomicWrite(directory, ["store", "--json"]);
      assertEquals([other.code, JSON.parse(other.stdout).error.code], [64, "EUSAGE"]);
      assertEquals((await atomicWrite(directory, ["-q", "--", "--json", "b"])).stdout, "");
    });
  });
});

describe("an output nobody reads", () => {
  it("loses no write", async (t) => {
    if (process.platform === "win32") return skip(t, "needs a shell");
    await withTemporaryDirectory(async (directory) => {
      const lines = "{ sleep 1; echo new | atomic-write --json a; echo $? > status; } | true";
      await inShell(directory, lines);
      assertEquals([text(directory, "a"), text(directory, "status")], ["new\n", "0\n"]);
    });
  });

  it("ends a command that only prints, as it ends every other", async (t) => {
    if (process.platform === "win32") return skip(t, "needs a shell");
    await withTemporaryDirectory(async (directory) => {
      const lines = "{ sleep 1; atomic-write write --help; echo $? > status; } | true";
      const { stderr } = await inShell(directory, lines);
      assertEquals([text(directory, "status"), stderr], ["141\n", ""]);
    });
  });

  it("that is full is an error, which says that the file is written", async (t) => {
    if (!fs.existsSync("/dev/full")) return skip(t, "needs /dev/full");
    await withTemporaryDirectory(async (directory) => {
      const { code, stderr } = await inShell(directory, "echo new | atomic-write --json a > /dev/full");
      const line = "atomic-write: The command was carried out, but its result cannot be printed (ENOSPC)\n";
      assertEquals({ code, stderr }, { code: 74, stderr: line });
      assertEquals(text(directory, "a"), "new\n");
    });
  });

  it("that is closed does not end up in the file", async (t) => {
    if (process.platform === "win32") return skip(t, "needs a shell");
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "old");
      await inShell(directory, "echo new | atomic-write --json --digest a >&-");
      assertEquals(text(directory, "a"), "new\n");
      fs.linkSync(join(directory, "a"), join(directory, "b"));
      await inShell(directory, "echo newer | atomic-write a 2>&-");
      assertEquals(text(directory, "a"), "newer\n");
      const { code } = await inShell(directory, "atomic-write no/such <&- >&- 2>&-");
      assert(code === 65 || code === 66, String(code));
      assertEquals(names(directory), ["a", "b"]);
    });
  });
});
