/** `validate` means one thing wherever JSON is read or changed: a function, or a Standard Schema, typed from it. */
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  CorruptionError,
  type FilePath,
  type JsonValidator,
  readJsonFile,
  readJsonFileSync,
  type StandardSchemaV1,
  updateJsonFile,
  updateJsonFileSync,
  ValidationError,
} from "../mod.ts";
import {
  readVersionedJson,
  readVersionedJsonSync,
  updateVersionedJson,
  updateVersionedJsonSync,
} from "../src/versioned/mod.ts";
import { memoryRuntime } from "../src/testing/mod.ts";
import { notEmpty } from "./support/tally.ts";

interface State {
  runs: number;
}

const reason = new RangeError("runs must be a number");

/** What both forms convert: text that is a number is one. */
function convert(value: unknown): State {
  const runs = Number(Object(value).runs);
  if (Number.isNaN(runs)) throw reason;
  return { runs };
}

const standard = (check: StandardSchemaV1<State>["~standard"]["validate"]): StandardSchemaV1<State> => ({
  "~standard": { version: 1, vendor: "test", validate: check },
});
const answer = (value: unknown) => {
  try {
    return { value: convert(value) };
  } catch {
    return { issues: [{ message: "must be a number", path: ["runs"] }] };
  }
};
/** As arktype makes them: a function that is a schema. */
const callable = Object.assign(() => {
  throw new Error("a schema that can be called is asked as a schema");
}, standard(answer));

type Form = readonly [name: string, validate: JsonValidator<State>, words: string];
const forms: readonly Form[] = [
  ["a function", convert, "runs must be a number"],
  ["a Standard Schema", standard(answer), "runs: must be a number"],
  ["a Standard Schema that is a function", callable, "runs: must be a number"],
];
const laterForms: readonly Form[] = [
  ["a function that answers later", async (value) => (await Promise.resolve(), convert(value)), forms[0]![2]],
  ["a schema that answers later", standard((value) => Promise.resolve(answer(value))), forms[1]![2]],
];

type Options = { validate: JsonValidator<State>; runtime: ReturnType<typeof memoryRuntime> };
type Change = (current: State | undefined) => State | undefined;
const readers: readonly [name: string, read: (path: FilePath, options: Options) => unknown][] = [
  ["readJsonFile", (path, options) => readJsonFile(path, options)],
  ["readJsonFileSync", (path, options) => readJsonFileSync(path, options)],
  ["readVersionedJson", async (path, options) => (await readVersionedJson(path, options))?.content],
  ["readVersionedJsonSync", (path, options) => readVersionedJsonSync(path, options)?.content],
];
const changers: readonly [name: string, change: (path: FilePath, change: Change, options: Options) => unknown][] = [
  ["updateJsonFile", async (...given) => (await updateJsonFile(...given)).value],
  ["updateJsonFileSync", (...given) => updateJsonFileSync(...given).value],
  ["updateVersionedJson", async (...given) => (await updateVersionedJson(...given)).value],
  ["updateVersionedJsonSync", (...given) => updateVersionedJsonSync(...given).value],
];
const formsFor = (name: string) => name.endsWith("Sync") ? forms : [...forms, ...laterForms];
const at = (content: string) => memoryRuntime({ files: { "/d/file": content } });
const add: Change = (state = { runs: 0 }) => ({ runs: state.runs + 1 });
/** Calls it; what it throws at once is a rejection, too. */
const attempt = async (call: () => unknown): Promise<unknown> => await call();

