/** `atomic-write store …`: objects under their own SHA-256. */
import { parseDigest } from "../../core/digest.ts";
import { FileError } from "../../core/errors.ts";
import { type ObjectStore, openObjectStore } from "../../store/object_store.ts";
import { openReferences } from "../../store/references.ts";
import type { StoredObject } from "../../store/incoming.ts";
import type { CollectResult } from "../../store/scan.ts";
import type { StoreOptions } from "../../store/store.ts";
import { UsageError } from "../arguments.ts";
import { exitStatus } from "../exit_status.ts";
import type {
  storeGcTable,
  storeGetTable,
  storeListTable,
  storePutTable,
  storeRemoveTable,
  storeRestoreTable,
  storeVerifyTable,
} from "../grammar/store.ts";
import { type Destination, readContent, readPieces, standardInput } from "../input.ts";
import { locateOperand, mustExist } from "../operand.ts";
import { countText } from "../quantity.ts";
import { contentForMachines, durabilityNotes, writeOptions, written } from "../results.ts";
import type { Call, Outcome } from "../table.ts";
import { patienceOf, ShownWait } from "../waiting.ts";

/** A store that is there already. `attempt` begins the message of a failure: `Cannot verify`. */
async function openStore(operand: string, attempt: string, options?: StoreOptions): Promise<ObjectStore> {
  const path = locateOperand(operand, attempt);
  await mustExist(path, attempt, "directory", "store");
  return await openObjectStore(path, options);
}

/** What is done about a way that others could exchange. */
const pathOf = ({ unsafePath }: Pick<StoreOptions, "unsafePath">) => unsafePath === undefined ? {} : { unsafePath };

/** A SHA-256 that stands without a name. */
function readDigest(text: string, name: string): string {
  const digest = parseDigest(text);
  if (digest !== undefined) return digest;
  throw new UsageError(`${name} must be a SHA-256 in 64 hexadecimal digits, not ${JSON.stringify(text)}`);
}

/** `atomic-write store put DIR [FILE…]`. */
export async function storePut(call: Call<typeof storePutTable>): Promise<Outcome> {
  const { expect, allowEmpty, ...rules } = call.options;
  const attempt = "Cannot store into";
  const directory = locateOperand(call.operands.dir, attempt);
  const operands = call.operands.file.length === 0 ? ["-"] : call.operands.file;
  if (expect !== undefined && operands.length > 1) throw new UsageError("--expect takes only one FILE");
  if (operands.filter((operand) => operand === "-").length > 1) {
    throw new UsageError('"-" is standard input, which can be read once only');
  }
  const files = operands.map((operand) => operand === "-" ? "-" : locateOperand(operand, "Cannot store"));
  const signal = call.abortOnSignal(attempt, directory);
  let stored: StoredObject | undefined;
  const options = {
    signal,
    onStored: (object: StoredObject) => void (stored = object),
    ...expect === undefined ? {} : { digest: expect },
  };
  const report = await call.progress("storing", files.length > 1 ? "file" : "byte");
  const read = async () => {
    const input = standardInput(call.host, files.length > 1 ? () => {} : report);
    return await readContent(input, { allowEmpty }, signal, { attempt, path: directory });
  };
  // Input that is refused makes no directory.
  const content = files.includes("-") ? await read() : undefined;
  const store = await openObjectStore(directory, rules);
  const objects: { digest: string; found?: StoredObject["found"]; path?: string }[] = [];
  try {
    for (const [index, path] of files.entries()) {
      if (files.length > 1) report(index, files.length);
      const isInput = path === "-" && content !== undefined;
      const digest = isInput ? await store.put(content, options) : await store.putFile(path, options);
      objects.push({ digest, ...stored && { found: stored.found }, ...isInput ? {} : { path } });
    }
  } catch (error) {
    for (const { digest, path = "standard input" } of objects) call.note(`stored before that: ${digest} ${path}`);
    throw error;
  }
  return {
    result: { directory, objects, durability: store.durability },
    output: objects.map(({ digest }) => digest),
    notes: durabilityNotes("it is stored", store.durability, rules.durability),
    changing: true,
  };
}

/** `atomic-write store get DIR DIGEST`. */
export async function storeGet({ operands, json, print }: Call<typeof storeGetTable>): Promise<Outcome> {
  const digest = readDigest(operands.digest, "DIGEST");
  const store = await openStore(operands.dir, "Cannot read from");
  if (json) {
    const bytes = await store.get(digest);
    return { result: { digest, bytes: bytes.length, ...contentForMachines(bytes) }, changing: false };
  }
  let bytes = 0;
  for await (const piece of store.stream(digest)) {
    bytes += piece.length;
    print(piece);
  }
  return { result: { digest, bytes }, changing: false };
}

/** `atomic-write store restore DIR DIGEST FILE`. */
export async function storeRestore(call: Call<typeof storeRestoreTable>): Promise<Outcome> {
  const { operands, options, abortOnSignal } = call;
  const attempt = "Cannot restore";
  const digest = readDigest(operands.digest, "DIGEST");
  const path = locateOperand(operands.file, attempt);
  const signal = abortOnSignal(attempt, path);
  const store = await openStore(operands.dir, "Cannot restore from");
  return written(
    await store.restore(digest, path, writeOptions(options, signal, new ShownWait(call).options)),
    options,
  );
}

/** Printed together: one call of the system for each would take longer than listing. */
const linesTogether = 256;

