/** `atomic-write publish PATH SOURCE`: a whole directory by one switch. */
import { publishDirectory } from "../../transaction/publish_directory.ts";
import { copyTree } from "../copy_tree.ts";
import { defaultLimit } from "../deploy/deploy_plan.ts";
import { refuseProgramsNotRunnable } from "../program_lookup.ts";
import { runProgramStep } from "../program_step.ts";
import { currentRuntime } from "../../runtime/current.ts";
import type { Call, Outcome } from "../table.ts";
import type { table } from "../tables/publish.ts";
import { locateOperand } from "./location.ts";
import { notInTime, patienceOf } from "./lock_in_time.ts";
import { publishedPath, switched, switchOptions } from "./switched.ts";

const attempt = "Cannot publish";

/** Runs the command. */
export async function run(call: Call<typeof table>): Promise<Outcome> {
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
  try {
    const result = await publishDirectory(path, (into) => copyTree(source, into, copying), {
      ...switchOptions(call, path, signal, timeout),
      ...keep === undefined ? {} : { keep },
      ...grace === undefined ? {} : { grace: grace * 1000 },
      ...adopt === undefined ? {} : { adopt },
      ...words === undefined ? {} : {
        async validate(built) {
          await runProgramStep(call, { name: "validate", words, directory, limit, signal }, new Map([[path, built]]));
        },
      },
    });
    return switched(result, options.durability ?? "full");
  } catch (error) {
    return notInTime(error, options);
  }
}
