/** `atomic-write store put DIR [FILE…]`. */
import { openObjectStore } from "../../store/object_store.ts";
import { UsageError } from "../arguments.ts";
import { readContent, standardInput } from "../input.ts";
import type { Call, Outcome } from "../table.ts";
import type { table } from "../tables/store_put.ts";
import { locateOperand } from "./location.ts";
import { durabilityNotes } from "./stored.ts";

/** Runs the command. */
export async function run(call: Call<typeof table>): Promise<Outcome> {
  const { expect, allowEmpty, ...rules } = call.options;
  const attempt = "Cannot store into";
  const directory = locateOperand(call.operands.dir, attempt);
  const operands = call.operands.file.length === 0 ? ["-"] : call.operands.file;
  if (expect !== undefined && operands.length > 1) throw new UsageError("--expect is about one FILE only");
  if (operands.filter((operand) => operand === "-").length > 1) {
    throw new UsageError('"-" is standard input, which can be read once only');
  }
  const files = operands.map((operand) => operand === "-" ? "-" : locateOperand(operand, "Cannot store"));
  const signal = call.abortOnSignal(attempt, directory);
  const options = { signal, ...expect === undefined ? {} : { digest: expect } };
  const report = await call.progress("storing", files.length > 1 ? "file" : "byte");
  const read = async () => {
    const input = standardInput(call.host, files.length > 1 ? () => {} : report);
    return await readContent(input, { allowEmpty }, signal, { attempt, path: directory });
  };
  // Input that is refused makes no directory.
  const content = files.includes("-") ? await read() : undefined;
  const store = await openObjectStore(directory, rules);
  const objects: { digest: string; path?: string }[] = [];
  try {
    for (const [index, path] of files.entries()) {
      if (files.length > 1) report(index, files.length);
      objects.push(
        path === "-" && content !== undefined
          ? { digest: await store.put(content, options) }
          : { digest: await store.putFile(path, options), path },
      );
    }
  } catch (error) {
    for (const { digest, path = "standard input" } of objects) call.note(`stored before that: ${digest} ${path}`);
    throw error;
  }
  return {
    result: { directory, objects, durability: store.durability },
    output: objects.map(({ digest }) => digest),
    notes: durabilityNotes("it is stored", store.durability, rules.durability),
    changing: true,
  };
}
