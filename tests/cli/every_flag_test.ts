/**
 * Every option of every command and every exit status it may have, in sessions that are replayed in a shell. What a
 * table has and no session has shown is a failure, and so is a status that the table does not have. That is looked at where
 * all sessions are replayed: on Bun, which starts quickest, and in a long run everywhere.
 */
import { assertEquals } from "@std/assert";
import process from "node:process";
import { describe, it } from "node:test";
import { optionName } from "../../src/cli/arguments.ts";
import { exitStatus } from "../../src/cli/exit_status.ts";
import { isCommonStatus } from "../../src/cli/help.ts";
import { commands } from "../../src/cli/registry.ts";
import { commonOptions } from "../../src/cli/table.ts";
import { inTurn, sharedOut } from "../support/effort.ts";
import { currentRuntime } from "../support/spawn.ts";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { readSessions, type RecordedCall, replay } from "./transcripts.ts";
import { notEmpty } from "../support/tally.ts";

const calls: RecordedCall[] = [];
let replayed = 0;
const sessions = readSessions();
const wasUsed = (command: string, key: string) =>
  calls.some((call) => call.command === command && call.options.includes(key));
const hasEnded = (command: string, status: number) =>
  calls.some((call) => call.command === command && call.status === status);

describe("in a shell", { skip: process.platform === "win32" && "needs a shell" }, () => {
  for (const session of notEmpty(currentRuntime === "bun" ? sessions : inTurn(sharedOut(sessions), 2))) {
    it(session.title, async (t) => {
      await withTemporaryDirectory(async (directory) => {
        const found = await replay(directory, session);
        if (found === undefined) return skip(t, `needs a system where: ${session.needs}`);
        for (const [index, { typed, shown }] of notEmpty(session.lines.entries())) {
          assertEquals(found.shown[index], shown, typed);
        }
        calls.push(...found.calls);
        replayed++;
      });
    });
  }

  it("every option and every status of every command was shown, and no other status", (t) => {
    if (replayed < sessions.length) return skip(t, "not all sessions were replayed");
    const missing: string[] = [];
    for (const [name, command] of Object.entries(commands)) {
      const { options, statuses } = command.table;
      missing.push(
        ...Object.keys(options).filter((key) => !wasUsed(name, key)).map((key) => `${name} ${optionName(key)}`),
      );
      const expected = [exitStatus.done, ...statuses];
      missing.push(...expected.filter((status) => !hasEnded(name, status)).map((status) => `${name}: ${status}`));
    }
    const everywhere = Object.values(exitStatus).filter(isCommonStatus);
    missing.push(...everywhere.filter((status) => !calls.some((call) => call.status === status)).map(String));
    missing.push(...Object.keys(commonOptions).filter((key) => !calls.some(({ options }) => options.includes(key))));
    assertEquals(missing, []);

    const known = new Map<string, readonly number[]>();
    for (const [name, command] of Object.entries(commands)) known.set(name, command.table.statuses);
    // Above 128 a signal has ended it. A status that --conflict-exit-code asks for, or that is the program's own, is in no table.
    const isOthers = ({ command, options, status }: RecordedCall) =>
      status > 128 || options.includes("conflictExitCode") || command === "lock" || command === "update";
    const unknown = calls.filter((call) =>
      !isOthers(call) && !isCommonStatus(call.status) && known.get(call.command)?.includes(call.status) !== true
    );
    assertEquals(unknown, []);
  });
});
