/** One write in a process of its own, with limits or as another user; and what a refused one must tell. */
import { assert, assertEquals } from "@std/assert";
import { spawnScript, type SpawnScriptOptions } from "../support/spawn.ts";
import type { Outcome } from "./outcome.ts";

/** Checks that a write failed, changed nothing and left nothing. */
export function assertRefused({ failure, result }: Outcome, code: string, step?: string): void {
  assert(failure !== undefined, `the write succeeded: ${JSON.stringify(result)}`);
  const { targetState, leftBehind, cleanupErrors, message } = failure;
  assertEquals(
    { code: failure.code, targetState, leftBehind, cleanupErrors },
    { code, targetState: "unchanged", leftBehind: [], cleanupErrors: 0 },
    message,
  );
  if (step !== undefined) assertEquals(failure.step, step, message);
}

/** Writes so many bytes in a process of its own. */
export async function act(
  way: string,
  path: string,
  options: SpawnScriptOptions,
  size = 10,
  write = {},
): Promise<Outcome> {
  const { code, signal, stdout, stderr } = await spawnScript(
    "tests/real/scripts/act.ts",
    [way, path, String(size), JSON.stringify(write)],
    options,
  ).status;
  assertEquals({ code, signal, stderr }, { code: 0, signal: null, stderr: "" });
  return JSON.parse(stdout);
}
