/** The contract of the calls that make, change, read and remove names. */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { assertFails, type ContractOptions, put, textOf, withMask, type WithSubject } from "./contract_support.ts";
import { skip } from "../support/skip.ts";

const byName = (one: { name: string }, two: { name: string }) => one.name < two.name ? -1 : 1;

export function describeNames(withSubject: WithSubject, { real }: ContractOptions): void {
  describe("names", () => {
    it("may hold anything but a slash, up to 255 bytes", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const names = [
          "new\nline",
          "naïve – ☃ 𝄞",
          " ",
          "-n",
          "\\",
          "*?[",
          "é".repeat(127) + "x",
          "x".repeat(255),
          "...",
        ];
        for (const name of names) {
          await put(fileSystem, `${directory}/${name}`, name);
          assertEquals(await textOf(fileSystem, `${directory}/${name}`), name);
        }
        const listed = await fileSystem.readDirectory(directory);
        assertEquals(listed?.map((entry) => entry.name).sort(), [...names].sort());
        for (const name of ["x".repeat(256), "é".repeat(128)]) {
          const path = `${directory}/${name}`;
          await assertFails("ENAMETOOLONG", "create", path, () => fileSystem.create(path, 0o600));
          await assertFails("ENAMETOOLONG", "linkStat", path, () => fileSystem.linkStat(path));
        }
        for (const name of names) assertEquals(await fileSystem.remove(`${directory}/${name}`), true);
      }));

    // check-tests: allow -- asks a real system
    if (real) {
      it("may not hold NUL", () =>
        withSubject(async ({ fileSystem, directory }) => {
          const path = `${directory}/a\0b`;
          await assertFails("EINVAL", "create", path, () => fileSystem.create(path, 0o600));
          assertEquals(await fileSystem.readDirectory(directory), []);
        }));
    }
  });

  describe("readLink", () => {
    it("tells the text, and undefined for anything else", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await put(fileSystem, `${directory}/file`);
        await fileSystem.symbolicLink("../some where/☃", `${directory}/link`);
        assertEquals(await fileSystem.readLink(`${directory}/link`), "../some where/☃");
        for (const path of ["file", "absent", "absent/below", "file/below", "."]) {
          assertEquals(await fileSystem.readLink(`${directory}/${path}`), undefined, path);
        }
      }));
  });

  describe("readDirectory", () => {
    it("tells names and kinds, not those of what links lead to", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await put(fileSystem, `${directory}/file`);
        await fileSystem.makeDirectory(`${directory}/directory`, 0o755);
        await fileSystem.symbolicLink("directory", `${directory}/link`);
        const entries = await fileSystem.readDirectory(directory);
        assertEquals(entries?.sort(byName), [
          { name: "directory", kind: "directory" },
          { name: "file", kind: "file" },
          { name: "link", kind: "symlink" },
        ]);
        assertEquals(await fileSystem.readDirectory(`${directory}/link`), []);
        assertEquals(await fileSystem.readDirectory(`${directory}/absent`), undefined);
        const file = `${directory}/file`;
        await assertFails("ENOTDIR", "readDirectory", file, () => fileSystem.readDirectory(file));
      }));
  });

  describe("makeDirectory", () => {
    it("tells whether it made one", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await put(fileSystem, `${directory}/file`);
        await fileSystem.symbolicLink("nowhere", `${directory}/dangling`);
        assertEquals(await fileSystem.makeDirectory(`${directory}/new`, 0o755), true);
        for (const name of ["new", "file", "dangling"]) {
          assertEquals(await fileSystem.makeDirectory(`${directory}/${name}`, 0o755), false, name);
        }
        assertEquals(await fileSystem.linkStat(`${directory}/nowhere`), undefined);
        const below = `${directory}/absent/below`;
        await assertFails("ENOENT", "makeDirectory", below, () => fileSystem.makeDirectory(below, 0o755));
        const inFile = `${directory}/file/below`;
        await assertFails("ENOTDIR", "makeDirectory", inFile, () => fileSystem.makeDirectory(inFile, 0o755));
      }));

    it("gives the mode less umask, and of the mode the permission bits only", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        if (!runtime.capabilities.mode || !real) return skip(t, "the memory machine has no umask");
        for (const mode of [0o777, 0o700, 0o1777, 0o2750]) {
          const path = `${directory}/${mode.toString(8)}`;
          await withMask(0o027, () => fileSystem.makeDirectory(path, mode));
          assertEquals((await fileSystem.stat(path))?.mode, mode & 0o750);
        }
      }));
  });

  describe("rename", () => {
    it("replaces a file, and links rather than what they lead to", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await put(fileSystem, `${directory}/old`, "old");
        await put(fileSystem, `${directory}/new`, "new");
        await put(fileSystem, `${directory}/newer`, "newer");
        await fileSystem.rename(`${directory}/new`, `${directory}/old`);
        assertEquals(await textOf(fileSystem, `${directory}/old`), "new");
        assertEquals(await fileSystem.stat(`${directory}/new`), undefined);
        await fileSystem.symbolicLink("old", `${directory}/link`);
        await fileSystem.rename(`${directory}/newer`, `${directory}/link`);
        assertEquals((await fileSystem.linkStat(`${directory}/link`))?.kind, "file");
        assertEquals(await textOf(fileSystem, `${directory}/old`), "new");
        await fileSystem.symbolicLink("old", `${directory}/link2`);
        await fileSystem.rename(`${directory}/link2`, `${directory}/link3`);
        assertEquals(await fileSystem.readLink(`${directory}/link3`), "old");
      }));

    it("reports what is missing or in the way, and changes nothing then", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const path = (name: string) => `${directory}/${name}`;
        await put(fileSystem, path("file"), "content");
        await fileSystem.makeDirectory(path("full"), 0o755);
        await put(fileSystem, path("full/x"));
        await fileSystem.makeDirectory(path("empty"), 0o755);
        const rename = (from: string, to: string) => () => fileSystem.rename(path(from), path(to));
        await assertFails("ENOENT", "rename", path("absent"), rename("absent", "to"));
        await assertFails("ENOENT", "rename", path("file"), rename("file", "absent/to"));
        await assertFails("EISDIR", "rename", path("file"), rename("file", "empty"));
        await assertFails("ENOTDIR", "rename", path("empty"), rename("empty", "file"));
        await assertFails("ENOTEMPTY", "rename", path("empty"), rename("empty", "full"));
        await assertFails("EINVAL", "rename", path("empty"), rename("empty", "empty/below"));
        assertEquals(await textOf(fileSystem, path("file")), "content");
        await fileSystem.rename(path("full"), path("empty"));
        assertEquals((await fileSystem.stat(path("empty/x")))?.kind, "file");
      }));
  });

  describe("link", () => {
    it("gives a file a second name, and takes none", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await put(fileSystem, `${directory}/one`, "content");
        await fileSystem.link(`${directory}/one`, `${directory}/two`);
        assertEquals(await textOf(fileSystem, `${directory}/two`), "content");
        await fileSystem.symbolicLink("nowhere", `${directory}/dangling`);
        for (const name of ["two", "one", "dangling"]) {
          const path = `${directory}/${name}`;
          await assertFails("EEXIST", "link", path, () => fileSystem.link(`${directory}/one`, path));
        }
        const path = `${directory}/three`;
        await assertFails("ENOENT", "link", path, () => fileSystem.link(`${directory}/absent`, path));
      }));

    it("links a symlink itself", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await put(fileSystem, `${directory}/file`);
        await fileSystem.symbolicLink("file", `${directory}/link`);
        await fileSystem.link(`${directory}/link`, `${directory}/second`);
        assertEquals(await fileSystem.readLink(`${directory}/second`), "file");
        assertEquals((await fileSystem.stat(`${directory}/file`))?.links, 1);
      }));
  });

  describe("symbolicLink", () => {
    it("takes no name", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const path = `${directory}/link`;
        await fileSystem.symbolicLink("one", path);
        await assertFails("EEXIST", "symbolicLink", path, () => fileSystem.symbolicLink("two", path));
        assertEquals(await fileSystem.readLink(path), "one");
      }));
  });

  describe("remove", () => {
    it("removes a name that is no directory", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await put(fileSystem, `${directory}/file`);
        await fileSystem.makeDirectory(`${directory}/directory`, 0o755);
        await fileSystem.symbolicLink("file", `${directory}/link`);
        await fileSystem.symbolicLink("directory", `${directory}/link2`);
        assertEquals(await fileSystem.remove(`${directory}/link`), true);
        assertEquals(await fileSystem.remove(`${directory}/link2`), true);
        for (const name of ["absent", "absent/below", "file/below", "link"]) {
          assertEquals(await fileSystem.remove(`${directory}/${name}`), false, name);
        }
        const path = `${directory}/directory`;
        await assertFails(["EISDIR", "EPERM"], "remove", path, () => fileSystem.remove(path));
        assert(await fileSystem.stat(path) !== undefined);
        assertEquals(await fileSystem.remove(`${directory}/file`), true);
      }));
  });

  describe("removeDirectory", () => {
    it("removes an empty directory and nothing else", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const path = (name: string) => `${directory}/${name}`;
        await put(fileSystem, path("file"), "content");
        await fileSystem.makeDirectory(path("full"), 0o755);
        await put(fileSystem, path("full/x"));
        await fileSystem.makeDirectory(path("empty"), 0o755);
        await fileSystem.symbolicLink("empty", path("link"));
        const remove = (name: string) => () => fileSystem.removeDirectory(path(name));
        await assertFails("ENOTEMPTY", "removeDirectory", path("full"), remove("full"));
        await assertFails("ENOTDIR", "removeDirectory", path("file"), remove("file"));
        await assertFails("ENOTDIR", "removeDirectory", path("link"), remove("link"));
        assertEquals(await textOf(fileSystem, path("file")), "content");
        assertEquals(await fileSystem.removeDirectory(path("empty")), true);
        assertEquals(await fileSystem.removeDirectory(path("empty")), false);
        assertEquals(await fileSystem.readLink(path("link")), "empty");
      }));
  });
}
