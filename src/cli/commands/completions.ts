/** `atomic-write completions bash|zsh|fish`. */
import { UsageError } from "../arguments.ts";
import { bashCompletions } from "../completions/bash.ts";
import { fishCompletions } from "../completions/fish.ts";
import { completed } from "../completions/model.ts";
import { zshCompletions } from "../completions/zsh.ts";
import { anyOf } from "../shown.ts";
import type { Call, Outcome } from "../table.ts";
import type { completionsTable } from "../grammar/upkeep.ts";

const shells: Readonly<Record<string, typeof bashCompletions>> = {
  bash: bashCompletions,
  zsh: zshCompletions,
  fish: fishCompletions,
};

/** Runs the command. */
export function run({ operands }: Call<typeof completionsTable>): Outcome {
  const { shell } = operands;
  const script = Object.hasOwn(shells, shell) ? shells[shell] : undefined;
  if (script === undefined) {
    throw new UsageError(`SHELL must be ${anyOf(Object.keys(shells))}, not ${JSON.stringify(shell)}`);
  }
  const text = script(completed());
  return { result: { shell, script: text }, output: [text.trimEnd()], changing: false };
}
