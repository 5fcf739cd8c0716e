import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { DiskError, FailingDisk, type FailurePlan } from "./failing_disk.ts";
import { SECTOR } from "./volatile_disk.ts";

const plan: FailurePlan = { requests: "all", after: 0, share: 1, losesCache: false, delay: 0, seed: 1 };
const data = new TextEncoder().encode("a record".padEnd(SECTOR));

function withDisk(run: (disk: FailingDisk) => void): Promise<void> {
  return withTemporaryDirectory((directory) => {
    const path = join(directory, "image");
    fs.writeFileSync(path, new Uint8Array(16 * SECTOR));
    const disk = new FailingDisk(path);
    try {
      run(disk);
    } finally {
      disk.close();
    }
  });
}

/** Writes and flushes in turn: "W" and "F" where it is answered, "w" and "f" where the answer is EIO. */
function turns(disk: FailingDisk, count: number): string {
  const attempt = (name: string, request: () => void) => {
    try {
      request();
      return name;
    } catch (error) {
      assert(error instanceof DiskError);
      return name.toLowerCase();
    }
  };
  return Array.from(
    { length: count },
    (_, index) => index % 2 === 0 ? attempt("W", () => disk.write(0, data)) : attempt("F", () => disk.flush()),
  ).join("");
}

describe("FailingDisk", () => {
  const cases: [what: string, plan: Partial<FailurePlan>, expected: string][] = [
    ["everything", {}, "wfwfwfwf"],
    ["flushes only", { requests: "flushes" }, "WfWfWfWf"],
    ["writes only", { requests: "writes" }, "wFwFwFwF"],
    ["one request after some", { after: 3, count: 1 }, "WFWfWFWF"],
    ["so many of its kind", { requests: "flushes", after: 1, count: 2 }, "WFWfWfWF"],
    ["nothing of a share of none", { share: 0 }, "WFWFWFWF"],
    ["what holds a text", { containing: "record", count: 2 }, "wFwFWFWF"],
    ["nothing that does not hold it", { containing: "another" }, "WFWFWFWF"],
  ];
  for (const [what, changes, expected] of cases) {
    it(`answers EIO to ${what}`, () =>
      withDisk((disk) => {
        disk.fail({ ...plan, ...changes });
        assertEquals(turns(disk, 8), expected);
        const { failedWrites, failedFlushes, writes, flushes } = disk.status;
        assertEquals([writes, flushes], [4, 4]);
        assertEquals([failedWrites, failedFlushes], [expected.split("w").length - 1, expected.split("f").length - 1]);
      }));
  }

  it("answers EIO to a share of the requests, to the same ones for the same seed", () =>
    withDisk((disk) => {
      const picture = (seed: number) => {
        disk.fail({ ...plan, share: 0.5, seed });
        return turns(disk, 100);
      };
      const [one, other] = [picture(1), picture(2)];
      assertEquals(picture(1), one);
      assert(one !== other);
      const failures = one.replaceAll(/[WF]/g, "").length;
      assert(failures > 20 && failures < 80, `${failures} of 100`);
    }));

  it("changes nothing by a write that fails, and keeps or loses what a flush that fails left out", () =>
    withDisk((disk) => {
      for (const [losesCache, kept] of [[false, data[0]], [true, 0]] as const) {
        disk.remember();
        disk.write(0, data);
        // Of the ways to lose a cache, that of the seed of this plan keeps nothing.
        disk.fail({ ...plan, losesCache, count: 2 });
        assertThrows(() => disk.flush(), DiskError);
        assertThrows(() => disk.write(SECTOR, data), DiskError);
        disk.flush();
        disk.cut(() => false);
        disk.restore();
        assertEquals([disk.read(0, 1)[0], disk.read(SECTOR, 1)[0]], [kept, 0]);
        disk.renew();
      }
    }));

  it("is well again after mend, and at the cut", () =>
    withDisk((disk) => {
      for (const end of [() => disk.mend(), () => disk.cut(() => false)]) {
        disk.fail(plan);
        assertEquals(turns(disk, 2), "wf");
        end();
        assertEquals(turns(disk, 2), "WF");
      }
    }));
});
