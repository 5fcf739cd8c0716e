/**
 * Transcripts of shell sessions with the command (transcripts/*.txt), and what they called it with.
 *
 * A line "## TITLE" begins a session in an empty directory of its own, "? TEST" says what the system must have for it,
 * "$ LINE" is typed; what follows is what it shows on both streams, the directory's name as DIR, and [N] if the status
 * is N and not 0. `broken-atomic-write` is the command with a mistake in it.
 */
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArguments, UsageError } from "../../src/cli/arguments.ts";
import { commandNamed, isGroup } from "../../src/cli/registry.ts";
import { commonOptions } from "../../src/cli/table.ts";
import { scriptCommand, spawnProgram } from "../support/spawn.ts";
import process from "node:process";

/** A session: what is typed, and what that shows. */
export interface Session {
  readonly title: string;
  readonly needs: string | undefined;
  readonly lines: readonly { readonly typed: string; readonly shown: string }[];
}

/** A call of the command in a session: `store put`, the options it was given, how it ended. */
export interface RecordedCall {
  readonly command: string;
  readonly options: readonly string[];
  readonly status: number;
}

/** The checkout, of which Node and Bun run a compiled copy further down. */
function transcriptFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!fs.existsSync(join(folder, "README.md"))) folder = dirname(folder);
  return join(folder, "tests", "cli", "transcripts");
}

function parseSession(text: string): Session {
  const [head = "", ...parts] = text.split(/^\$ /m);
  const [title = "", needs] = head.trimEnd().split("\n? ");
  const lines = parts.map((part) => {
    const [typed = "", ...shown] = part.split("\n");
    return { typed, shown: shown.join("\n").trimEnd() };
  });
  return { title, needs, lines };
}

/** All sessions. */
export function readSessions(): Session[] {
  const folder = transcriptFolder();
  return fs.readdirSync(folder).sort().flatMap((name) =>
    fs.readFileSync(join(folder, name), "utf8").split(/^## /m).slice(1).map(parseSession)
  );
}

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
const mark = "---- next ----";

/** Each program tells, in a file, what it was called with and how it ended. */
function makePrograms(folder: string, record: string): void {
  const scripts = { "atomic-write": "cli.ts", "broken-atomic-write": "tests/cli/scripts/broken.ts" };
  for (const [name, script] of Object.entries(scripts)) {
    const command = scriptCommand(script).map(quote).join(" ");
    const lines = [
      "#!/bin/sh",
      `${command} "$@"`,
      "status=$?",
      `printf '%s\\0' $status $# "$@" >> ${quote(record)}`,
      "exit $status",
    ];
    fs.writeFileSync(join(folder, name), lines.join("\n") + "\n", { mode: 0o755 });
  }
}

function commonKeys(words: readonly string[]): string[] {
  return Object.entries(commonOptions).filter(([key, { short }]) =>
    words.includes(`--${key}`) || words.includes(`-${short}`)
  ).map(([key]) => key);
}

function recorded(args: readonly string[], status: number): RecordedCall {
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  const first = own.find((word) => !/^(-q|-h|--json|--quiet|--help|help)$/.test(word)) ?? "";
  const second = own[own.indexOf(first) + 1] ?? "";
  const name = isGroup(first) ? `${first} ${second}` : first;
  const [command, words] = commandNamed(name) === undefined ? ["write", 0] : [name, name.split(" ").length];
  const rest = words === 0 ? args : [...args.slice(0, args.indexOf(first)), ...args.slice(args.indexOf(first) + words)];
  const table = commandNamed(command)?.table;
  try {
    const { options } = parseArguments(
      rest,
      table ?? { description: [], operands: {}, options: {}, statuses: [], examples: [] },
    );
    return { command, options: [...Object.keys(options), ...commonKeys(own)], status };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { command, options: commonKeys(own), status };
  }
}

function readRecord(text: string): RecordedCall[] {
  const words = text.split("\0");
  const calls: RecordedCall[] = [];
  for (let index = 0; index + 1 < words.length;) {
    const count = Number(words[index + 1]);
    calls.push(recorded(words.slice(index + 2, index + 2 + count), Number(words[index])));
    index += 2 + count;
  }
  return calls;
}

/** What a session really shows, and its calls; undefined where the system has not what it needs. */
export async function replay(
  directory: string,
  { needs, lines }: Session,
): Promise<{ shown: string[]; calls: RecordedCall[] } | undefined> {
  const [home, programs, record] = ["home", "programs", "record"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [home, programs]) fs.mkdirSync(folder);
  fs.writeFileSync(record, "");
  makePrograms(programs, record);
  const script = [
    "exec 2>&1 < /dev/null",
    ...needs === undefined ? [] : [`${needs} || exit 99`],
    ...lines.map(({ typed }) => `${typed}\ns=$?; test $s = 0 || echo "[$s]"; echo "${mark}"`),
  ];
  const env = { PATH: `${programs}:${process.env["PATH"] ?? ""}`, LC_ALL: "C" };
  const { code, stdout } = await spawnProgram(["sh", "-c", script.join("\n")], { cwd: home, env }).status;
  if (code === 99) return undefined;
  // Who holds a lock is a process of another number each time, and another script on each runtime.
  const same = stdout.replaceAll(home, "DIR").replaceAll(
    /( by|:) process \d+( \((?!E[A-Z]+\))[^)]*\))?/g,
    "$1 process PID",
  );
  const shown = same.split(`${mark}\n`).map((text) => text.trimEnd());
  return { shown: shown.slice(0, lines.length), calls: readRecord(fs.readFileSync(record, "utf8")) };
}
