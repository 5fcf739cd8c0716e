/** The judge of failing disks has to see what is wrong, and only that. */
import { assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openLogSync } from "../../../src/log/mod.ts";
import { withTemporaryDirectory } from "../../support/temporary_directory.ts";
import { makeVersion } from "../../support/versions.ts";
import { positionOf, readHistory, Recorder } from "../record.ts";
import { judgeFailing } from "./judge.ts";
import { FOLDERS } from "./lanes.ts";

interface Fixture {
  readonly root: string;
  acknowledge(path: string, content: string): void;
  put(path: string, version: number): void;
  append(name: string, ...versions: number[]): void;
  kinds(): string[];
}

function withFixture(run: (fixture: Fixture) => void): Promise<void> {
  return withTemporaryDirectory((directory) => {
    const [root, file] = [join(directory, "root"), join(directory, "record")];
    for (const folder of FOLDERS) fs.mkdirSync(join(root, folder), { recursive: true });
    const record = new Recorder(file, "a");
    const data = (version: number) => makeVersion({ writer: "w", version }, 500);
    run({
      root,
      acknowledge: (path, content) => record.done(record.begin(path, content)),
      put: (path, version) => fs.writeFileSync(join(root, path), data(version)),
      append: (name, ...versions) => {
        const log = openLogSync(join(root, "logs", name));
        for (const version of versions) log.append(data(version));
        log.close();
      },
      kinds: () => judgeFailing(root, readHistory(file, positionOf(file))).map(({ kind }) => kind),
    });
    record.close();
  });
}

const digest = "0123456789abcdef".repeat(4);

describe("the judge of failing disks", () => {
  it("wants the last acknowledged content of a file, whole", () =>
    withFixture(({ root, acknowledge, put, kinds }) => {
      acknowledge("one/file", "w 1");
      acknowledge("one/file", "w 2");
      put("one/file", 2);
      assertEquals(kinds(), []);
      put("one/file", 1);
      assertEquals(kinds(), ["lost"]);
      fs.writeFileSync(join(root, "one/file"), new Uint8Array(4096));
      assertEquals(kinds(), ["torn"]);
    }));

  it("wants every acknowledged record of a log, and a log that can be read", () =>
    withFixture(({ root, acknowledge, append, kinds }) => {
      append("w", 1, 2);
      acknowledge("logs/w/w-1", "w 1");
      acknowledge("logs/w/w-2", "w 2");
      assertEquals(kinds(), []);
      acknowledge("logs/w/w-3", "w 3");
      assertEquals(kinds(), ["lost"]);
      append("w", 3);
      assertEquals(kinds(), []);
      const path = join(root, "logs/w");
      const bytes = fs.readFileSync(path);
      bytes.fill(0, bytes.indexOf("w 1 "), bytes.indexOf("w 1 ") + 3);
      fs.writeFileSync(path, bytes);
      assertEquals([...new Set(kinds())], ["torn", "lost"]);
    }));

  it("wants what a reference leads to, and a reference that is one", () =>
    withFixture(({ root, acknowledge, kinds }) => {
      acknowledge("refs/head", digest);
      assertEquals(kinds(), ["lost"]);
      fs.writeFileSync(join(root, "refs/head"), `${digest}\n`);
      assertEquals(kinds(), []);
      fs.writeFileSync(join(root, "refs/head"), "\0".repeat(65));
      assertEquals(kinds(), ["torn"]);
    }));

  it("wants all files of a group from one version", () =>
    withFixture(({ acknowledge, put, kinds }) => {
      const paths = ["one/x-w-1", "one/y-w-1", "two/z-w-1"];
      for (const path of paths) acknowledge(path, "w 1");
      for (const path of paths) put(path, 1);
      assertEquals(kinds(), []);
      // Not acknowledged, but begun: each by itself might be there.
      for (const path of paths) acknowledge(path, "w 2");
      put("two/z-w-1", 2);
      assertEquals(kinds(), ["lost", "lost", "torn"]);
    }));
});
