/** What is looked for behind a damaged record, or one that was never completed, where there are zeros and holes. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it, test } from "node:test";
import { openLog, openLogReader, openLogSync } from "../../src/log/mod.ts";
import { runSync, wait } from "../../src/core/operation.ts";
import { isZero } from "../../src/core/zeros.ts";
import { findProof } from "../../src/log/damage_proof.ts";
import { type LogHeader, parseLogHeader } from "../../src/log/log_header.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { memoryRuntime } from "../../src/testing/mod.ts";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { readTexts } from "./support.ts";

/** A log whose second record, so many zeros, is damaged; its third, zeros and an end, proves that. */
function damagedLog(damaged: number, proving: number, end: string) {
  const machine = memoryRuntime();
  const log = openLogSync("/log", { runtime: machine });
  const size = () => machine.statusOf("/log")?.size ?? 0;
  log.append("first");
  const offset = size();
  log.append(new Uint8Array(damaged));
  const proof = size();
  const data = new Uint8Array(proving + end.length);
  data.set(new TextEncoder().encode(end), proving);
  log.append(data);
  // Without the seal, which may be behind it.
  const bytes = (machine.readBytes("/log") ?? new Uint8Array()).slice(0, proof + 32 + data.length);
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  return { bytes, offset, proof };
}

/** What is found behind the damage, and how many bytes were read for it. */
function search({ bytes, offset }: ReturnType<typeof damagedLog>, tellsHoles: boolean, size = bytes.length) {
  const { identity } = parseLogHeader(bytes) as LogHeader;
  let read = 0;
  const content = {
    bytes(from: number, length: number) {
      const window = bytes.subarray(from, Math.min(from + length, size));
      read += window.length;
      return wait(window);
    },
  };
  const nextData = (from: number) => {
    const at = bytes.findIndex((byte, index) => index >= from && byte !== 0);
    return at < 0 ? Infinity : Math.max(from, at - (at % 4096));
  };
  const cursor = { offset, sequence: 2, syncedThrough: 0, salt: undefined };
  const found = runSync(() => findProof({ ...content, ...tellsHoles ? { nextData } : {} }, { size, cursor, identity }));
  return { found, read };
}

test("isZero sees a byte that is not zero wherever it is, in bytes that begin anywhere", () => {
  const all = new Uint8Array(40);
  for (let start = 0; start < 5; start++) {
    for (let end = start; end <= 40; end++) {
      const bytes = all.subarray(start, end);
      assert(isZero(bytes));
      for (let index = 0; index < bytes.length; index++) {
        bytes[index] = 128;
        assert(!isZero(bytes), `${start} ${end} ${index}`);
        bytes[index] = 0;
      }
    }
  }
});

const window = 256 * 1024;

describe("what proves damage", () => {
  for (const damaged of [0, 5, 4 * window - 91, 900_000]) {
    for (const proving of [0, 5, 2 * window, 900_003]) {
      for (const end of ["", "x"]) {
        it(`is found: ${damaged} zeros, and a record of ${proving} zeros and "${end}"`, () => {
          const log = damagedLog(damaged, proving, end);
          for (const tellsHoles of [false, true]) assertEquals(search(log, tellsHoles).found, log.proof);
          assert(search(log, true).read <= 3 * window, "holes are read");
        });
      }
    }
  }

  it("is no record whose zeros are not all of them, or too few", () => {
    for (const end of ["", "x"]) {
      const log = damagedLog(5, 900_003, end);
      for (const tellsHoles of [false, true]) {
        assertEquals(search(log, tellsHoles, log.bytes.length - 1).found, undefined);
        for (const changed of [log.proof + 32, log.proof + 600_000]) {
          log.bytes[changed] = 1;
          assertEquals(search(log, tellsHoles).found, undefined);
          log.bytes[changed] = 0;
        }
      }
    }
  });
});

it("a log in a file of a terabyte that is all hole behind it opens, and is cut to its records", (t) =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "log");
    const log = await openLog(path);
    await log.append("first");
    await log.close();
    const { size } = fs.statSync(path);
    try {
      fs.truncateSync(path, 2 ** 40);
    } catch {
      return skip(t, "no file can be that long on this file system");
    }
    const file = currentRuntime().syncFileSystem.open(path, "read");
    if (file === undefined || "then" in file) throw new Error("it cannot be opened");
    const known = file.nextData?.(size + 65_536);
    file.close();
    if (known !== Infinity) return skip(t, "nobody tells here where holes are");
    assertEquals(await readTexts(openLogReader(path).read()), ["1 first"]);
    await using opened = await openLog(path);
    assertEquals(opened.tornTail, { offset: size, bytes: 2 ** 40 - size });
    assertEquals([await opened.append("second"), await readTexts(opened.read())], [2, ["1 first", "2 second"]]);
  }));