/** `atomic-write store list DIR`. */
export async function storeList({ operands, json, print }: Call<typeof storeListTable>): Promise<Outcome> {
  const store = await openStore(operands.dir, "Cannot list");
  const objects: string[] = [];
  const flush = () => print(objects.splice(0).map((digest) => `${digest}\n`).join(""));
  for await (const digest of store.list()) {
    objects.push(digest);
    if (!json && objects.length >= linesTogether) flush();
  }
  if (!json) flush();
  return { result: { objects }, changing: false };
}

/** `atomic-write store rm DIR DIGEST…`. */
export async function storeRemove({ operands, options }: Call<typeof storeRemoveTable>): Promise<Outcome> {
  const digests = operands.digest.map((text) => readDigest(text, "DIGEST"));
  const store = await openStore(operands.dir, "Cannot remove from", {
    timeout: patienceOf(options),
    ...pathOf(options),
  });
  const removed: string[] = [];
  try {
    for (const digest of digests) if (await store.remove(digest)) removed.push(digest);
  } catch (error) {
    if (removed.length === 0) throw error;
    const notes = [`${countText(removed.length, "object")} removed before that`];
    return { result: { removed }, output: removed, notes, failures: [error], changing: true };
  }
  return { result: { removed }, output: removed, notes: [], changing: true };
}

/** `atomic-write store verify DIR`. */
export async function storeVerify({ operands, options, progress }: Call<typeof storeVerifyTable>): Promise<Outcome> {
  const store = await openStore(operands.dir, "Cannot verify", pathOf(options));
  const report = await progress(`verifying ${operands.dir}`, "object");
  const result = await store.verify({
    onProgress: ({ checked, total }) => report(checked, total),
    ...options.quarantine === true ? { quarantine: true } : {},
  });
  const { checked, corrupt, quarantined, unreadable = [] } = result;
  const unread = unreadable.length === 0 ? {} : { unreadable: unreadable.map(({ digest }) => digest) };
  return {
    result: { ...result, ...unread },
    output: corrupt,
    reasons: corrupt.map((digest) => `damaged ${digest}`),
    notes: corrupt.length === 0 ? [] : [
      `${countText(corrupt.length, "object")} of ${checked} damaged; put the content again to repair it`,
      ...quarantined === undefined ? [] : [`${countText(quarantined.length, "object")} moved to "damaged"`],
    ],
    failures: unreadable.map(({ error }) => error),
    ...corrupt.length === 0 ? {} : { status: exitStatus.badData },
    changing: options.quarantine === true,
  };
}

/** The digests that references lead to. Where there is none, the directory may be the wrong one, or not mounted. */
async function* referred(operand: string, allowEmpty: boolean, to: Destination): AsyncGenerator<string> {
  const attempt = "Cannot read the references in";
  const path = locateOperand(operand, attempt);
  await mustExist(path, attempt, "directory", "directory");
  const references = await openReferences(path);
  let count = 0;
  for await (const { digest } of references.list()) {
    count++;
    yield digest;
  }
  const head = await references.readHead();
  if (head?.digest !== undefined) yield head.digest;
  else if (count === 0 && !allowEmpty) {
    const reason = `there are no references in ${JSON.stringify(path)}`;
    const details = { code: "ENODATA", path: to.path, step: "read", targetState: "unchanged" } as const;
    throw new FileError(to.attempt, reason, details);
  }
}

function notADigest(to: Destination, line: number): FileError {
  const reason = `standard input: line ${line} does not begin with a SHA-256`;
  const details = { code: "EFORMAT", path: to.path, step: "read", targetState: "unchanged" } as const;
  return new FileError(to.attempt, reason, details);
}

/** The digests that lines begin with. */
async function* named(pieces: AsyncIterable<Uint8Array>, to: Destination): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  let line = 0;
  const read = (text: string) => {
    line++;
    if (text.trim() === "") return undefined;
    const digest = /^\s*([0-9a-f]{64})(?![0-9a-z])/i.exec(text)?.[1];
    if (digest === undefined) throw notADigest(to, line);
    return digest.toLowerCase();
  };
  for await (const piece of pieces) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) {
      const digest = read(text);
      if (digest !== undefined) yield digest;
    }
  }
  const last = read(rest);
  if (last !== undefined) yield last;
}

/** `atomic-write store gc DIR`. Every removal is independent: it may be stopped at any point. */
export async function storeGc(call: Call<typeof storeGcTable>): Promise<Outcome> {
  const { references, grace, dryRun, allowEmpty, ...waiting } = call.options;
  const attempt = "Cannot collect garbage in";
  const store = await openStore(call.operands.dir, attempt, { timeout: patienceOf(waiting), ...pathOf(waiting) });
  const to = { attempt, path: store.directory };
  const none = new AbortController().signal;
  const reachable = references === undefined
    ? named(readPieces(standardInput(call.host, () => {}), { allowEmpty }, none, to), to)
    : referred(references, allowEmpty === true, to);
  const report = await call.progress(`collecting garbage in ${call.operands.dir}`, "object");
  const removed: string[] = [];
  let result: CollectResult;
  try {
    result = await store.collectGarbage({
      reachable,
      ...grace === undefined ? {} : { grace: grace * 1000 },
      ...dryRun ? { dryRun } : {},
      onProgress(progress) {
        removed.push(...progress.removed);
        report(progress.done, progress.total);
      },
    });
  } catch (error) {
    if (removed.length === 0 || dryRun) throw error;
    const notes = [`${countText(removed.length, "object")} removed before that`];
    return { result: { removed }, output: removed, notes, failures: [error], changing: true };
  }
  return {
    result,
    output: result.removed,
    notes: result.young === 0 ? [] : [
      `kept ${countText(result.young, "object")} that nothing refers to, because ${
        result.young === 1 ? "it is" : "they are"
      } young; see --grace`,
    ],
    changing: !dryRun,
  };
}
