/** Every name of temporary files and backups: built and read back, and nothing else taken for ours. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { test } from "node:test";
import {
  backupName,
  factsFitName,
  isBackupOf,
  parseBackupName,
  parseTemporaryName,
  type Proof,
  shortenName,
  temporaryName,
} from "../../src/protocol/names/names.ts";

const bytes = (name: string): number => new TextEncoder().encode(name).length;
const zeros = (length: number): Uint8Array => new Uint8Array(length);
const facts = { boot: "0123456789abcdef0123456789abcdef", namespace: "4026531836", pid: 4711, started: "123456" };
const longFacts = { boot: "z".repeat(40), namespace: "9".repeat(20), pid: 9_999_999_999, started: "9".repeat(20) };
const proofs: [string, Proof][] = [
  ["a lock", { kind: "lock" }],
  ["a process", { kind: "process", facts }],
  ["a process with the longest facts", { kind: "process", facts: longFacts }],
  ["nothing", { kind: "none" }],
];
const moment = Date.UTC(2026, 10, 20, 19, 10, 22, 123);

test("temporaryName is hidden, says target, 128 random bits and proof, and ends in .tmp", () => {
  const random = (length: number) => Uint8Array.from({ length }, (_, index) => index * 16 + index);
  assertEquals(temporaryName("a.json", { kind: "lock" }, zeros), `.a.json.${"a".repeat(26)}.f.tmp`);
  assertEquals(temporaryName("a", { kind: "none" }, random), ".a.aaisem2ekvthpcezvk54zxpo74.n.tmp");
  assertEquals(
    temporaryName("a", { kind: "process", facts }, zeros),
    `.a.${"a".repeat(26)}.p0123456789abcdef0123456789abcdef-4026531836-4711-123456.tmp`,
  );
});

test("temporaryName uses every one of its 128 random bits", () => {
  const names = new Set<string>();
  for (let bit = 0; bit < 128; bit++) {
    const random = zeros(16);
    random[bit >> 3] = 1 << (bit & 7);
    names.add(temporaryName("a", { kind: "lock" }, () => random));
  }
  assertEquals(names.size, 128);
});

const targets = ["a", ".hidden", "a.b.c", "x.tmp", ".a.tmp", "two\nlines", "a b", "-rf", "ä", "日本語", "~", "a~b"];

for (const [kind, proof] of proofs) {
  test(`parseTemporaryName reads what temporaryName built, with the proof by ${kind}`, () => {
    for (const target of targets) {
      assertEquals(parseTemporaryName(temporaryName(target, proof, zeros)), { target, proof });
    }
  });

  test(`temporaryName stays within 255 bytes, with the proof by ${kind}`, () => {
    for (const character of ["a", "ä", "€", "\u{1F600}"]) {
      const name = character.repeat(Math.floor(255 / bytes(character)));
      const built = temporaryName(name, proof, zeros);
      assert(bytes(built) <= 255, `${bytes(built)} bytes`);
      assertEquals(parseTemporaryName(built)?.proof, proof);
      // What eCryptfs allows, for the kind that is used wherever the kernel has locks.
      if (kind === "a lock") assert(bytes(built) <= 143, `${bytes(built)} bytes`);
    }
  });
}

for (
  const name of [
    "a",
    ".a.tmp",
    ".a.f.tmp",
    `.a.${"a".repeat(25)}.f.tmp`,
    `.a.${"a".repeat(27)}.f.tmp`,
    `.a.${"A".repeat(26)}.f.tmp`,
    `.a.${"1".repeat(26)}.f.tmp`,
    `..${"a".repeat(26)}.f.tmp`,
    `a.b.${"a".repeat(26)}.f.tmp`,
    `.a.${"a".repeat(26)}.x.tmp`,
    `.a.${"a".repeat(26)}.f.tmp.bak`,
    `.a.${"a".repeat(26)}.f.tmp\n`,
    `.a.${"a".repeat(26)}.p.tmp`,
    `.a.${"a".repeat(26)}.pboot-1-2.tmp`,
    `.a.${"a".repeat(26)}.pBOOT-1-2-3.tmp`,
    `.a.${"a".repeat(26)}.pboot-1-x-3.tmp`,
    `.a.${"a".repeat(26)}.pboot-1-2-3-4.tmp`,
  ]
) {
  test(`parseTemporaryName does not know ${JSON.stringify(name)}`, () => {
    assertEquals(parseTemporaryName(name), undefined);
  });
}

test("factsFitName takes what can be read back and nothing else", () => {
  assert(factsFitName(facts));
  assert(factsFitName(longFacts));
  for (
    const odd of [
      { boot: "" },
      { boot: "a-b" },
      { boot: "a/b" },
      { boot: "a".repeat(41) },
      { namespace: "x" },
      {
        pid: -1,
      },
      { pid: 1.5 },
      { pid: NaN },
      { started: "" },
      { started: "1.2" },
    ]
  ) {
    assertEquals(factsFitName({ ...facts, ...odd }), false, JSON.stringify(odd));
  }
});

test("shortenName keeps a name that fits, to the byte", () => {
  assertEquals(shortenName("a".repeat(64), 64), "a".repeat(64));
  assertEquals(shortenName("ä".repeat(32), 64), "ä".repeat(32));
  assertEquals(bytes(shortenName("a".repeat(65), 64)), 64);
});

test("shortenName never cuts a character in two", () => {
  for (const character of ["ä", "€", "\u{1F600}"]) {
    for (let lead = 0; lead < 4; lead++) {
      const short = shortenName("a".repeat(lead) + character.repeat(80), 64);
      assert(bytes(short) <= 64);
      assert(!short.includes("\ufffd"), short);
      assert(short.startsWith("a".repeat(lead) + character), short);
    }
  }
});

test("shortenName tells long names with the same beginning apart", () => {
  const names = Array.from({ length: 1000 }, (_, index) => "n".repeat(80) + index);
  assertEquals(new Set(names.map((name) => shortenName(name, 64))).size, 1000);
});

test("backupName is hidden and says target and time", () => {
  assertEquals(backupName("a.json", moment), ".a.json.20261120T191022123Z.bak");
  assertEquals(backupName("a", 0), ".a.19700101T000000000Z.bak");
});

test("parseBackupName reads what backupName built", () => {
  for (const target of [...targets, "a.20261120T191022123Z.bak", "n".repeat(230)]) {
    assertEquals(parseBackupName(backupName(target, moment)), { target, time: moment });
  }
});

test("backupName stays within 255 bytes, and isBackupOf finds the long name again", () => {
  const names = ["n".repeat(255), "ä".repeat(127), "n".repeat(254) + "m"];
  for (const name of names) {
    const built = backupName(name, moment);
    assert(bytes(built) <= 255);
    const parsed = parseBackupName(built);
    assert(parsed !== undefined);
    assertEquals(names.filter((other) => isBackupOf(parsed, other)), [name]);
  }
});

test("isBackupOf does not take a backup for that of a name with the same beginning", () => {
  const parsed = parseBackupName(backupName("conf", moment));
  assert(parsed !== undefined);
  assertEquals(["conf", "con", "conf.d", ".conf", "Conf"].filter((name) => isBackupOf(parsed, name)), ["conf"]);
});

for (
  const name of [
    "a.20261120T191022123Z.bak",
    ".a.bak",
    "..20261120T191022123Z.bak",
    ".a.20261120T191022Z.bak",
    ".a.20261120T191022123.bak",
    ".a.20260231T191022123Z.bak",
    ".a.20261320T191022123Z.bak",
    ".a.20261120T241022123Z.bak",
    ".a.20261120T190060123Z.bak",
    ".a.20261120T191022123Z.bak~",
    ".a.20261120t191022123z.bak",
    ".a.99999999T999999999Z.bak",
    `.${"a".repeat(231)}.20261120T191022123Z.bak`,
  ]
) {
  test(`parseBackupName does not know ${JSON.stringify(name)}`, () => {
    assertEquals(parseBackupName(name), undefined);
  });
}

test("names of temporary files and backups are never taken for each other", () => {
  assertEquals(parseBackupName(temporaryName("a", { kind: "lock" }, zeros)), undefined);
  assertEquals(parseTemporaryName(backupName("a", moment)), undefined);
  assertNotEquals(temporaryName("a", { kind: "none" }, zeros), temporaryName("b", { kind: "none" }, zeros));
});
