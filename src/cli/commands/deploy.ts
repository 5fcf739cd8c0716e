/** `atomic-write deploy PLAN`: several files, one outcome. */
import { run as drive } from "../../core/operation.ts";
import { type Engine, makeEngine } from "../../protocol/engine.ts";
import { beginAttempt, translate } from "../../protocol/failure.ts";
import { closeQuietly, readAll } from "../../protocol/file_call.ts";
import { currentRuntime } from "../../runtime/current.ts";
import { openSource } from "../../file/copy_file.ts";
import { applyFilesNamed } from "../../transaction/apply_files.ts";
import { type StagedList, StagedLists } from "../../transaction/staged_list.ts";
import { previewFilesNamed } from "../../transaction/preview.ts";
import type { ApplyPlan, ApplyProgress, PlannedFile, PlannedRemoval } from "../../transaction/apply_plan.ts";
import { type DeployPlan, PlanMistake, readDeployPlan } from "../deploy/deploy_plan.ts";
import { contentOf } from "../deploy/sources.ts";
import { isRefusedValue, isWrongArgument } from "../failure.ts";
import { refuseProgramsNotRunnable } from "../program/program_lookup.ts";
import { runProgramStep } from "../program/program_step.ts";
import type { Call, Outcome } from "../table.ts";
import type { deployTable } from "../grammar/transaction.ts";
import { deployed, previewed } from "../results.ts";
import { locateOperand } from "../operand.ts";
import { notInTime, patienceOf, ShownWait } from "../waiting.ts";

const attempt = "Cannot deploy";

/** What errors call a plan that is read from standard input. */
const fromInput = "standard input";

/** The plan on standard input: its paths are relative to the working directory. */
async function readPlanFromInput(engine: Engine, host: Call["host"]): Promise<DeployPlan> {
  const chunks: Uint8Array[] = [];
  try {
    for (let chunk = await host.readInput(); chunk !== undefined; chunk = await host.readInput()) {
      chunks.push(new Uint8Array(chunk));
    }
  } catch (error) {
    throw translate(error, beginAttempt(attempt, fromInput));
  }
  const bytes = new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  const directory = engine.runtime.process.workingDirectory();
  return readDeployPlan(bytes, fromInput, engine.capabilities.pathStyle, directory);
}

async function readPlan(engine: Engine, path: string): Promise<DeployPlan> {
  const reading = beginAttempt(attempt, path);
  let bytes: Uint8Array;
  try {
    const file = await drive(() => openSource(engine, path, reading));
    try {
      bytes = await drive(() => readAll(file));
    } finally {
      await drive(() => closeQuietly(file));
    }
  } catch (error) {
    throw translate(error, reading);
  }
  return readDeployPlan(bytes, path, engine.capabilities.pathStyle);
}

async function filesOf(engine: Engine, { files }: DeployPlan): Promise<ApplyPlan["files"]> {
  const planned: (PlannedFile | PlannedRemoval)[] = [];
  for (const { path, given: _given, from, ...wishes } of files) {
    if (from === undefined) planned.push({ path, remove: true });
    else planned.push({ path, data: await contentOf(engine, { path, from }), ...wishes });
  }
  return planned;
}

/** Where each file is, also by its path as the plan says it. */
function asGiven({ files }: DeployPlan, staged: ReadonlyMap<string, string>): Map<string, string> {
  const places = new Map(staged);
  for (const { given, path } of files) {
    const place = staged.get(path);
    if (place !== undefined) places.set(given, place);
  }
  return places;
}

const steps: Readonly<Record<ApplyProgress["step"], string>> = {
  lock: "waiting for the locks",
  stage: "staging",
  "back up": "backing up",
  validate: "validating",
  commit: "switching",
  rename: "switching",
  activate: "activating",
  "roll back": "rolling back",
};

/** Runs the command. */
export async function run(call: Call<typeof deployTable>): Promise<Outcome> {
  const { operands, options } = call;
  const timeout = patienceOf(options);
  const isInput = operands.plan === "-";
  const path = isInput ? fromInput : locateOperand(operands.plan, attempt);
  const signal = call.abortOnSignal(attempt, path);
  const engine = makeEngine(currentRuntime(), false);
  const plan = isInput ? await readPlanFromInput(engine, call.host) : await readPlan(engine, path);
  await refuseProgramsNotRunnable(call.host, attempt, path, plan, plan.files.map((file) => file.path));
  const files = await filesOf(engine, plan);
  const report = await call.progress(steps.lock, "file");
  const { directory, limits } = plan;
  let entered = false;
  const lists = new StagedLists(plan.files[0]?.path ?? path, { verb: attempt, path });
  let places: StagedList | undefined;

  async function validate(found: ReadonlyMap<string, string>): Promise<void> {
    const given = (staged: ReadonlyMap<string, string>) => asGiven(plan, staged);
    if (plan.activate !== undefined) {
      places = await lists.place(given(new Map([...found.keys()].map((key) => [key, key]))));
    }
    if (plan.validate === undefined) return;
    const { validate: words } = plan;
    // Ended by the signal, it returns, and the signal is looked at before anything is decided.
    const step = { name: "validate", words, directory, limit: limits.validate, signal } as const;
    await runProgramStep(call, step, await lists.place(given(found)));
  }

  async function activate(words: readonly string[]): Promise<void> {
    const late = () => call.note("asked to stop, but the files are already switched: finishing");
    signal.addEventListener("abort", late, { once: true });
    try {
      // Not asked to validate: nothing has changed, but an activation is owed.
      const present = plan.files.filter(({ from }) => from !== undefined).map((file) =>
        [file.path, file.path] as const
      );
      places ??= await lists.place(asGiven(plan, new Map(present)));
      await runProgramStep(call, { name: "activate", words, directory, limit: limits.activate }, places);
    } finally {
      signal.removeEventListener("abort", late);
    }
  }

  try {
    const { activate: words } = plan;
    const name = { verb: attempt, path };
    const { backup, directories, lockDirectory, trust = options.trust, unsafePath = options.unsafePath } = plan;
    const whenLost = options.strict ? "throw" : plan.whenLost;
    const wanted = { files, directories, ...backup === undefined ? {} : { backup } };
    if (options.dryRun) return previewed(await previewFilesNamed(name, wanted, {}), plan);
    const result = await applyFilesNamed(name, {
      ...wanted,
      validate,
      ...words === undefined ? {} : { activate: () => activate(words) },
    }, {
      signal,
      lock: {
        timeout,
        ...lockDirectory === undefined ? {} : { lockDirectory },
        ...new ShownWait(call).options,
      },
      ...options.durability === undefined ? {} : { durability: options.durability },
      ...trust === undefined ? {} : { trust },
      ...unsafePath === undefined ? {} : { unsafePath },
      ...whenLost === undefined ? {} : { whenLost },
      ...options.busyTimeout === undefined ? {} : { busyTimeout: options.busyTimeout * 1000 },
      onProgress({ step, done, total }) {
        entered = true;
        report(done, total, steps[step]);
      },
    });
    return deployed(result, options.durability ?? "full");
  } catch (error) {
    // Two paths of the plan that lead to one file are found out before the first step; a name of nobody, later.
    if (isRefusedValue(error) || (isWrongArgument(error) && !entered)) {
      throw new PlanMistake(path, "EPLAN", error.message, error);
    }
    return notInTime(error, options);
  } finally {
    await lists.remove();
  }
}
