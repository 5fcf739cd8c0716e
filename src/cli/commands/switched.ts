/** What the two commands share that switch a published symlink. */
import { currentRuntime } from "../../runtime/current.ts";
import type { PublishResult } from "../../transaction/publish_directory.ts";
import type { SwitchOptions } from "../../transaction/publish_options.ts";
import type { RollBackResult } from "../../transaction/roll_back_directory.ts";
import { defaultLimit } from "../deploy/deploy_plan.ts";
import { runProgramStep } from "../program_step.ts";
import type { Call, CommandTable, Outcome } from "../table.ts";
import type { ProgramValues, TransactionValues } from "../tables/transaction_rows.ts";
import { locateOperand } from "./location.ts";

/** The path of the symlink: `site/`, which a shell completes, means it, too. */
export function publishedPath(operand: string, attempt: string): string {
  return locateOperand(operand, attempt).replace(/(?<=[^/\\])[/\\]+$/, "");
}

/** The options that both have. */
type SwitchValues = TransactionValues & ProgramValues;

/** From the values of the command's options to those of the switch. */
export function switchOptions(
  { host, note, progress, options }: Omit<Call<CommandTable>, "options"> & { readonly options: SwitchValues },
  path: string,
  signal: AbortSignal,
  timeout: number,
): SwitchOptions {
  const { durability, activate: words } = options;
  const directory = currentRuntime().process.workingDirectory();
  const late = () => note("asked to stop, but the symlink is switched already: this is brought to its end");
  return {
    signal,
    lock: { timeout },
    ...durability === undefined ? {} : { durability },
    ...words === undefined ? {} : {
      async activate() {
        signal.addEventListener("abort", late, { once: true });
        try {
          const limit = (options.programTimeout ?? defaultLimit) * 1000;
          await runProgramStep(
            { host, progress },
            { name: "activate", words, directory, limit },
            new Map([[path, path]]),
          );
        } finally {
          signal.removeEventListener("abort", late);
        }
      },
    },
  };
}

/** What there is to say about a switch. */
export function switched(result: PublishResult | RollBackResult, wanted: string): Outcome {
  const notes: string[] = [];
  if (result.durability !== wanted) {
    notes.push(`it is published, but a power cut may undo it: durability reached is "${result.durability}"`);
  }
  const left = "leftBehind" in result ? result.leftBehind ?? [] : [];
  notes.push(...left.map((path) => `left behind: ${JSON.stringify(path)}`));
  return { result, output: [result.generation], notes, changing: true };
}
