/** What a writing process is told, one line of JSON each: an order to begin, and "stop". It answers with lines. */

export interface FailingWork {
  /** Below the file system that is cut. */
  readonly root: string;
  /** The file it reports to: not below it. */
  readonly record: string;
  /** Its name, of letters; no two processes of a cut have the same. */
  readonly process: string;
  /** One lane for each: rows of the table of lanes. */
  readonly lanes: readonly string[];
}

/** Every lane has had something acknowledged. */
export const READY = "ready";
/** Every lane has ended, and nothing is open any more. */
export const ENDED = "ended";
export const STOP = "stop";
