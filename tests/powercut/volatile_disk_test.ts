import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { SECTOR, type Survival, survivalOf, VolatileDisk } from "./volatile_disk.ts";

const size = 64 * 1024;
const BLOCK = 4096;

/** Bytes of one value. */
const filled = (value: number, length = SECTOR) => new Uint8Array(length).fill(value);
/** The first byte of each of the first sectors. */
const sectors = (disk: VolatileDisk, count: number) =>
  Array.from({ length: count }, (_, index) => disk.read(index * SECTOR, SECTOR)[0]);

function withDisk(run: (disk: VolatileDisk, path: string) => void): Promise<void> {
  return withTemporaryDirectory((directory) => {
    const path = join(directory, "image");
    fs.writeFileSync(path, new Uint8Array(size));
    const disk = new VolatileDisk(path);
    try {
      run(disk, path);
    } finally {
      disk.close();
    }
  });
}

function cutAndRestore(disk: VolatileDisk, survives: Survival): void {
  disk.cut(survives);
  disk.restore();
}

describe("a disk with a volatile cache", () => {
  it("reads what was written, also in pieces across blocks", () =>
    withDisk((disk) => {
      disk.write(3584, filled(1, 1024));
      disk.write(4096, filled(2));
      disk.flush();
      disk.write(4608, filled(3));
      const read = disk.read(3072, 2560);
      const firsts = Array.from({ length: 5 }, (_, index) => read[index * SECTOR]);
      assertEquals(firsts, [0, 1, 2, 3, 0]);
      assertEquals(disk.read(size - 10, 100).length, 10);
    }));

  it("keeps what was flushed and forgets the rest", () =>
    withDisk((disk, path) => {
      disk.write(0, filled(1));
      disk.flush();
      disk.write(0, filled(2));
      disk.write(SECTOR, filled(2));
      cutAndRestore(disk, () => false);
      assertEquals(sectors(disk, 2), [1, 0]);
      assertEquals(fs.readFileSync(path)[0], 1);
    }));

  it("may keep any sector of what was not flushed", () =>
    withDisk((disk) => {
      disk.write(0, filled(1, 4 * SECTOR));
      disk.write(SECTOR, filled(2));
      cutAndRestore(disk, (write, writes, sector) => {
        assertEquals(writes, 2);
        return write === 0 && sector !== 2;
      });
      assertEquals(sectors(disk, 5), [1, 1, 0, 1, 0]);
    }));

  it("does not let the machine notice before it is restored, and keeps nothing of what came after the cut", () =>
    withDisk((disk) => {
      disk.write(0, filled(1));
      disk.cut(() => false);
      assertEquals(sectors(disk, 1), [1]);
      disk.write(SECTOR, filled(2));
      disk.flush();
      assertEquals(sectors(disk, 2), [1, 2]);
      disk.restore();
      assertEquals(sectors(disk, 2), [0, 0]);
      disk.write(0, filled(3));
      disk.flush();
      cutAndRestore(disk, () => false);
      assertEquals(sectors(disk, 1), [3]);
    }));

  it("loses what a failed flush left out, whatever is flushed later, and lets the machine see it", () =>
    withDisk((disk) => {
      disk.write(0, filled(1, 2 * SECTOR));
      disk.loseCache((_, __, sector) => sector === 1);
      disk.write(2 * SECTOR, filled(2));
      disk.flush();
      assertEquals(sectors(disk, 3), [1, 1, 2]);
      cutAndRestore(disk, () => true);
      assertEquals(sectors(disk, 3), [0, 1, 2]);
    }));

  it("becomes what it was when it was remembered, as often as requested", () =>
    withDisk((disk, path) => {
      disk.write(0, filled(1));
      disk.remember();
      for (const value of [2, 3]) {
        disk.write(0, filled(value, 2 * BLOCK));
        disk.flush();
        disk.write(SECTOR, filled(9));
        disk.renew();
        assertEquals(sectors(disk, 3), [1, 0, 0]);
        assertEquals(fs.readFileSync(path).subarray(SECTOR).every((byte) => byte === 0), true);
      }
    }));

  it("loses power in every way there is, in the same one for the same seed", () => {
    const picture = (seed: number) => {
      const survives = survivalOf(seed);
      return Array.from({ length: 40 }, (_, write) => survives(write, 40, write) ? "1" : "0").join("");
    };
    const pictures = Array.from({ length: 60 }, (_, seed) => picture(seed));
    assertEquals(Array.from({ length: 60 }, (_, seed) => picture(seed)), pictures);
    assert(pictures.includes("0".repeat(40)), "nothing is kept");
    assert(pictures.includes("1".repeat(40)), "everything is kept");
    assert(pictures.some((each) => /^1+0+$/.test(each)), "the first part is kept");
    assert(pictures.some((each) => /01.*01/.test(each)), "any of it is kept");
  });
});
