/**
 * A disk that is full to its last byte from the moment of activation: a transaction is rolled back all the same, also
 * where its directory takes no name more. Xfs keeps few names in the inode itself, ext4 keeps them in blocks: whether a
 * name fits depends on those that are there, so directories with names of all lengths are tried.
 */
import { assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ActivationError, applyFiles } from "../../src/transaction/mod.ts";
import { byEffort } from "../support/effort.ts";
import { withLoopFileSystem } from "../support/mounts.ts";

/** Takes every byte, and every name of one directory. */
function fill(directory: string): void {
  const filler = fs.openSync(join(directory, "filler"), "w");
  for (let size = 1 << 20; size >= 512; size /= 2) {
    try {
      while (fs.writeSync(filler, new Uint8Array(size)) === size);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
    }
  }
  fs.fsyncSync(filler);
  fs.closeSync(filler);
}

/** So many directories at once, each with a name of another length beside the file. */
const stride = byEffort({ quick: 16, normal: 4, long: 1 });
const lengths = Array.from({ length: 240 / stride }, (_, index) => 1 + index * stride);

async function rollBackWhenFull(directory: string, names: readonly string[]): Promise<void> {
  const places = lengths.map((length) => {
    const place = join(directory, `d${length}`);
    fs.mkdirSync(place);
    for (const name of names) fs.writeFileSync(join(place, name.padEnd(length, "n")), "");
    fs.writeFileSync(join(place, "f"), "old");
    return place;
  });
  let waiting = 0;
  let release = () => {};
  const full = new Promise<void>((resolve) => release = resolve);
  const outcomes = places.map(async (place, index) => {
    let activations = 0;
    const activate = async () => {
      if (++activations > 1) return;
      if (++waiting === places.length) {
        fill(directory);
        release();
      }
      await full;
      throw new Error("not today");
    };
    try {
      await applyFiles({ files: [{ path: join(place, "f"), data: "new" }], activate });
      return `${lengths[index]}: it was applied`;
    } catch (error) {
      if (!ActivationError.is(error) || error.targetState !== "unchanged") return `${lengths[index]}: ${error}`;
      const left = fs.readdirSync(place).filter((name) => name.startsWith("."));
      const text = fs.readFileSync(join(place, "f"), "utf8");
      return text === "old" && left.length === 0 ? "" : `${lengths[index]}: ${text}, ${left}`;
    }
  });
  // One that fails before its activation would keep the others waiting.
  void Promise.all(outcomes).then(release, release);
  assertEquals((await Promise.all(outcomes)).filter((text) => text !== ""), []);
}

describe("a transaction whose activation fails on a full disk is rolled back", () => {
  it("xfs", (t) =>
    withLoopFileSystem(t, { type: "xfs", size: 300 << 20 }, ({ directory }) => rollBackWhenFull(directory, ["a"])));

  it("ext4", (t) =>
    // The block of a directory is nearly full with the other names.
    withLoopFileSystem(
      t,
      { type: "ext4", size: 16 << 20, mkfs: ["-m", "0", "-b", "1024"] },
      ({ directory }) =>
        rollBackWhenFull(directory, ["a", "b", "c", "d", "e"].map((letter) => letter.padEnd(90, letter))),
    ));
});
