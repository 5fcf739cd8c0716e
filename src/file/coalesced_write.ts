/**
 * Writes to one file of which only the newest counts (`coalesce: true`): while one is under way, those that are called
 * in the meantime wait, and of them only the newest is written.
 *
 * 1. The first call is written at once. 2. A call that comes during that write waits; it holds its place in the order
 * (commit_turn.ts), so that a write without `coalesce` that was called later still wins. 3. When the one under way has
 * ended, the newest of those that wait is written, and the others settle with it: as superseded if it succeeds, so never
 * before content at least as new as theirs is as durable as they asked for, and with its error if it fails.
 *
 * Calls are alike if all their options are; one that differs waits for those before it, and collapses with none of them.
 * A call whose signal is aborted while it waits rejects with the reason, and what it was to write is not written.
 */
import { onAbort } from "../core/abort.ts";
import { type Operation, run, wait } from "../core/operation.ts";
import { returnTicket, takeTicket } from "../protocol/commit_turn.ts";
import { fillingFrom, replaceFile, type ReplaceRequest } from "../protocol/replace_file.ts";
import type { WritePlan, WriteResult } from "../protocol/write_plan.ts";
import type { FileSystem } from "../runtime/runtime.ts";
import { inRoomFor } from "../lock/room_for.ts";
import type { WriteRequest } from "./write_options.ts";

/** An option of what writes content that newer content makes pointless. */
export interface CoalesceOption {
  /**
   * While a write to the file is under way, let calls with the same options that are made during it collapse into the
   * newest: the others resolve with `superseded: true` once that one is as durable as was asked for, and reject with
   * its error if it fails. What has a `lock`, `ifMatch`, `ifExists: "fail"` or `backup`, and content that comes in
   * pieces, is written call by call all the same.
   *
   * @default false
   */
  coalesce?: boolean;
}

/** A call that waits. */
interface Caller {
  readonly bytes: Uint8Array;
  readonly request: ReplaceRequest;
  resolve(result: WriteResult): void;
  reject(reason: unknown): void;
}

/** The calls that wait for the write that is under way, by the path of the file. */
const queues = new WeakMap<FileSystem, Map<string, Caller[]>>();

/** Whether a write may collapse with others: what each of them has to do itself, it has to do itself. */
export const mayCollapse = ({ lock, plan }: WriteRequest): boolean =>
  lock === undefined && plan.backup === 0 && !plan.mustNotExist;

/** Writes the bytes, or waits for newer ones that take their place. */
export function* writeCoalesced(
  bytes: Uint8Array,
  path: string,
  { engine, plan }: WriteRequest,
): Operation<WriteResult> {
  const { fileSystem } = engine;
  let table = queues.get(fileSystem);
  if (table === undefined) queues.set(fileSystem, table = new Map());
  if (plan.signal?.aborted) throw plan.signal.reason;
  const ticket = takeTicket();
  const request: ReplaceRequest = { engine, path, plan, ticket };
  const queue = table.get(path);
  if (queue !== undefined) return yield* wait(waitIn(queue, bytes, request));
  table.set(path, []);
  try {
    return yield* writeNow(bytes, request);
  } finally {
    void goOn(table, path);
  }
}

function* writeNow(bytes: Uint8Array, request: ReplaceRequest): Operation<WriteResult> {
  const { engine, plan: { signal }, ticket } = request;
  try {
    const filling = fillingFrom({ kind: "bytes", bytes });
    return yield* inRoomFor({ engine, signal }, false, () => replaceFile(request, filling));
  } finally {
    returnTicket(ticket);
  }
}

function waitIn(queue: Caller[], bytes: Uint8Array, request: ReplaceRequest): Promise<WriteResult> {
  const { plan: { signal }, ticket } = request;
  return new Promise((resolve, reject) => {
    const caller: Caller = {
      bytes,
      request,
      resolve(result) {
        stopListening();
        resolve(result);
      },
      reject(reason) {
        stopListening();
        reject(reason);
      },
    };
    const stopListening = onAbort(signal, () => {
      const place = queue.indexOf(caller);
      // Else it is being written, or settles with what is.
      if (place < 0) return;
      queue.splice(place, 1);
      returnTicket(ticket);
      reject(signal?.reason);
    });
    queue.push(caller);
  });
}

/** Writes what waits, until nobody waits any more. */
async function goOn(table: Map<string, Caller[]>, path: string): Promise<void> {
  for (;;) {
    const queue = table.get(path) ?? [];
    const first = queue[0];
    if (first === undefined) {
      table.delete(path);
      return;
    }
    const end = queue.findIndex(({ request }) => !isAlike(request.plan, first.request.plan));
    const group = queue.splice(0, end < 0 ? queue.length : end);
    await settleGroup(group);
  }
}

async function settleGroup(group: Caller[]): Promise<void> {
  const newest = group.pop();
  if (newest === undefined) return;
  const { signal } = newest.request.plan;
  try {
    const result = await run(() => writeNow(newest.bytes, newest.request));
    newest.resolve(result);
    const instead = { bytesWritten: 0, changed: false, superseded: true, lost: [], unchecked: [] };
    for (const { resolve } of group) resolve({ ...result, ...instead });
  } catch (error) {
    newest.reject(error);
    // Its caller alone has given it up: now another one is the newest.
    if (signal?.aborted && error === signal.reason) return await settleGroup(group);
    for (const { reject } of group) reject(error);
  }
  for (const { request } of group) returnTicket(request.ticket);
}

/** Whether two plans ask for the same. A signal is its caller's own. */
function isAlike(one: WritePlan, other: WritePlan): boolean {
  const asText = (plan: WritePlan) => JSON.stringify({ ...plan, signal: undefined });
  return one === other || asText(one) === asText(other);
}
