/**
 * `write --versioned` and `update --versioned`: the next version of a file beside it, under no lock.
 *
 * The content is held in memory: a version may have to be made again when another program was faster. COMMAND is then run
 * again, with the content of the version that the other has made.
 */
import { updateVersioned } from "../../versioned/update_versioned.ts";
import type { VersionedOptions } from "../../versioned/versioned_options.ts";
import { writeVersioned } from "../../versioned/write_versioned.ts";
import type { updateTable, writeTable } from "../grammar/files.ts";
import { readContent, standardInput } from "../input.ts";
import { locateOperand } from "../operand.ts";
import { LockedCommand } from "../program/program.ts";
import { ProgramOutput } from "../program/program_output.ts";
import { notesOn } from "../results.ts";
import type { Call, Outcome } from "../table.ts";

type Values = Call<typeof writeTable>["options"] | Call<typeof updateTable>["options"];

function optionsOf(values: Values): VersionedOptions {
  const { mode, owner, durability, whenUnsupported, whenSyncFails, mkdir, keep, unsafePath } = values;
  const same = { mode, owner, whenUnsupported, whenSyncFails, keep, unsafePath, createDirectories: mkdir };
  const given = Object.fromEntries(Object.entries(same).filter(([, value]) => value !== undefined));
  return { ...given, ...durability === undefined || durability === "none" ? {} : { durability } };
}

type Result = Awaited<ReturnType<typeof writeVersioned>>;

/** What there is to say about a version. */
function versionMade(result: Result, wanted: string | undefined): Outcome {
  const { path, version, shown, viewError } = result;
  const name = JSON.stringify(path);
  const why = viewError instanceof Error ? `: ${viewError.message}` : "";
  return {
    result: viewError === undefined ? result : { ...result, viewError: String(viewError) },
    output: version === null ? [] : [`${version}`],
    notes: [
      ...notesOn(`version ${version} of ${name} is made`, result, wanted),
      ...shown ? [] : [`${name} itself still shows an older version${why}`],
    ],
    changing: true,
  };
}

/** All of a content whose pieces may be overwritten by the next ones. */
async function allOf(content: Uint8Array | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of content) pieces.push(new Uint8Array(piece));
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** Standard input as the next version. */
export async function writeVersion(call: Call<typeof writeTable>): Promise<Outcome> {
  const { host, options } = call;
  const attempt = "Cannot write";
  const path = locateOperand(call.operands.file, attempt);
  const signal = call.abortOnSignal(attempt, path);
  if (host.isTerminal("input")) call.note("reading from the terminal; end the input with Ctrl-D");
  const report = await call.progress(`reading for ${call.operands.file}`, "byte");
  const content = await allOf(await readContent(standardInput(host, report), options, signal, { attempt, path }));
  const rules = { ...optionsOf(options), signal };
  // That there is no file, versions say by a number, too.
  const { ifMatch, ifVersion = ifMatch === null ? null : undefined } = options;
  const result = ifVersion !== undefined
    ? await writeVersioned(path, content, { ...rules, expected: ifVersion, ...ifMatch ? { ifMatch } : {} })
    : ifMatch
    ? await writeVersioned(path, content, { ...rules, ifMatch })
    : await updateVersioned(path, () => content, rules);
  return versionMade(result, options.durability);
}

/** The next version: what COMMAND prints for the newest one. */
export async function updateVersion(call: Call<typeof updateTable>): Promise<Outcome> {
  const { options, operands: { command: words } } = call;
  const attempt = "Cannot update";
  const path = locateOperand(call.operands.file, attempt);
  const command = new LockedCommand(call.host, attempt, path);
  const change = async (current: Uint8Array | undefined): Promise<Uint8Array> => {
    const program = await command.run(words, "piped");
    const fed = current === undefined || current.length === 0 ? true : program.writeInput(current);
    // A program that has ended reads no more; whether that is a failure, its status says.
    const ended = Promise.resolve(fed).catch(() => {}).then(() => program.endInput());
    const output = new ProgramOutput(program, {
      ofEnd: (end) => command.failed(words, end),
      ofOpenOutput: () => command.outputHeldOpen(words),
    });
    const from = { name: `the output of ${JSON.stringify(words[0])}`, read: () => output.read() };
    try {
      return await allOf(await readContent(from, options, new AbortController().signal, { attempt, path }));
    } catch (error) {
      // Nobody reads its output any more.
      program.send("SIGTERM");
      await program.ended;
      throw error;
    } finally {
      await ended;
      command.programEnded();
    }
  };
  const { retries } = options;
  const rules = { ...optionsOf(options), signal: command.signal, ...retries === undefined ? {} : { retries } };
  return versionMade(await updateVersioned(path, change, rules), options.durability);
}
