/**
 * What is asked of an open log, carried out in the order it was asked for: records that follow each other are one batch,
 * a checkpoint is by itself.
 */
import { Batches, type Outcome } from "../core/batches.ts";
import type { Source } from "../core/bytes.ts";
import { type Operation, run } from "../core/operation.ts";
import { inRoomFor } from "../lock/room_for.ts";
import type { LogBody } from "./log_body.ts";

/** A record to append, or a checkpoint to make. */
export type Work = { readonly record: Uint8Array } | Checkpoint;

interface Checkpoint {
  readonly snapshot: Source;
  readonly through: number | undefined;
}

/** Records of one batch: more would only delay the first ones. */
const batchSize = 1024;

/** The work on a log; of a record, the sequence comes back. */
export function workOn(body: LogBody): Batches<Work, number> {
  return new Batches((work) => carryOut(body, work), batchSize, 1);
}

async function carryOut(body: LogBody, work: readonly Work[]): Promise<Outcome<number>[]> {
  const outcomes: Outcome<number>[] = [];
  for (let index = 0; index < work.length;) {
    const first = work[index] as Work;
    if ("snapshot" in first) {
      outcomes.push(await settled(() => run(() => checkpoint(body, first)).then(() => 0)));
      index++;
      continue;
    }
    const records: Uint8Array[] = [];
    for (let each: Work | undefined = first; each !== undefined && "record" in each; each = work[++index]) {
      records.push(each.record);
    }
    const outcome = await settled(() => run(() => body.busily(() => body.append(records))));
    records.forEach((_, place) => outcomes.push("value" in outcome ? { value: outcome.value + place } : outcome));
  }
  return outcomes;
}

/** A checkpoint opens files of its own, and may wait for its caller's source. */
function checkpoint(body: LogBody, { snapshot, through }: Checkpoint): Operation<void> {
  return inRoomFor({ engine: body.engine }, true, () => body.checkpoint(snapshot, through));
}

async function settled(start: () => Promise<number>): Promise<Outcome<number>> {
  try {
    return { value: await start() };
  } catch (error) {
    return { error };
  }
}
