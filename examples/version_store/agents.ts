/**
 * What concurrent agents tell each other: reservations (who works on a path) and intents (what somebody is about to do).
 *
 * Each is a JSON file of its own, created exclusively: of any number of agents that reserve one path, one succeeds, and
 * nobody ever sees half a file or overwrites another's.
 */
import { ConflictError, readJsonFile, removeFile, writeJsonFile } from "../../mod.ts";
import { checkPath } from "./commits.ts";
import { pathsOf, type Repository } from "./repository.ts";

/** Who works on a path. */
export interface Reservation {
  readonly path: string;
  readonly agent: string;
  readonly since: string;
}

/** What somebody is about to do. */
export interface Intent {
  readonly agent: string;
  readonly number: number;
  readonly text: string;
}

/** One file name for each path, on every file system; TypeError where it would be too long. */
function fileNameOf(path: string): string {
  const name = `${encodeURIComponent(checkPath(path)).replaceAll("*", "%2A")}.json`;
  if (name.length > 200) throw new TypeError(`${JSON.stringify(path)} is too long to be reserved`);
  return name;
}

function checkAgent(agent: string): string {
  if (/^[a-z0-9][a-z0-9_-]{0,63}$/.test(agent)) return agent;
  throw new TypeError(`${JSON.stringify(agent)} cannot name an agent: a-z, 0-9, _ and -, 64 at most`);
}

async function createOnly({ options }: Repository, path: string, value: unknown): Promise<boolean> {
  try {
    await writeJsonFile(path, value, { ...options, ifExists: "fail", createDirectories: true });
    return true;
  } catch (error) {
    if (ConflictError.is(error)) return false;
    throw error;
  }
}

const reservationPath = ({ directory }: Repository, path: string): string =>
  `${pathsOf(directory).reservations}/${fileNameOf(path)}`;

/** Reserves a path; false when somebody has it. */
export function reserve(repository: Repository, agent: string, path: string): Promise<boolean> {
  const reservation: Reservation = { path, agent: checkAgent(agent), since: new Date().toISOString() };
  return createOnly(repository, reservationPath(repository, path), reservation);
}

/** Who has reserved a path. */
export function reservationOf(repository: Repository, path: string): Promise<Reservation | undefined> {
  const { options: { runtime } } = repository;
  return readJsonFile(reservationPath(repository, path), runtime === undefined ? {} : { runtime });
}

/** Gives a path back; false when it is not this agent's. */
export async function release(repository: Repository, agent: string, path: string): Promise<boolean> {
  if ((await reservationOf(repository, path))?.agent !== agent) return false;
  return (await removeFile(reservationPath(repository, path), repository.options)).removed;
}

/** Declares an intent under the agent's next free number. */
export async function declareIntent(repository: Repository, agent: string, text: string): Promise<Intent> {
  checkAgent(agent);
  for (let number = 1;; number++) {
    const intent: Intent = { agent, number, text };
    if (await createOnly(repository, intentPath(repository, intent), intent)) return intent;
  }
}

/** Takes an intent back: it is done, or given up. */
export async function withdrawIntent(repository: Repository, intent: Intent): Promise<boolean> {
  return (await removeFile(intentPath(repository, intent), repository.options)).removed;
}

const intentPath = ({ directory }: Repository, { agent, number }: Intent): string =>
  `${pathsOf(directory).intents}/${checkAgent(agent)}.${number}.json`;