for (const [name, read] of readers) {
  test(`${name} returns what validate returns, in each of its forms`, async () => {
    for (const [form, validate] of formsFor(name)) {
      const found = await read("/d/file", { runtime: at('{"runs":"4"}'), validate });
      assertEquals(found, { runs: 4 }, form);
      assertEquals(await read("/d/none", { runtime: at("1"), validate }), undefined, form);
    }
  });
  test(`${name} with content that validate refuses is a CorruptionError that says why`, async () => {
    for (const [form, validate, words] of formsFor(name)) {
      const runtime = at('{"runs":"many"}');
      const error = await assertRejects(() => attempt(() => read("/d/file", { runtime, validate })), CorruptionError);
      assertEquals(error.message.includes(`its content is not valid: ${words}`), true, `${form}: ${error.message}`);
      if (form === "a function") assertStrictEquals(error.cause, reason);
      else if (form.startsWith("a Standard")) assertEquals(Array.isArray(error.cause), true);
    }
  });
}

for (const [name, change] of changers) {
  test(`${name} passes what validate returns to the callback, and returns the new value`, async () => {
    for (const [form, validate] of formsFor(name)) {
      const runtime = at('{"runs":"4"}');
      assertEquals(await change("/d/file", add, { runtime, validate }), { runs: 5 }, form);
      assertEquals(await change("/d/file", () => undefined, { runtime, validate }), { runs: 5 }, form);
      assertEquals(await change("/d/new", add, { runtime, validate }), { runs: 1 }, form);
      assertEquals(runtime.readText("/d/file"), '{"runs":5}\n', form);
    }
  });
  test(`${name} with a value that validate refuses changes nothing, before and after the callback`, async () => {
    for (const [form, validate, words] of formsFor(name)) {
      const damaged = at('{"runs":"many"}');
      const found = await assertRejects(
        () => attempt(() => change("/d/file", add, { runtime: damaged, validate })),
        CorruptionError,
        words,
        form,
      );
      assertEquals(found.code, "ECORRUPT");
      const runtime = at('{"runs":4}');
      const wrong = () => ({ runs: Number.NaN });
      const error = await assertRejects(
        () => attempt(() => change("/d/file", wrong, { runtime, validate })),
        ValidationError,
        `the new value is not valid: ${words}`,
        form,
      );
      assertEquals([error.targetState, runtime.readText("/d/file")], ["unchanged", '{"runs":4}'], form);
    }
  });
}

const calls = [
  ...readers.map(([name, read]) => [name, (options: Options) => read("/d/file", options)] as const),
  ...changers.map(([name, change]) => [name, (options: Options) => change("/d/file", add, options)] as const),
];
for (const [name, call] of calls) {
  test(`${name}: a validate that is neither, or returns nothing, is a TypeError`, async () => {
    const wrong: readonly [validate: unknown, words: string][] = [
      [{}, "validate must be a function or a Standard Schema, not "],
      [7, "validate must be a function or a Standard Schema, not 7"],
      [() => {}, "validate returned nothing: it must return the value, or throw"],
    ];
    for (const [validate, words] of wrong) {
      const runtime = at('{"runs":4}');
      const options = { runtime, validate } as Options;
      await assertRejects(() => attempt(() => call(options)), TypeError, words);
      assertEquals(runtime.readText("/d/file"), '{"runs":4}');
    }
  });
}

test("a synchronous function refuses a validate that answers later", () => {
  for (const [form, validate] of laterForms) {
    for (const [name, call] of notEmpty(calls.filter(([called]) => called.endsWith("Sync")))) {
      assertThrows(() => call({ runtime: at("{}"), validate }), TypeError, "promise", `${name}, ${form}`);
    }
  }
});

test("the type of the value follows from validate", async () => {
  const runtime = at('{"runs":4}');
  const read: State | undefined = await readJsonFile("/d/file", { runtime, validate: standard(answer) });
  const called: State | undefined = readJsonFileSync("/d/file", { runtime, validate: convert });
  const later: State | undefined = await readJsonFile("/d/file", { runtime, validate: laterForms[0]![1] });
  const { value } = await updateJsonFile("/d/file", (state) => state, { runtime, validate: convert });
  const runs: number | undefined = value?.runs;
  assertEquals([read?.runs, called?.runs, later?.runs, runs], [4, 4, 4, 4]);
});
