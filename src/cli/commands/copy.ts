/** `atomic-write copy SOURCE TARGET`. */
import { copyFile, type CopyProgress } from "../../file/copy_file.ts";
import type { copyTable } from "../grammar/files.ts";
import { locateOperand } from "../operand.ts";
import { writeOptions, written } from "../results.ts";
import type { Call, Outcome } from "../table.ts";
import { ShownWait } from "../waiting.ts";

/** Runs the command. */
export async function run(call: Call<typeof copyTable>): Promise<Outcome> {
  const { operands, options, abortOnSignal, progress } = call;
  const { keepTimes, ...rest } = options;
  const source = locateOperand(operands.source, "Cannot copy");
  const target = locateOperand(operands.target, "Cannot copy to");
  const signal = abortOnSignal("Cannot copy to", target);
  const times = keepTimes ? { keepTimes } : {};
  const report = await progress(`copying ${operands.source}`, "byte");
  const onProgress = ({ bytes, total }: CopyProgress) => report(bytes, total);
  const result = await copyFile(source, target, {
    ...writeOptions(rest, signal, new ShownWait(call).options),
    ...times,
    onProgress,
  });
  return written(result, rest);
}
