/** The contract of names in an open directory. */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import type { FileSystem, OpenDirectory, OpenFile } from "../../src/runtime/runtime.ts";
import { assertFails, put, textOf, type WithSubject } from "./contract_support.ts";
import { skip } from "../support/skip.ts";

async function opened(fileSystem: FileSystem, path: string): Promise<OpenDirectory> {
  const directory = await fileSystem.openDirectory(path);
  assert(directory !== undefined, `${path} is not there`);
  return directory;
}

async function closed(file: OpenFile | undefined): Promise<boolean> {
  await file?.close();
  return file !== undefined;
}

export function describeDirectories(withSubject: WithSubject): void {
  describe("an open directory", () => {
    it("does everything with the names in it", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        if (!runtime.capabilities.directorySync) return skip(t, "directories cannot be opened here");
        await fileSystem.makeDirectory(`${directory}/d`, 0o755);
        await fileSystem.makeDirectory(`${directory}/e`, 0o755);
        const [one, other] = [await opened(fileSystem, `${directory}/d`), await opened(fileSystem, `${directory}/e`)];
        const { names } = one;
        assertEquals([await names.linkStat("a"), await names.open("a", "read")], [undefined, undefined]);
        assertEquals([await names.remove("a"), await names.removeDirectory("a")], [false, false]);
        assertEquals(await closed(await names.create("a", 0o600)), true);
        await names.link("a", names, "b");
        await names.rename("b", other.names, "c");
        await names.symbolicLink("a", "l");
        assertEquals([await names.makeDirectory("m", 0o755), await names.makeDirectory("m", 0o755)], [true, false]);
        const status = await names.linkStat("a");
        assertEquals([status?.kind, status?.identity], ["file", (await other.names.linkStat("c"))?.identity]);
        assertEquals([(await names.linkStat("l"))?.kind, await names.readLink("l")], ["symlink", "a"]);
        assertEquals(await closed(await names.open("a", "read-write")), true);
        assertEquals((await names.readDirectory())?.map(({ name }) => name).sort(), ["a", "l", "m"]);
        assertEquals([await names.remove("l"), await names.removeDirectory("m")], [true, true]);
        assertEquals((await fileSystem.readDirectory(`${directory}/d`))?.map(({ name }) => name), ["a"]);
        await one.close();
        await other.close();
      }));

    it("names what failed by the path that it was opened by, and follows no symlink", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        if (!runtime.capabilities.directorySync) return skip(t, "directories cannot be opened here");
        await put(fileSystem, `${directory}/a`, "");
        await fileSystem.symbolicLink("a", `${directory}/l`);
        const home = await opened(fileSystem, directory);
        const { names } = home;
        await assertFails("EEXIST", "create", `${directory}/a`, () => names.create("a", 0o600));
        await assertFails("EEXIST", "create", `${directory}/l`, () => names.create("l", 0o600));
        await assertFails("ELOOP", "open", `${directory}/l`, () => names.open("l", "read"));
        await assertFails("ENOENT", "rename", `${directory}/x`, () => names.rename("x", names, "y"));
        await assertFails("EEXIST", "link", `${directory}/l`, () => names.link("a", names, "l"));
        await home.close();
      }));

    it("is where its names are looked up, wherever it has been moved, where it is anchored", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        if (!runtime.capabilities.anchored) return skip(t, "directories are not anchored here");
        const [path, moved] = [`${directory}/d`, `${directory}/moved`];
        await fileSystem.makeDirectory(path, 0o755);
        await put(fileSystem, `${path}/a`, "ours");
        const home = await opened(fileSystem, path);
        if (home.anchor !== undefined) assertEquals([home.anchor(), home.anchor()], [true, true]);
        await fileSystem.rename(path, moved);
        await fileSystem.makeDirectory(path, 0o755);
        for (const name of ["a", "x"]) await put(fileSystem, `${path}/${name}`, "theirs");
        const { names } = home;
        assertEquals((await names.linkStat("a"))?.identity, (await fileSystem.linkStat(`${moved}/a`))?.identity);
        await (await names.create("x", 0o600)).close();
        await names.rename("a", names, "x");
        await assertFails("ENOENT", "rename", `${path}/a`, () => names.rename("a", names, "x"));
        assertEquals(await textOf(fileSystem, `${moved}/x`), "ours");
        assertEquals((await names.readDirectory())?.map(({ name }) => name), ["x"]);
        assertEquals([await names.remove("x"), await names.remove("x")], [true, false]);
        await home.close();
        for (const name of ["a", "x"]) assertEquals(await textOf(fileSystem, `${path}/${name}`), "theirs");
      }));
  });
}
