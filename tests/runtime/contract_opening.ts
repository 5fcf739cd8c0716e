/** The contract of `open`, `create` and `openDirectory`. */
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import {
  assertFails,
  type ContractOptions,
  encode,
  opened,
  put,
  textOf,
  withMask,
  type WithSubject,
} from "./contract_support.ts";
import { skip } from "../support/skip.ts";

export function describeOpening(withSubject: WithSubject, { real }: ContractOptions): void {
  describe("open", () => {
    it("answers undefined for what is not there", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await put(fileSystem, `${directory}/file`);
        await fileSystem.symbolicLink("nowhere", `${directory}/dangling`);
        for (const name of ["absent", "absent/below", "file/below", "dangling"]) {
          assertEquals(await fileSystem.open(`${directory}/${name}`, "read"), undefined, name);
          assertEquals(await fileSystem.open(`${directory}/${name}`, "read-write"), undefined, name);
        }
        assertEquals(await fileSystem.open(`${directory}/absent`, "read", { follow: false }), undefined);
      }));

    it("follows a symlink unless that is disabled", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const path = `${directory}/link`;
        await put(fileSystem, `${directory}/file`, "content");
        await fileSystem.symbolicLink("file", path);
        assertEquals(await textOf(fileSystem, path), "content");
        await assertFails("ELOOP", "open", path, () => fileSystem.open(path, "read", { follow: false }));
        await assertFails("ELOOP", "open", path, () => fileSystem.open(path, "read-write", { follow: false }));
        await fileSystem.symbolicLink("nowhere", `${directory}/dangling`);
        const dangling = `${directory}/dangling`;
        await assertFails("ELOOP", "open", dangling, () => fileSystem.open(dangling, "read", { follow: false }));
        const file = await fileSystem.open(`${directory}/file`, "read", { follow: false });
        assert(file !== undefined);
        await file.close();
      }));

    it("has seen of the file, where it says so, what its status is", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const path = `${directory}/file`;
        await put(fileSystem, path, "content");
        for (const access of ["read", "read-write"] as const) {
          const file = await fileSystem.open(path, access, { follow: false });
          assert(file !== undefined);
          const status = await file.stat();
          assertEquals(file.opened ?? status, status);
          assertEquals(file.opened !== undefined, real);
          await file.close();
        }
      }));

    it("follows symlinks above the last component", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await fileSystem.makeDirectory(`${directory}/real`, 0o755);
        await put(fileSystem, `${directory}/real/file`, "content");
        await fileSystem.symbolicLink("real", `${directory}/link`);
        const file = await fileSystem.open(`${directory}/link/file`, "read", { follow: false });
        assert(file !== undefined);
        await file.close();
      }));

    it("reports a circle of symlinks", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await fileSystem.symbolicLink("two", `${directory}/one`);
        await fileSystem.symbolicLink("one", `${directory}/two`);
        const path = `${directory}/one`;
        await assertFails("ELOOP", "open", path, () => fileSystem.open(path, "read"));
        await assertFails("ELOOP", "stat", path, () => fileSystem.stat(path));
      }));

    it("writes only when opened for that", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const path = `${directory}/file`;
        await put(fileSystem, path, "old");
        const reader = await opened(fileSystem, path);
        await assertFails("EBADF", "write", path, () => reader.write(encode("x")));
        await reader.close();
        const writer = await opened(fileSystem, path, "read-write");
        assertEquals(await writer.write(encode("new")), 3);
        await writer.close();
        assertEquals(await textOf(fileSystem, path), "new");
      }));

    it("refuses a directory", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await assertFails("EISDIR", "open", directory, () => fileSystem.open(directory, "read"));
        await assertFails("EISDIR", "open", directory, () => fileSystem.open(directory, "read-write"));
      }));

    // check-tests: allow -- asks a real system
    if (real) {
      it("refuses a FIFO at once, instead of waiting for its other end", () =>
        withSubject(async ({ fileSystem, directory }) => {
          const path = `${directory}/fifo`;
          assertEquals(spawnSync("mkfifo", [path]).status, 0);
          for (const access of ["read", "read-write"] as const) {
            await assertFails("ENXIO", "open", path, () => fileSystem.open(path, access));
            await assertFails("ENXIO", "open", path, () => fileSystem.open(path, access, { follow: false }));
          }
          await assertFails("ENOTDIR", "openDirectory", path, () => fileSystem.openDirectory(path));
          await assertFails("EEXIST", "create", path, () => fileSystem.create(path, 0o600));
          assertEquals((await fileSystem.stat(path))?.kind, "other");
          assertEquals(await fileSystem.readDirectory(directory), [{ name: "fifo", kind: "other" }]);
          assertEquals(await fileSystem.remove(path), true);
        }));

      it("refuses devices", () =>
        withSubject(async ({ fileSystem }) => {
          await assertFails("ENXIO", "open", "/dev/null", () => fileSystem.open("/dev/null", "read"));
        }));
    }
  });

  describe("create", () => {
    it("makes a file for reading and writing", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const file = await fileSystem.create(`${directory}/file`, 0o600);
        assertEquals(await file.write(encode("abc")), 3);
        await file.seek(0);
        const buffer = new Uint8Array(10);
        assertEquals(await file.read(buffer), 3);
        await file.close();
        assertEquals(await textOf(fileSystem, `${directory}/file`), "abc");
      }));

    it("replaces nothing, not even a dangling symlink", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await put(fileSystem, `${directory}/file`, "old");
        await fileSystem.makeDirectory(`${directory}/directory`, 0o755);
        await fileSystem.symbolicLink("file", `${directory}/link`);
        await fileSystem.symbolicLink("nowhere", `${directory}/dangling`);
        for (const name of ["file", "directory", "link", "dangling"]) {
          const path = `${directory}/${name}`;
          await assertFails("EEXIST", "create", path, () => fileSystem.create(path, 0o600));
        }
        assertEquals(await textOf(fileSystem, `${directory}/file`), "old");
        assertEquals(await fileSystem.linkStat(`${directory}/nowhere`), undefined);
      }));

    it("needs a directory to make it in", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await put(fileSystem, `${directory}/file`);
        const below = `${directory}/absent/file`;
        await assertFails("ENOENT", "create", below, () => fileSystem.create(below, 0o600));
        const inFile = `${directory}/file/file`;
        await assertFails("ENOTDIR", "create", inFile, () => fileSystem.create(inFile, 0o600));
      }));

    it("gives the mode less umask, and of the mode the permission bits only", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        if (!runtime.capabilities.mode) return skip(t, "there are no permission bits here");
        const modes = [0o000, 0o200, 0o400, 0o444, 0o600, 0o640, 0o666, 0o777, 0o4755, 0o6711];
        for (const mode of modes) {
          const path = `${directory}/${mode.toString(8)}`;
          const file = await (real
            ? withMask(0o027, () => fileSystem.create(path, mode))
            : fileSystem.create(path, mode));
          const mask = real ? 0o027 : 0o777 & ~((await file.stat()).mode | ~mode);
          assertEquals((await file.stat()).mode, mode & 0o777 & ~mask, mode.toString(8));
          assertEquals(await file.write(encode("abc")), 3, "open for writing whatever the mode says");
          await file.seek(0);
          assertEquals(await file.read(new Uint8Array(8)), 3, "and for reading");
          await file.close();
        }
      }));
  });

  describe("openDirectory", () => {
    it("answers undefined for what is not there, and refuses what is no directory", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        if (!runtime.capabilities.directorySync) return skip(t, "directories cannot be synced here");
        const path = `${directory}/file`;
        await put(fileSystem, path);
        assertEquals(await fileSystem.openDirectory(`${directory}/absent`), undefined);
        await assertFails("ENOTDIR", "openDirectory", path, () => fileSystem.openDirectory(path));
        await assertFails("ENOTDIR", "openDirectory", `${path}/x`, () => fileSystem.openDirectory(`${path}/x`));
      }));

    it("opens a directory, also through a symlink, to be looked at and synced", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        if (!runtime.capabilities.directorySync) return skip(t, "directories cannot be synced here");
        await fileSystem.makeDirectory(`${directory}/real`, 0o755);
        await fileSystem.symbolicLink("real", `${directory}/link`);
        for (const name of ["real", "link"]) {
          const opened = await fileSystem.openDirectory(`${directory}/${name}`);
          assert(opened !== undefined);
          const status = await opened.stat();
          assertEquals(status.kind, "directory");
          assertEquals(status.identity, (await fileSystem.linkStat(`${directory}/real`))?.identity);
          await opened.sync("full");
          await opened.sync("barrier");
          await opened.close();
        }
      }));
  });
}
