/** The judge of power cuts has to see what is wrong, and only that. */
import { assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { makeVersion } from "../support/versions.ts";
import { judgeAll } from "./judge.ts";
import { positionOf, readHistory, Recorder } from "./record.ts";
import { skip } from "../support/skip.ts";

const onWindows = process.platform === "win32";

interface Fixture {
  root: string;
  record: Recorder;
  put(path: string, version: number, mode?: number): void;
  /** The kinds of the complaints; what is on record after `cut` was called was not acknowledged before. */
  kinds(): string[];
  cut(): void;
}

function withFixture(run: (fixture: Fixture) => void): Promise<void> {
  return withTemporaryDirectory((directory) => {
    const [root, file] = [join(directory, "root"), join(directory, "record")];
    fs.mkdirSync(root);
    const record = new Recorder(file, "a");
    let position: number | undefined;
    run({
      root,
      record,
      put(path, version, mode = 0o644) {
        fs.writeFileSync(join(root, path), makeVersion({ writer: "w", version }));
        fs.chmodSync(join(root, path), mode);
      },
      cut: () => void (position = positionOf(file)),
      kinds: () =>
        judgeAll(root, readHistory(file, position ?? positionOf(file)), ["overwrite"]).map(({ kind }) => kind),
    });
    record.close();
  });
}

function write({ record }: Fixture, path: string, version: number | null, mode?: number): void {
  record.done(record.begin(path, version === null ? null : `w ${version}`, mode));
}

describe("the judge of power cuts", () => {
  it("wants the last acknowledged version, or one that was running", () =>
    withFixture((fixture) => {
      write(fixture, "file", 1);
      write(fixture, "file", 2);
      fixture.record.begin("file", "w 3");
      for (const version of [2, 3]) {
        fixture.put("file", version);
        assertEquals(fixture.kinds(), []);
      }
      fixture.put("file", 1);
      assertEquals(fixture.kinds(), ["lost"]);
      fs.rmSync(join(fixture.root, "file"));
      assertEquals(fixture.kinds(), ["lost"]);
    }));

  it("assumes no order among operations that ran at the same time", () =>
    withFixture((fixture) => {
      const [first, second] = [fixture.record.begin("file", "w 1"), fixture.record.begin("file", "w 2")];
      fixture.record.done(second);
      fixture.record.done(first);
      for (const version of [1, 2]) {
        fixture.put("file", version);
        assertEquals(fixture.kinds(), []);
      }
    }));

  it("asks nothing of what was acknowledged after the cut", () =>
    withFixture((fixture) => {
      write(fixture, "file", 1);
      fixture.cut();
      write(fixture, "file", 2);
      write(fixture, "other", 3);
      fixture.put("file", 1);
      assertEquals(fixture.kinds(), []);
    }));

  it("wants a removed file to stay away, and a file that is written again to be there", () =>
    withFixture((fixture) => {
      write(fixture, "file", 1);
      write(fixture, "file", null);
      assertEquals(fixture.kinds(), []);
      fixture.put("file", 1);
      assertEquals(fixture.kinds(), ["lost"]);
      write(fixture, "file", 2);
      fs.rmSync(join(fixture.root, "file"));
      assertEquals(fixture.kinds(), ["lost"]);
    }));

  it("sees torn, mixed and foreign content, and foreign files", () =>
    withFixture((fixture) => {
      write(fixture, "file", 1);
      const path = join(fixture.root, "file");
      fs.writeFileSync(path, makeVersion({ writer: "w", version: 1 }).subarray(0, 50));
      assertEquals(fixture.kinds(), ["torn"]);
      fs.writeFileSync(path, "");
      assertEquals(fixture.kinds(), ["torn"]);
      fixture.put("file", 9);
      assertEquals(fixture.kinds(), ["foreign"]);
      fixture.put("file", 1);
      fs.writeFileSync(join(fixture.root, "stranger"), "");
      fs.writeFileSync(join(fixture.root, "file.lock"), "");
      fs.writeFileSync(join(fixture.root, ".file.lock.gate"), "");
      assertEquals(fixture.kinds(), ["foreign"]);
    }));

  it("sees permissions of another version", (t) =>
    withFixture((fixture) => {
      if (onWindows) return skip(t, "Windows has no permission bits");
      write(fixture, "file", 1, 0o640);
      write(fixture, "file", 2, 0o604);
      fixture.put("file", 2, 0o604);
      assertEquals(fixture.kinds(), []);
      fixture.put("file", 2, 0o640);
      assertEquals(fixture.kinds(), ["mode"]);
    }));

  it("wants no failure while there was power, and takes one after the cut for granted", () =>
    withFixture((fixture) => {
      fixture.record.failed(fixture.record.begin("file", "w 1"), new Error("no space"));
      assertEquals(fixture.kinds(), ["failed"]);
    }).then(() =>
      withFixture((fixture) => {
        fixture.cut();
        fixture.record.failed(fixture.record.begin("file", "w 1"), new Error("input or output"));
        assertEquals(fixture.kinds(), []);
      })
    ));
});
