/**
 * The state of a command-line tool that people run in several terminals at once.
 *
 * `recordRun` changes it under its lock. `recordRunIfUnchanged` is the other way, for changes that take long: it holds no
 * lock while it works, and begins again when somebody was quicker. Both read what older versions of the tool wrote, and
 * refuse what a newer one wrote rather than cut off what it does not know.
 * Run it: `deno run -A examples/cli_state.ts state.json build`.
 */
import process from "node:process";
import { ConflictError, readTextFile, updateJsonFile, writeJsonFile } from "../mod.ts";

/** The state since version 2 of the tool. */
export interface State {
  readonly version: 2;
  /** How often each command ran. */
  readonly runs: Readonly<Record<string, number>>;
  readonly lastCommand: string | undefined;
}

const initial: State = { version: 2, runs: {}, lastCommand: undefined };

/** Version 1 counted only builds, as `{ "builds": 3 }`. */
export function migrate(stored: unknown): State {
  if (stored === undefined) return initial;
  const { version, builds } = (stored ?? {}) as { version?: unknown; builds?: unknown };
  if (version === 2) return stored as State;
  if (version === undefined && typeof builds === "number") return { ...initial, runs: { build: builds } };
  throw new Error(`The state is of version ${String(version)}; this tool knows 1 and 2`);
}

function withRun(state: State, command: string): State {
  return { ...state, runs: { ...state.runs, [command]: (state.runs[command] ?? 0) + 1 }, lastCommand: command };
}

/** Counts a run. Other runs of the tool wait for it, at most five seconds. */
export async function recordRun(path: string, command: string): Promise<void> {
  await updateJsonFile<unknown>(path, (stored) => withRun(migrate(stored), command), { lock: { timeout: 5_000 } });
}

async function digestOf(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Counts a run whose command is only known after `decide`, which may take long. Answers how often it had to try. */
export async function recordRunIfUnchanged(path: string, decide: (state: State) => Promise<string>): Promise<number> {
  const most = 20;
  for (let tries = 1;; tries++) {
    const text = await readTextFile(path);
    const state = migrate(text === undefined ? undefined : JSON.parse(text));
    const next = withRun(state, await decide(state));
    try {
      await writeJsonFile(path, next, { ifMatch: text === undefined ? null : await digestOf(text) });
      return tries;
    } catch (error) {
      if (!ConflictError.is(error) || tries === most) throw error;
    }
  }
}

// Node knows `main` from 24.2 on: https://nodejs.org/api/esm.html#importmetamain
if ((import.meta as { main?: boolean }).main) {
  const [path = "state.json", command = "build"] = process.argv.slice(2);
  try {
    await recordRun(path, command);
    console.log(await readTextFile(path));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
