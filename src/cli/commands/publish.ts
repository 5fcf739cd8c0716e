/** `atomic-write publish` and `roll-back`: a whole directory by one switch of a symlink, and back. */
import { type PublishResult, publishTree } from "../../publication/publish_directory.ts";
import type { SwitchOptions } from "../../publication/publish_options.ts";
import { rollBackDirectory, type RollBackResult } from "../../publication/roll_back_directory.ts";
import { currentRuntime } from "../../runtime/current.ts";
import { copyTree, refuseNoDirectory, type TreeLosses } from "../copy_tree.ts";
import { defaultLimit } from "../deploy/deploy_plan.ts";
import type {
  generationsTable,
  ProgramValues,
  publishTable,
  rollBackTable,
  TransactionValues,
} from "../grammar/transaction.ts";
import { listGenerations, type PublishedGeneration } from "../../publication/list_generations.ts";
import { previewPublication, type PublicationPreview } from "../../publication/preview_publication.ts";
import { locateOperand } from "../operand.ts";
import { refuseProgramsNotRunnable } from "../program/program_lookup.ts";
import { runProgramStep } from "../program/program_step.ts";
import { type StagedList, StagedLists } from "../../transaction/staged_list.ts";
import { durabilityNotes } from "../results.ts";
import { shownName } from "../shown.ts";
import type { Call, CommandTable, Outcome } from "../table.ts";
import { notInTime, patienceOf, ShownWait } from "../waiting.ts";

/** The path of the symlink: `site/`, which a shell completes, means it, too. */
function publishedPath(operand: string, attempt: string): string {
  return locateOperand(operand, attempt).replace(/(?<=[^/\\])[/\\]+$/, "");
}

/** The lists of what is published, in the directory of the symlink. */
const listsBeside = (path: string, attempt: string) => new StagedLists(path, { verb: attempt, path });

/** The options that both have. */
type SwitchValues = TransactionValues & ProgramValues & { readonly lockDirectory?: string };

/** From the values of the command's options to those of the switch. */
function switchOptions(
  call: Omit<Call<CommandTable>, "options"> & { readonly options: SwitchValues },
  signal: AbortSignal,
  { timeout, published }: { readonly timeout: number; readonly published: StagedList | undefined },
): SwitchOptions {
  const { host, note, progress, options } = call;
  const { durability, trust, unsafePath, lockDirectory, activate: words } = options;
  const directory = currentRuntime().process.workingDirectory();
  const late = () => note("asked to stop, but the symlink is already switched: finishing");
  return {
    signal,
    lock: {
      timeout,
      ...lockDirectory === undefined ? {} : { lockDirectory },
      ...new ShownWait(call).options,
    },
    ...durability === undefined ? {} : { durability },
    ...trust === undefined ? {} : { trust },
    ...unsafePath === undefined ? {} : { unsafePath },
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

/** What publishing would do. */
function previewed(
  preview: PublicationPreview,
  source: string,
  { validate, activate }: { readonly validate?: readonly string[]; readonly activate?: readonly string[] },
): Outcome {
  const { path, adopts, previous, removed } = preview;
  const runs = Object.entries({ validate, activate }).flatMap(([step, command]) =>
    command === undefined ? [] : [{ step, command }]
  );
  const over = adopts === "directory"
    ? [`would keep as a generation ${shownName(path)}`]
    : previous === undefined
    ? []
    : [`would replace ${shownName(previous)}`];
  return {
    result: { dryRun: true, ...preview, source, runs },
    output: [
      `would publish ${shownName(source)}`,
      ...over,
      ...removed.map((each) => `would remove ${shownName(each)}`),
      ...runs.map(({ step, command }) => `would run ${step}: ${JSON.stringify(command)}`),
    ],
    changing: false,
  };
}

/** A generation by its path, or by its name beside the published path. */
function generationOf(operand: string, path: string, attempt: string): string {
  return /[/\\]/.test(operand) ? locateOperand(operand, attempt) : path.replace(/[^/\\]*$/, operand);
}

/** `atomic-write generations PATH`. */
export async function generations({ operands, options }: Call<typeof generationsTable>): Promise<Outcome> {
  const path = publishedPath(operands.path, "Cannot list the generations of");
  const found = await listGenerations(path, options);
  const line = ({ generation, published, withdrawn, current }: PublishedGeneration) => {
    const state = current ? "current  " : withdrawn === undefined ? "earlier  " : "withdrawn";
    return `${state} ${new Date(published).toISOString()} ${shownName(generation)}`;
  };
  return { result: { path, generations: found }, output: found.map(line), changing: false };
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
    strict: options.strict === true,
    onFile: () => report(++count),
  };
  const limit = (options.programTimeout ?? defaultLimit) * 1000;
  const kept = {
    ...keep === undefined ? {} : { keep },
    ...grace === undefined ? {} : { grace: grace * 1000 },
    ...adopt === undefined ? {} : { adopt },
    ...options.trust === undefined ? {} : { trust: options.trust },
    ...options.unsafePath === undefined ? {} : { unsafePath: options.unsafePath },
  };
  await refuseNoDirectory(source, path);
  if (options.dryRun) return previewed(await previewPublication(path, kept), source, options);
  const lists = listsBeside(path, attempt);
  try {
    const published = options.activate === undefined
      ? undefined
      : await lists.place(new Map([[operands.path, path], [path, path]]));
    let losses: TreeLosses | undefined;
    const copy = async (into: Parameters<typeof copyTree>[1]) => {
      losses = await copyTree(source, into, copying);
    };
    const result = await publishTree(path, copy, {
      ...switchOptions(call, signal, { timeout, published }),
      ...kept,
      ...words === undefined ? {} : {
        async validate(built) {
          const step = { name: "validate", words, directory, limit, signal } as const;
          await runProgramStep(call, step, await lists.place(new Map([[operands.path, built], [path, built]])));
        },
      },
    });
    return withLosses(switched(result, options.durability ?? "full"), losses);
  } catch (error) {
    return notInTime(error, options);
  } finally {
    await lists.remove();
  }
}

/** What the copy has not kept of the source, in the result and as notes. */
function withLosses(outcome: Outcome, losses: TreeLosses | undefined): Outcome {
  const { lost = new Map<string, string>(), unchecked = new Set<string>() } = losses ?? {};
  const notes = [...lost].map(([what, path]) => `not everything was kept: ${what}, of ${shownName(path)} first`);
  const result = { ...outcome.result, lost: [...lost.keys()], unchecked: [...unchecked] };
  return { ...outcome, result, notes: [...outcome.notes ?? [], ...notes] };
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
    const result = await rollBackDirectory(path, {
      ...switchOptions(call, signal, { timeout, published }),
      ...operands.generation === undefined ? {} : { generation: generationOf(operands.generation, path, attempt) },
    });
    return switched(result, options.durability ?? "full");
  } catch (error) {
    return notInTime(error, options);
  } finally {
    await lists.remove();
  }
}
