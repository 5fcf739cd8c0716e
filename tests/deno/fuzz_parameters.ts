/**
 * How long the fuzzers work, from which seed, and what they make bytes and names of. `deno task fuzz` tries harder;
 * FUZZ_SEED and FUZZ_PATH, which a failure prints, repeat it.
 */
// deno-lint-ignore no-import-prefix -- named in deno.json, every task would fetch it first, even the command
import fc from "npm:fast-check@^4.10.0";
import process from "node:process";
import { backupName, temporaryName } from "../../src/protocol/names/names.ts";
import { journalName, markerName, stageName } from "../../src/protocol/names/transaction.ts";
import { generationName } from "../../src/protocol/names/generation.ts";
import { byEffort } from "../support/effort.ts";

export { fc };

const rounds = Number(process.env["FUZZ_ROUNDS"] ?? byEffort({ quick: 200, normal: 2000, long: 50_000 }));
const path = process.env["FUZZ_PATH"];

/** Where the random numbers begin. */
export const seed = Number(process.env["FUZZ_SEED"] ?? 1);

/** For `fc.assert`; a round that is `cost` times as long as that of a name's parser is made so many times less often. */
export const parameters = (cost = 1): { numRuns: number; seed: number; path?: string } => ({
  numRuns: Math.ceil(rounds / cost),
  seed,
  ...path === undefined ? {} : { path },
});

/** Text as bytes. */
export const encode = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Bytes that begin like ours and go wrong somewhere, and bytes that are nothing at all. */
export const mutated = (good: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc.array(fc.tuple(fc.nat(good.length), fc.nat(255)), { maxLength: 8 }).map((changes) => {
      const bytes = good.slice();
      for (const [index, byte] of changes) if (index < bytes.length) bytes[index] = byte;
      return bytes;
    }),
    fc.nat(good.length).map((length) => good.slice(0, length)),
  );

const zeros = (length: number) => new Uint8Array(length);
const facts = { boot: "0a", namespace: "1", pid: 2, started: "3" };
const id = "a".repeat(26);

/** A name of every kind. */
export const goodNames: readonly string[] = [
  temporaryName("a", { kind: "lock" }, zeros),
  temporaryName("a", { kind: "process", facts }, () => encode("0123456789abcdef")),
  backupName("a", 0),
  `g1.x.${id}.n`,
  journalName({ id, proof: { kind: "lock" }, state: "committed" }),
  journalName({ id, proof: { kind: "process", facts }, state: "preparing" }),
  markerName(id),
  stageName("a", id, 3),
  generationName({ target: "a", time: 0, id, kind: "generation" }),
  generationName({ target: "a", time: 0, id, kind: "switch" }),
  "ab",
  "c".repeat(62),
];

/** Names of any kind, among them some that a careless regular expression would need for ever for. */
export const anyName: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 255, unit: "binary" }),
  fc.constantFrom(...goodNames),
  fc.constantFrom(...goodNames).chain((good) => mutated(encode(good)).map((bytes) => new TextDecoder().decode(bytes))),
  fc.tuple(fc.constantFrom(".", ".a.", ".bak", "a", "1", "Z.bak", ".f.tmp", "-", ".journal"), fc.nat(250)).map(
    ([part, count]) => part.repeat(count).slice(0, 255),
  ),
);

/** Names that a file system takes. */
export const entryName: fc.Arbitrary<string> = anyName.filter((each) =>
  each !== "" && !/[\0/]|^\.{1,2}$/.test(each) && encode(each).length <= 255
);
