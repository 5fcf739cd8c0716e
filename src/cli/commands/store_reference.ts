/** `atomic-write store ref …`: names for objects. */
import { openReferences, type References } from "../../store/references.ts";
import { UsageError } from "../arguments.ts";
import { isWrongArgument } from "../failure.ts";
import type { storeReferenceTable } from "../grammar/store.ts";
import { locateOperand, mustExist, nothingThere } from "../operand.ts";
import { durabilityNotes } from "../results.ts";
import { shownName } from "../shown.ts";
import type { Call, Outcome } from "../table.ts";
import { patienceOf } from "../waiting.ts";

type ReferenceCall = Call<typeof storeReferenceTable>;

const head = "HEAD";

/** What each action takes, as its usage is shown. */
const usages: Readonly<Record<string, string>> = {
  set: "set DIR NAME DIGEST",
  get: "get DIR NAME",
  list: "list DIR [PREFIX]",
  rm: "rm DIR NAME",
};

/** The operands of an action: as many as it takes, and no option that it has no use for. */
function checked({ operands: { action, name, digest }, options }: ReferenceCall): { name: string; digest: string } {
  const usage = usages[action];
  if (usage === undefined) throw new UsageError(`ACTION must be set, get, list or rm, not ${JSON.stringify(action)}`);
  const wrong = (name === undefined) !== (action === "list") && !(action === "list" && name !== undefined);
  if (wrong || (digest === undefined) !== (action !== "set")) {
    throw new UsageError(`${action} takes other words: ${usage}`);
  }
  if (options.expect !== undefined && action !== "set" && action !== "rm") {
    throw new UsageError(`${action} changes nothing, and takes no --expect`);
  }
  return { name: name ?? "", digest: digest ?? "" };
}

/** A name that cannot be one is a mistake of the call. */
async function called<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw isWrongArgument(error) ? new UsageError(error.message) : error;
  }
}

async function set(references: References, call: ReferenceCall): Promise<void> {
  const { name, digest } = checked(call);
  const { expect } = call.options;
  if (name !== head) return await references.update(name, digest, expect === undefined ? {} : { expected: expect });
  const expected = expect === undefined ? {} : { expected: expect === null ? null : { digest: expect } };
  await references.setHead(/^[0-9a-f]{64}$/i.test(digest) ? { digest } : digest, expected);
}

async function get(references: References, name: string): Promise<Outcome> {
  const found = name === head ? (await references.readHead())?.digest : await references.read(name);
  if (found !== undefined) return { result: { name, digest: found }, output: [found], changing: false };
  throw nothingThere(references.directory, "Cannot read", `there is no reference ${JSON.stringify(name)}`);
}

async function list(references: References, prefix: string): Promise<Outcome> {
  const found: { name: string; digest: string }[] = [];
  for await (const each of references.list(prefix)) found.push(each);
  const output = found.map(({ name, digest }) => `${digest}  ${shownName(name)}`);
  return { result: { references: found }, output, changing: false };
}

async function remove(references: References, call: ReferenceCall): Promise<boolean> {
  const { name } = checked(call);
  const { expect } = call.options;
  if (expect === null) throw new UsageError('rm takes --expect with a SHA-256, not "none"');
  return await references.remove(name, expect === undefined ? {} : { expected: expect });
}

/** Runs the command. */
export async function run(call: ReferenceCall): Promise<Outcome> {
  const { action, dir } = call.operands;
  const { name } = checked(call);
  const changes = action === "set" || action === "rm";
  const attempt = changes ? "Cannot change the references in" : "Cannot read the references in";
  const path = locateOperand(dir, attempt);
  if (action !== "set") await mustExist(path, attempt, "directory", "directory");
  const { expect: _used, nonblock, timeout, ...rules } = call.options;
  const references = await openReferences(path, { ...rules, timeout: patienceOf({ nonblock, timeout }) });
  if (action === "get") return await called(() => get(references, name));
  if (action === "list") return await called(() => list(references, name));
  const removed = action === "rm" ? await called(() => remove(references, call)) : undefined;
  if (action === "set") await called(() => set(references, call));
  const { durability } = references;
  return {
    result: { name, ...removed === undefined ? {} : { removed }, durability },
    notes: durabilityNotes("the reference is changed", durability, rules.durability),
    changing: true,
  };
}
