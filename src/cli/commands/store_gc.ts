/** `atomic-write store gc DIR`. Every removal stands for itself: it may be stopped at any point. */
import { FileError } from "../../core/errors.ts";
import { openReferences } from "../../store/references.ts";
import { type Destination, readPieces, standardInput } from "../input.ts";
import { countText } from "../quantity.ts";
import type { Call, Outcome } from "../table.ts";
import type { table } from "../tables/store_gc.ts";
import { mustExist } from "./existing.ts";
import { locateOperand } from "./location.ts";
import { openStore, patience } from "./stored.ts";

/** The digests that references lead to. */
async function* referred(operand: string): AsyncGenerator<string> {
  const attempt = "Cannot read the references in";
  const path = locateOperand(operand, attempt);
  await mustExist(path, attempt, "directory", "directory");
  const references = await openReferences(path);
  for await (const { digest } of references.list()) yield digest;
  const head = await references.readHead();
  if (head?.digest !== undefined) yield head.digest;
}

function notADigest(to: Destination, line: number): FileError {
  const reason = `standard input: line ${line} does not begin with a SHA-256`;
  const details = { code: "EFORMAT", path: to.path, step: "read", targetState: "unchanged" } as const;
  return new FileError(`${to.attempt} ${JSON.stringify(to.path)}`, reason, details);
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

/** Runs the command. */
export async function run(call: Call<typeof table>): Promise<Outcome> {
  const { references, grace, dryRun, allowEmpty, ...waiting } = call.options;
  const attempt = "Cannot collect garbage in";
  const store = await openStore(call.operands.dir, attempt, patience(waiting));
  const to = { attempt, path: store.directory };
  const none = new AbortController().signal;
  const reachable = references === undefined
    ? named(readPieces(standardInput(call.host, () => {}), { allowEmpty }, none, to), to)
    : referred(references);
  const report = await call.progress(`collecting garbage in ${call.operands.dir}`, "object");
  const result = await store.collectGarbage({
    reachable,
    ...grace === undefined ? {} : { grace: grace * 1000 },
    ...dryRun ? { dryRun } : {},
    onProgress: ({ done, total }) => report(done, total),
  });
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
