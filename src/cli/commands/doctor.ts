/** `atomic-write doctor [DIR]`. */
import { examine } from "../doctor/examine.ts";
import { reportLines } from "../doctor/report.ts";
import { judge } from "../doctor/verdict.ts";
import type { Call, Outcome } from "../table.ts";
import type { doctorTable } from "../grammar/upkeep.ts";
import { locateOperand, mustExist } from "../operand.ts";

/** Wider lines are hard to read. */
const widest = 100;

/** Runs the command. */
export async function run(call: Call<typeof doctorTable>): Promise<Outcome> {
  const { host } = call;
  const attempt = "Cannot examine";
  const directory = locateOperand(call.operands.dir ?? ".", attempt).replace(/(?<=.)[/\\]+$/, "");
  const signal = call.abortOnSignal(attempt, directory);
  await mustExist(directory, attempt, "directory", "directory");
  const report = await call.progress("measuring", "step");
  const found = await examine(host, directory, signal, report);
  const verdict = judge(found, host.improvements());
  const { full, reasons, advice, status } = verdict;
  const width = host.columns("output");
  const isColoured = host.isTerminal("output") && (host.environment("NO_COLOR") ?? "") === "" &&
    host.environment("TERM") !== "dumb";
  return {
    result: { full, reasons, advice, ...found },
    output: reportLines(found, verdict, Math.min(width ?? widest, widest), isColoured),
    isColoured,
    notes: (found.leftBehind ?? []).map((path) => `left behind: ${JSON.stringify(path)}`),
    status,
    changing: false,
  };
}
