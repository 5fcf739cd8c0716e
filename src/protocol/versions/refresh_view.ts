/**
 * The file itself, shown to programs that know nothing of versions: replaced by rename with the content of the newest
 * version. It may lag, and it is never read back once there is a version.
 *
 * A process that has replaced it looks again: if there is a newer version by then, that one's maker may have been
 * quicker with the file, and is shown again. So the last one to replace it leaves the newest content that there was
 * when it looked.
 */
import type { Operation } from "../../core/operation.ts";
import { returnTicket, takeTicket } from "../commit_turn.ts";
import { fillingFrom, replaceFile } from "../replace_file.ts";
import type { WritePlan } from "../write_plan.ts";
import { latestVersion } from "./latest_version.ts";
import { listVersions, type VersionedFile } from "./versioned_file.ts";

/** Another program is always faster: then that one is going to show what is newest. */
const mostRounds = 8;

/** The plan for what is replaced after a version was published: nothing of that can be aborted or refused any more. */
export function viewPlan(plan: WritePlan): WritePlan {
  return {
    ...plan,
    durability: "file",
    mustNotExist: false,
    skipIfEqual: true,
    createDirectories: false,
    backup: 0,
    signal: undefined,
    guard: undefined,
  };
}

/** Shows version `number`, or a newer one. */
export function* refreshView(file: VersionedFile, number: number, content: Uint8Array): Operation<void> {
  const { engine, target, plan } = file;
  let shown = { number, content };
  for (let rounds = 0; rounds < mostRounds; rounds++) {
    const ticket = takeTicket();
    try {
      const filling = fillingFrom({ kind: "bytes", bytes: shown.content });
      yield* replaceFile({ engine, path: target.path, plan: viewPlan(plan.write), ticket }, filling);
    } finally {
      returnTicket(ticket);
    }
    const { versions } = yield* listVersions(file);
    if (!versions.some((other) => other.number > shown.number)) return;
    const latest = yield* latestVersion(file);
    if (latest === undefined || latest.number <= shown.number) return;
    shown = latest;
  }
}
