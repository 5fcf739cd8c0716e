/** The contract of an open file: content, position, length, sync, clone, close. */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { skip } from "../support/skip.ts";
import {
  assertFails,
  type ContractOptions,
  decode,
  descriptorCount,
  encode,
  opened,
  put,
  readAll,
  textOf,
  type WithSubject,
  writeAll,
} from "./contract_support.ts";

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 255);
}

export function describeOpenFiles(withSubject: WithSubject, { real }: ContractOptions): void {
  describe("an open file", () => {
    it("reads what is there, less than asked for at the end, and then 0", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await put(fileSystem, `${directory}/file`, "hello");
        const file = await opened(fileSystem, `${directory}/file`);
        const buffer = new Uint8Array(4).fill(46);
        assertEquals(await file.read(buffer), 4);
        assertEquals(decode(buffer), "hell");
        assertEquals(await file.read(buffer), 1);
        assertEquals(decode(buffer), "oell");
        assertEquals(await file.read(buffer), 0);
        assertEquals(await file.read(buffer), 0);
        await file.close();
      }));

    it("reads and writes exactly the view it is given", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const file = await fileSystem.create(`${directory}/file`, 0o600);
        assertEquals(await file.write(encode("[middle]").subarray(1, 7)), 6);
        assertEquals(await file.write(new Uint8Array(0)), 0);
        await file.seek(0);
        const buffer = encode("..........");
        assertEquals(await file.read(buffer.subarray(2, 5)), 3);
        assertEquals(decode(buffer), "..mid.....");
        await file.close();
        assertEquals(await textOf(fileSystem, `${directory}/file`), "middle");
      }));

    it("moves one position with reads and writes, and seeks", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const file = await fileSystem.create(`${directory}/file`, 0o600);
        await writeAll(file, encode("abc"));
        await writeAll(file, encode("def"));
        await file.seek(1);
        const buffer = new Uint8Array(2);
        assertEquals(await file.read(buffer), 2);
        assertEquals(decode(buffer), "bc");
        await writeAll(file, encode("D"));
        await file.seek(8);
        await writeAll(file, encode("z"));
        await file.close();
        assertEquals(await textOf(fileSystem, `${directory}/file`), "abcDef\0\0z");
      }));

    it("sets its length without moving the position", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const path = `${directory}/file`;
        const file = await fileSystem.create(path, 0o600);
        await writeAll(file, encode("hello"));
        await file.truncate(2);
        assertEquals((await file.stat()).size, 2);
        await writeAll(file, encode("!"));
        await file.truncate(7);
        await file.close();
        assertEquals(await textOf(fileSystem, path), "he\0\0\0!\0");
      }));

    it("moves large payloads", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const bytes = pattern(700_001);
        const file = await fileSystem.create(`${directory}/file`, 0o600);
        await writeAll(file, bytes.subarray(0, 300_000));
        await writeAll(file, bytes.subarray(300_000));
        assertEquals((await file.stat()).size, bytes.byteLength);
        await file.seek(0);
        const copy = await readAll(file, 256 * 1024);
        assert(copy.every((byte, index) => byte === bytes[index]) && copy.byteLength === bytes.byteLength);
        await file.close();
      }));

    it("stays the same file when its name is taken by another", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const path = `${directory}/file`;
        await put(fileSystem, path, "old");
        const file = await opened(fileSystem, path, "read-write");
        const { identity } = await file.stat();
        await put(fileSystem, `${directory}/new`, "new");
        await fileSystem.rename(`${directory}/new`, path);
        assertEquals(decode(await readAll(file)), "old");
        assertEquals((await file.stat()).identity, identity);
        assertEquals((await file.stat()).links, 0);
        await file.close();
        assertEquals(await textOf(fileSystem, path), "new");
      }));

    it("syncs at both levels, before and after writing", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const file = await fileSystem.create(`${directory}/file`, 0o600);
        await file.sync("full");
        await writeAll(file, encode("x"));
        await file.sync("barrier");
        await file.sync("full");
        await file.close();
        const reader = await opened(fileSystem, `${directory}/file`, "read-write");
        await reader.sync("full");
        await reader.close();
      }));

    it("syncs all of its file system, where that can be done", (t) =>
      withSubject(async ({ fileSystem, directory, runtime }) => {
        if (!runtime.capabilities.directorySync) return skip(t, "directories cannot be opened here");
        const handle = await fileSystem.openDirectory(directory);
        const watches = handle?.watchFileSystem?.() === true;
        const file = await fileSystem.create(`${directory}/file`, 0o600);
        await writeAll(file, encode("content"));
        if (watches) await handle?.sync("fileSystem");
        await handle?.close();
        await file.close();
        if (!watches) skip(t, "this file system cannot be synced as a whole");
      }));

    it("tells where data are behind a hole, or nothing, and passes over none of them", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const file = await fileSystem.create(`${directory}/file`, 0o600);
        await writeAll(file, encode("begin"));
        const data = 8 << 20;
        await file.seek(data);
        await writeAll(file, encode("end"));
        // A file system that does not know holes has data everywhere.
        for (const from of [0, 1 << 20, data, data + 2]) {
          const next = file.nextData?.(from);
          assert(next === undefined || (next >= from && next <= Math.max(from, data)), `${from}: ${next}`);
        }
        for (const from of [data + 3, 2 ** 41]) {
          const next = file.nextData?.(from);
          assert(next === undefined || next === Infinity, `${from}: ${next}`);
        }
        await file.seek(data);
        assertEquals(decode(await readAll(file)), "end");
        await file.close();
      }));

    it("begins a write-back whatever has become of the name, and changes nothing by it", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const file = await fileSystem.create(`${directory}/file`, 0o600);
        await writeAll(file, encode("content"));
        const before = await file.stat();
        await file.startWriteBack?.();
        assertEquals(await file.stat(), before);
        await fileSystem.remove(`${directory}/file`);
        await file.startWriteBack?.();
        await file.sync("full");
        await file.close();
      }));

    it("clones another file exactly, or says it cannot and stays empty", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const bytes = pattern(150_000);
        const source = await fileSystem.create(`${directory}/source`, 0o644);
        await writeAll(source, bytes);
        await source.sync("full");
        await source.seek(5);
        const target = await fileSystem.create(`${directory}/target`, 0o600);
        const before = await target.stat();
        const cloned = await target.clone(source);
        const after = await target.stat();
        assertEquals(after.size, cloned ? bytes.byteLength : 0);
        assertEquals({ ...after, size: 0, modified: 0 }, { ...before, size: 0, modified: 0 });
        const buffer = new Uint8Array(1);
        assertEquals(await source.read(buffer), 1);
        assertEquals(buffer[0], bytes[5], "the source's position stays");
        if (cloned) assertEquals(await readAll(target), bytes, "the target's position stays at the beginning");
        await source.close();
        await target.close();
      }));

    // check-tests: allow -- asks a real system
    if (real) {
      it("is closed once, and nothing of it stays open", () =>
        withSubject(async ({ runtime, fileSystem, directory }) => {
          const use = async (name: string) => {
            const file = await fileSystem.create(`${directory}/${name}`, 0o000);
            await file.setMode(0o640);
            await file.setOwner(undefined, undefined);
            if (runtime.capabilities.fileLock !== "none") await file.tryLock(false);
            const source = await opened(fileSystem, `${directory}/${name}`);
            const target = await fileSystem.create(`${directory}/${name}.clone`, 0o644);
            await target.clone(source);
            await target.close();
            await source.close();
            await file.close();
            const listing = await fileSystem.openDirectory(directory);
            await listing?.close();
            await assertFails("EISDIR", "open", directory, () => fileSystem.open(directory, "read"));
          };
          // The first use loads what is loaded lazily, and that may keep descriptors.
          await use("first");
          const before = descriptorCount();
          for (let count = 0; count < 20; count++) await use(`file${count}`);
          assertEquals(descriptorCount(), before);
        }));
    }
  });
}
