/** `atomic-write [write] FILE`: standard input into a file. */
import { writeFile } from "../../file/write_file.ts";
import type { writeTable } from "../grammar/files.ts";
import { readContent, standardInput } from "../input.ts";
import { locateOperand, mayExist } from "../operand.ts";
import { writeOptions, written } from "../results.ts";
import type { Call, Outcome } from "../table.ts";
import { ShownWait } from "../waiting.ts";

/** Runs the command. */
export async function run(call: Call<typeof writeTable>): Promise<Outcome> {
  const { host } = call;
  const { appendNewline: _added, allowEmpty: _accepted, requireJson: _required, ...rest } = call.options;
  const path = locateOperand(call.operands.file, "Cannot write");
  const attempt = await mayExist(path) ? "Cannot write" : "Cannot create";
  const signal = call.abortOnSignal(attempt, path);
  if (host.isTerminal("input")) call.note("reading from the terminal; end the input with Ctrl-D");
  const report = await call.progress(`writing ${call.operands.file}`, "byte");
  const content = await readContent(standardInput(host, report), call.options, signal, { attempt, path });
  const result = await writeFile(path, content, writeOptions(rest, signal, new ShownWait(call).options));
  return written(result, rest);
}
