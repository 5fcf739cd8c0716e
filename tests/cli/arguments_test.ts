/** The argument parser, over tables of its own and over those of the commands. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { optionName, parseArguments, UsageError } from "../../src/cli/arguments.ts";
import { commands, isReserved } from "../../src/cli/registry.ts";
import { type CommandTable, commonOptions, count, flag, oneOf } from "../../src/cli/table.ts";
import { writeTable } from "../../src/cli/grammar/files.ts";
import { notEmpty } from "../support/tally.ts";

const table = {
  description: [],
  operands: { file: { help: "" }, which: { help: "", optional: true } },
  options: {
    dryRun: flag("", "n"),
    recursive: flag("", "r"),
    keep: { ...count("N", ""), short: "k" },
    colour: oneOf(["red", "blue"], ""),
  },
  statuses: [],
  examples: [],
} as const satisfies CommandTable;

const accepted: [string[], object, object][] = [
  [["a"], { file: "a" }, {}],
  [["a", "b"], { file: "a", which: "b" }, {}],
  [["--dry-run", "a"], { file: "a" }, { dryRun: true }],
  [["a", "--dry-run"], { file: "a" }, { dryRun: true }],
  [["a", "-rn"], { file: "a" }, { recursive: true, dryRun: true }],
  [["-rk3", "a"], { file: "a" }, { recursive: true, keep: 3 }],
  [["-k", "3", "a"], { file: "a" }, { keep: 3 }],
  [["--keep=3", "a"], { file: "a" }, { keep: 3 }],
  [["--keep", "3", "a"], { file: "a" }, { keep: 3 }],
  [["--keep", "3", "--keep", "4", "a"], { file: "a" }, { keep: 4 }],
  [["--colour", "blue", "a"], { file: "a" }, { colour: "blue" }],
  [["--", "-a", "--dry-run"], { file: "-a", which: "--dry-run" }, {}],
  [["a", "--", "--"], { file: "a", which: "--" }, {}],
];

const refused: [string[], string][] = [
  [[], "FILE is missing"],
  [["a", "b", "c"], 'Unexpected argument "c"; only FILE WHICH are accepted'],
  [[""], "FILE must not be empty"],
  [["caf\ufffd"], 'FILE must be UTF-8, which "caf\ufffd" was not, or holds U+FFFD'],
  [["--", "a", "\ufffd"], 'WHICH must be UTF-8, which "\ufffd" was not, or holds U+FFFD'],
  [["--colour=\ufffd", "a"], '--colour must be UTF-8, which "\ufffd" was not, or holds U+FFFD'],
  [["-"], 'FILE must be the name of a file, not "-"'],
  [["--drying", "a"], "There is no option --drying"],
  [["--dry", "a"], "There is no option --dry"],
  [["-x", "a"], "There is no option -x"],
  [["--dry-run=yes", "a"], "--dry-run takes no value"],
  [["a", "--keep"], "--keep needs a value: N"],
  [["a", "--keep="], '--keep must be a whole number, not ""'],
  [["a", "--keep", "-1"], '--keep must be a whole number, not "-1"'],
  [["a", "--keep", "9007199254740993"], '--keep must be a whole number, not "9007199254740993"'],
  [["a", "--colour", "green"], '--colour must be red or blue, not "green"'],
  [["a", "--dryRun"], "There is no option --dryRun"],
  [["a", "--toString"], "There is no option --toString"],
];

describe("parseArguments", () => {
  it("reads what a table allows", () => {
    for (const [args, operands, options] of accepted) {
      const parsed = parseArguments(args, table);
      assertEquals({ ...parsed.operands }, { ...operands }, args.join(" "));
      assertEquals({ ...parsed.options }, { ...options }, args.join(" "));
      assertEquals(parsed.common, {}, args.join(" "));
    }
  });

  it("refuses everything else, and says what is wrong", () => {
    for (const [args, message] of refused) {
      const error = assertThrows(() => parseArguments(args, table), UsageError);
      assertEquals(error.message, message, args.join(" "));
    }
  });

  it("proposes what is nearly the same, and only that", () => {
    const hint = (name: string) => assertThrows(() => parseArguments([name, "a"], table), UsageError).hint;
    assertEquals(hint("--dry-rnu"), "did you mean --dry-run?");
    assertEquals(hint("--color"), "did you mean --colour?");
    assertEquals(hint("--verbose"), 'to name a file that starts with "-", write ./--verbose');
    assertEquals(hint("-x"), 'to name a file that starts with "-", write ./-x');
  });

  it("keeps what every command takes apart", () => {
    const { common, options } = parseArguments(["--json", "-q", "a"], table);
    assertEquals({ common, options }, { common: { json: true, quiet: true }, options: {} });
    assertEquals(parseArguments(["--help"], table).common, { help: true });
  });
});

describe("the options of write", () => {
  const options = (...args: string[]) => parseArguments([...args, "a"], writeTable).options;
  const message = (...args: string[]) =>
    assertThrows(() => parseArguments([...args, "a"], writeTable), UsageError).message;

  it("--mode is octal", () => {
    for (
      const [text, mode] of [["640", 0o640], ["0640", 0o640], ["0", 0], ["7777", 0o7777], ["02755", 0o2755]] as const
    ) {
      assertEquals(options("--mode", text).mode, mode);
    }
    for (const text of ["8", "0x1ff", "77777", "u+x", "-1", "6.4", " 640", ""]) {
      assert(message(`--mode=${text}`).startsWith("--mode must be permission bits in octal"), text);
    }
  });

  it("--owner is a user, a group, or both", () => {
    assertEquals(options("--owner", "a:b").owner, { user: "a", group: "b" });
    assertEquals(options("--owner", "a").owner, { user: "a" });
    assertEquals(options("--owner", "a:").owner, { user: "a" });
    assertEquals(options("--owner", ":b").owner, { group: "b" });
    assertEquals(options("--owner", "0:12").owner, { user: "0", group: "12" });
    assertEquals(options("--owner", "4294967294").owner, { user: "4294967294" });
    for (const text of ["99999999999", "0:4294967295", ":99999999999"]) {
      assertEquals(message(`--owner=${text}`), `--owner must have numbers from 0 to 4294967294, not "${text}"`);
    }
    for (const text of ["", ":", "a:b:c"]) {
      assertEquals(
        message(`--owner=${text}`),
        `--owner must be USER, USER:GROUP or :GROUP, not ${JSON.stringify(text)}`,
      );
    }
  });

  it("has every flag that is promised", () => {
    const promised =
      "mode owner backup create skip-equal durability symlink hard-link mkdir append-newline allow-empty require-json " +
      "when-read-only when-unsupported when-sync-fails digest if-match lock lock-directory versioned if-version keep " +
      "strict busy-timeout unsafe-path";
    const found = Object.keys(writeTable.options).map((key) => optionName(key).slice(2));
    assertEquals(found.sort(), promised.split(" ").sort());
  });
});

describe("the tables", () => {
  it("have a table each that says what everything is for, and use a letter once", () => {
    for (const [name, command] of Object.entries(commands)) {
      const { table } = command;
      assert(table.description.length > 0 && table.examples.length > 0, name);
      const options = Object.entries({ ...table.options, ...commonOptions });
      for (const [key, { help }] of options) assert(/^[A-Z][^]*[^.]$/.test(help), `${name} ${key}: ${help}`);
      for (const [key, { help }] of notEmpty(Object.entries(table.operands))) {
        assert(/^[A-Z][^]*[^.]$/.test(help), `${name} ${key}`);
      }
      const letters = options.flatMap(([, { short }]) => short ?? []);
      assertEquals(new Set(letters).size, letters.length, name);
      for (const key of Object.keys(commonOptions)) assert(!(key in table.options), `${name} ${key}`);
    }
  });

  it("reserve the name of every command", () => {
    const promised =
      "write copy remove restore update lock deploy publish roll-back recover sweep doctor store log completions";
    for (const name of notEmpty(promised.split(" "))) assert(isReserved(name), name);
    for (const name of ["toString", "constructor", "__proto__", "file"]) assert(!isReserved(name), name);
  });
});
