/**
 * Numbers that no option can be: refused as wrong usage, with the option and what was typed; and the smallest and largest
 * that can be: the command is carried out, or says what is wrong with them. Never is one taken for a mistake of the
 * program, nor one of the program for wrong usage.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import process from "node:process";
import { describe, it } from "node:test";
import { optionName, parseArguments, UsageError } from "../../src/cli/arguments.ts";
import { commands } from "../../src/cli/registry.ts";
import { type Option, UnreadableValue } from "../../src/cli/table.ts";
import { inTurn, sharedOut } from "../support/effort.ts";
import { currentRuntime } from "../support/spawn.ts";
import { notEmpty } from "../support/tally.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { inShell } from "./command.ts";

type CommandName = keyof typeof commands;
const commandNames = Object.keys(commands) as CommandName[];

const huge = "9".repeat(400);
/** What nobody means by a number, in any option. */
const never = [
  "",
  " ",
  "-1",
  "+1",
  "1e3",
  "0x10",
  "NaN",
  "Infinity",
  "1,5",
  "1 ",
  "\u0663",
  "1n",
  "1_000",
  huge,
  `-${huge}`,
];
/** What the ones take that others refuse; from the smallest to the largest. */
const perhaps = ["0", "0.001", "1", "60", "255", "7777", "4294967294", `${Number.MAX_SAFE_INTEGER}`, "1".repeat(300)];

function accepts(option: Option<unknown>, text: string): boolean {
  try {
    option.read(text);
    return true;
  } catch (error) {
    if (!(error instanceof UnreadableValue)) throw error;
    return false;
  }
}

/** The options of a command that take numbers, and no words. */
const numericOptions = (name: CommandName): [key: string, option: Option<unknown>][] =>
  Object.entries<Option<unknown>>(commands[name].table.options).filter(([, option]) =>
    option.value !== undefined && accepts(option, "60") && !accepts(option, "some text")
  );

const names = commandNames.filter((name) => numericOptions(name).length > 0);

describe("a number that cannot be one is wrong usage, of", () => {
  for (const name of notEmpty(names)) {
    it(name, () => {
      for (const [key, option] of notEmpty(numericOptions(name))) {
        const isList = accepts(option, "60,61");
        for (const text of notEmpty(never.filter((each) => !isList || !each.includes(",")))) {
          const error = assertThrows(
            () => parseArguments([`${optionName(key)}=${text}`], commands[name].table),
            UsageError,
          );
          assert(error.message.startsWith(`${optionName(key)} `), error.message);
          assert(error.message.endsWith(`, not ${JSON.stringify(text)}`), error.message);
        }
      }
    });
  }
});

/** Options that are of use with `--versioned` alone, where a command has that. */
const versionOptions = ["keep", "ifVersion", "retries"];

/** A line for each command with such options, in which OPTIONS stands for them; what it needs is made before. */
const lines: Partial<Record<CommandName, readonly [before: string, line: string]>> = {
  write: ["", "echo x | atomic-write write OPTIONS f"],
  copy: ["echo x > f", "atomic-write copy OPTIONS f g"],
  restore: ["for n in 1 2; do echo $n | atomic-write --backup 3 f; done", "atomic-write restore OPTIONS f"],
  update: ["", "atomic-write update OPTIONS f -- echo x"],
  lock: ["", "atomic-write lock OPTIONS f -- true"],
  deploy: [
    `echo '{"files":[{"path":"f","content":"x"}],"activate":["true"]}' > plan`,
    "atomic-write deploy OPTIONS plan",
  ],
  publish: ["mkdir -p dist", "atomic-write publish --activate true OPTIONS site dist"],
  "roll-back": [
    "mkdir -p dist; for n in 1 2; do atomic-write publish site dist; done",
    "atomic-write roll-back --activate true OPTIONS site",
  ],
  generations: ["mkdir -p dist; atomic-write publish site dist", "atomic-write generations OPTIONS site"],
  recover: ["", "atomic-write recover --activate true OPTIONS ."],
  sweep: ["", "atomic-write sweep OPTIONS ."],
  "store put": ["", "echo x | atomic-write store put OPTIONS s"],
  "store restore": [
    "echo x | atomic-write store put s > digest",
    'atomic-write store restore OPTIONS s "$(cat digest)" f',
  ],
  "store rm": ["echo x | atomic-write store put s > digest", 'atomic-write store rm OPTIONS s "$(cat digest)"'],
  "store ref": [
    "echo x | atomic-write store put s > digest",
    'atomic-write store ref set OPTIONS refs name "$(cat digest)"',
  ],
  "store gc": ["echo x | atomic-write store put s > digest", "atomic-write store gc OPTIONS s < digest"],
  "log append": ["", "echo x | atomic-write log append OPTIONS log"],
  "log read": ["echo x | atomic-write log append log", "atomic-write log read OPTIONS log"],
  "log repair": ["echo x | atomic-write log append log", "atomic-write log repair OPTIONS log"],
  "log checkpoint": ["echo x | atomic-write log append log", "echo x | atomic-write log checkpoint OPTIONS log"],
};

describe("the smallest and the largest number are carried out, or refused with their option, by", {
  skip: process.platform === "win32" && "needs a shell",
}, () => {
  it("every command that takes one", () => assertEquals(Object.keys(lines).sort(), [...names].sort()));

  for (const name of notEmpty(currentRuntime === "bun" ? names : inTurn(sharedOut(names), 2))) {
    it(name, () =>
      withTemporaryDirectory(async (directory) => {
        const [before, line] = lines[name] ?? ["", ""];
        for (const pick of [0, -1]) {
          const options = numericOptions(name).flatMap(([key, option]) => {
            const text = perhaps.filter((each) => accepts(option, each)).at(pick);
            const isOfVersions = versionOptions.includes(key) && "versioned" in commands[name].table.options;
            return [`${isOfVersions ? "--versioned " : ""}${optionName(key)}=${text}`];
          });
          for (const option of notEmpty(options)) {
            const { code, stderr } = await inShell(directory, `${before}\n${line.replace("OPTIONS", option)}`);
            const known = [0, ...commands[name].table.statuses] as number[];
            const [typed = "", value = ""] = option.replace("--versioned ", "").split("=");
            const isRefused = code === 64 && stderr.includes(`${typed} `) && stderr.includes(value);
            assert(isRefused || known.includes(code ?? -1), `${option}: ${code} ${stderr}`);
            assert(!/Internal error|RangeError|TypeError/.test(stderr), stderr);
          }
        }
      }));
  }
});
