/** `atomic-write publish` and `roll-back`: a whole directory by one switch of a symlink, and back. */
import { publishDirectory, type PublishResult } from "../../publication/publish_directory.ts";
import type { SwitchOptions } from "../../publication/publish_options.ts";
import { rollBackDirectory, type RollBackResult } from "../../publication/roll_back_directory.ts";
import { currentRuntime } from "../../runtime/current.ts";
import { copyTree } from "../copy_tree.ts";
import { defaultLimit } from "../deploy/deploy_plan.ts";
import type { ProgramValues, publishTable, rollBackTable, TransactionValues } from "../grammar/transaction.ts";
import { locateOperand } from "../operand.ts";
import { refuseProgramsNotRunnable } from "../program/program_lookup.ts";
import { runProgramStep } from "../program/program_step.ts";
import { type StagedList, StagedLists } from "../../transaction/staged_list.ts";
import { durabilityNotes } from "../results.ts";
import type { Call, CommandTable, Outcome } from "../table.ts";
import { notInTime, patienceOf } from "../waiting.ts";

/** The path of the symlink: `site/`, which a shell completes, means it, too. */
function publishedPath(operand: string, attempt: string): string {
  return locateOperand(operand, attempt).replace(/(?<=[^/\\])[/\\]+$/, "");
}

/** The lists of what is published, in the directory of the symlink. */
const listsBeside = (path: string, attempt: string) => new StagedLists(path, { verb: attempt, path });

/** The options that both have. */
type SwitchValues = TransactionValues & ProgramValues;

/** From the values of the command's options to those of the switch. */
function switchOptions(
  { host, note, progress, options }: Omit<Call<CommandTable>, "options"> & { readonly options: SwitchValues },
  signal: AbortSignal,
  { timeout, published }: { readonly timeout: number; readonly published: StagedList | undefined },
): SwitchOptions {
  const { durability, activate: words } = options;
  const directory = currentRuntime().process.workingDirectory();
  const late = () => note("asked to stop, but the symlink is already switched: finishing");
  return {
    signal,
    lock: { timeout },
    ...durability === undefined ? {} : { durability },
    ...words === undefined || published === undefined ? {} : {
      async activate() {
        signal.addEventListener("abort", late, { once: true });
        try {
          const limit = (options.programTimeout ?? defaultLimit) * 1000;
          await runProgramStep(
            { host, progress },
            { name: "activate", words, directory, limit },
            published,
          );
        } finally {
          signal.removeEventListener("abort", late);
        }
      },
    },
  };
}

/** What there is to say about a switch. */
function switched(result: PublishResult | RollBackResult, wanted: string): Outcome {
  const left = "leftBehind" in result ? result.leftBehind ?? [] : [];
  const notes = [
    ...durabilityNotes("it is published", result.durability, wanted),
    ...left.map((path) => `left behind: ${JSON.stringify(path)}`),
  ];
  return { result, output: [result.generation], notes, changing: true };
}

/** `atomic-write publish PATH SOURCE`. */
export async function publish(call: Call<typeof publishTable>): Promise<Outcome> {
  const attempt = "Cannot publish";
  const { operands, options } = call;
  const { keep, grace, adopt, keepTimes, validate: words } = options;
  const timeout = patienceOf(options);
  const path = publishedPath(operands.path, attempt);
  const source = locateOperand(operands.source, attempt);
  const signal = call.abortOnSignal(attempt, path);
  const directory = currentRuntime().process.workingDirectory();
  await refuseProgramsNotRunnable(call.host, attempt, path, options, [path]);
  const report = await call.progress(`copying ${operands.source}`, "file");
  let count = 0;
  const copying = {
    path,
    signal,
    keepTimes: keepTimes === true,
    onFile: () => report(++count),
  };
  const limit = (options.programTimeout ?? defaultLimit) * 1000;
  const lists = listsBeside(path, attempt);
  try {
    const published = options.activate === undefined
      ? undefined
      : await lists.place(new Map([[operands.path, path], [path, path]]));
    const result = await publishDirectory(path, (into) => copyTree(source, into, copying), {
      ...switchOptions(call, signal, { timeout, published }),
      ...keep === undefined ? {} : { keep },
      ...grace === undefined ? {} : { grace: grace * 1000 },
      ...adopt === undefined ? {} : { adopt },
      ...words === undefined ? {} : {
        async validate(built) {
          const step = { name: "validate", words, directory, limit, signal } as const;
          await runProgramStep(call, step, await lists.place(new Map([[operands.path, built], [path, built]])));
        },
      },
    });
    return switched(result, options.durability ?? "full");
  } catch (error) {
    return notInTime(error, options);
  } finally {
    await lists.remove();
  }
}

/** `atomic-write roll-back PATH`: what was published before. */
export async function rollBack(call: Call<typeof rollBackTable>): Promise<Outcome> {
  const attempt = "Cannot roll back";
  const { operands, options } = call;
  const timeout = patienceOf(options);
  const path = publishedPath(operands.path, attempt);
  const signal = call.abortOnSignal(attempt, path);
  await refuseProgramsNotRunnable(call.host, attempt, path, options, [path]);
  const lists = listsBeside(path, attempt);
  try {
    const published = options.activate === undefined
      ? undefined
      : await lists.place(new Map([[operands.path, path], [path, path]]));
    const result = await rollBackDirectory(path, switchOptions(call, signal, { timeout, published }));
    return switched(result, options.durability ?? "full");
  } catch (error) {
    return notInTime(error, options);
  } finally {
    await lists.remove();
  }
}
