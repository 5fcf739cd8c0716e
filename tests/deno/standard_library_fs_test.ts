/**
 * What the tests below tests/deno rely on in `@std/fs`. With JSR this looks at the real package, without it at the
 * stand-in in tests/std_local, and so keeps the two at the same meaning.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { copySync, ensureDirSync, existsSync, walkSync } from "@std/fs";
import { join, relative } from "@std/path";
import { describe, it } from "node:test";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

/** A tree with a file of each kind, and a link that leads nowhere. */
function makeTree(root: string): void {
  Deno.mkdirSync(join(root, "b", "c"), { recursive: true });
  Deno.writeTextFileSync(join(root, "a.ts"), "a");
  Deno.writeTextFileSync(join(root, "b", "b.md"), "b");
  Deno.writeTextFileSync(join(root, "b", "c", "c.ts"), "c");
  if (Deno.build.os !== "windows") Deno.symlinkSync("nowhere", join(root, "b", "link"));
}

const link = Deno.build.os === "windows" ? [] : ["b/link"];
const inTree = (root: string, entries: Iterable<{ path: string }>) =>
  [...entries].map(({ path }) => relative(root, path).replaceAll("\\", "/")).sort();

describe("walkSync", () => {
  it("meets the directory and everything below it, and follows no links", () =>
    withTemporaryDirectory((root) => {
      makeTree(root);
      assertEquals(inTree(root, walkSync(root)), ["", "a.ts", "b", "b/b.md", "b/c", "b/c/c.ts", ...link]);
      assertEquals(inTree(root, walkSync(root, { includeDirs: false })), ["a.ts", "b/b.md", "b/c/c.ts", ...link]);
      assertEquals(inTree(root, walkSync(root, { exts: [".ts"], includeDirs: false })), ["a.ts", "b/c/c.ts"]);
      assertEquals(inTree(root, walkSync(root, { exts: ["md"] })), ["b/b.md"]);
      const kinds = [...walkSync(root)].map((entry) => [entry.name, entry.isFile, entry.isDirectory, entry.isSymlink]);
      const kindOf = (name: string) => kinds.find(([each]) => each === name)?.slice(1);
      assertEquals([kindOf("c.ts"), kindOf("c")], [[true, false, false], [false, true, false]]);
      if (Deno.build.os !== "windows") assertEquals(kindOf("link"), [false, false, true]);
    }));
  it("throws when the directory is not there", () =>
    withTemporaryDirectory((root) => void assertThrows(() => [...walkSync(join(root, "absent"))])));
});

describe("ensureDirSync", () => {
  it("makes a directory and those above it, once or twice; what is no directory is an error", () =>
    withTemporaryDirectory((root) => {
      for (let round = 0; round < 2; round++) ensureDirSync(join(root, "a", "b"));
      assert(Deno.statSync(join(root, "a", "b")).isDirectory);
      Deno.writeTextFileSync(join(root, "file"), "");
      assertThrows(() => ensureDirSync(join(root, "file")));
    }));
});

describe("existsSync", () => {
  it("sees files, directories and what links lead to", (t) =>
    withTemporaryDirectory((root) => {
      makeTree(root);
      const found = ["a.ts", "b", "absent", ...link].map((path) => existsSync(join(root, path)));
      assertEquals(found, [true, true, false, ...link.map(() => false)], t.name);
    }));
});

describe("copySync", () => {
  it("copies a file or all of a directory, and never onto what is there", () =>
    withTemporaryDirectory((root) => {
      makeTree(join(root, "from"));
      copySync(join(root, "from"), join(root, "to"));
      assertEquals(inTree(join(root, "to"), walkSync(join(root, "to"))), [
        ...inTree(join(root, "from"), walkSync(join(root, "from"))),
      ]);
      assertEquals(Deno.readTextFileSync(join(root, "to", "b", "c", "c.ts")), "c");
      if (Deno.build.os !== "windows") assertEquals(Deno.readLinkSync(join(root, "to", "b", "link")), "nowhere");
      copySync(join(root, "from", "a.ts"), join(root, "a.ts"));
      assertEquals(Deno.readTextFileSync(join(root, "a.ts")), "a");
      for (const path of ["to", "a.ts"]) assertThrows(() => copySync(join(root, "from", "b"), join(root, path)));
      assertThrows(() => copySync(join(root, "from", "a.ts"), join(root, "a.ts")));
    }));
});
