/** The contract of what files are besides their content: status, identity, mode, owner, times. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import * as fs from "node:fs";
import { describe, it } from "node:test";
import { SystemError } from "../../src/runtime/system_error.ts";
import { atMilliseconds, nanoseconds } from "../../src/runtime/times.ts";
import {
  type ContractOptions,
  encode,
  isRoot,
  opened,
  put,
  type Subject,
  withMask,
  type WithSubject,
} from "./contract_support.ts";
import { skip } from "../support/skip.ts";

/** Runs a change that may be refused when the file's name leads elsewhere. */
async function mayRefuse(body: () => unknown): Promise<void> {
  try {
    await body();
  } catch (error) {
    assert(error instanceof SystemError && ["ESTALE", "ELOOP"].includes(error.code), String(error));
  }
}

async function rejection(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Opens `file`, then gives its name to a symlink to `victim`. */
async function replacedByLink({ fileSystem, directory }: Subject) {
  await put(fileSystem, `${directory}/victim`, "", 0o644);
  await put(fileSystem, `${directory}/file`, "", 0o600);
  const file = await opened(fileSystem, `${directory}/file`, "read-write");
  await fileSystem.rename(`${directory}/file`, `${directory}/moved`);
  await fileSystem.symbolicLink("victim", `${directory}/file`);
  return file;
}

export function describeMetadata(withSubject: WithSubject, { real }: ContractOptions): void {
  describe("status", () => {
    it("tells kind, size and links", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await put(fileSystem, `${directory}/file`, "hello");
        await fileSystem.link(`${directory}/file`, `${directory}/second`);
        await fileSystem.symbolicLink("file", `${directory}/link`);
        const status = await fileSystem.stat(`${directory}/file`);
        assertEquals([status?.kind, status?.size, status?.links], ["file", 5, 2]);
        assertEquals((await fileSystem.stat(directory))?.kind, "directory");
        assertEquals((await fileSystem.stat(`${directory}/link`))?.kind, "file");
        const link = await fileSystem.linkStat(`${directory}/link`);
        assertEquals([link?.kind, link?.size], ["symlink", 4]);
      }));

    it("answers undefined for what is not there", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await put(fileSystem, `${directory}/file`);
        await fileSystem.symbolicLink("nowhere", `${directory}/dangling`);
        for (const name of ["absent", "absent/below", "file/below"]) {
          assertEquals(await fileSystem.stat(`${directory}/${name}`), undefined, name);
          assertEquals(await fileSystem.linkStat(`${directory}/${name}`), undefined, name);
        }
        assertEquals(await fileSystem.stat(`${directory}/dangling`), undefined);
        assertEquals((await fileSystem.linkStat(`${directory}/dangling`))?.kind, "symlink");
      }));

    it("names one file alike, whichever way it is asked and whatever it is called", () =>
      withSubject(async ({ fileSystem, directory }) => {
        await put(fileSystem, `${directory}/one`);
        await put(fileSystem, `${directory}/other`);
        await fileSystem.link(`${directory}/one`, `${directory}/second`);
        const first = await fileSystem.stat(`${directory}/one`);
        assert(first !== undefined);
        assertEquals(await fileSystem.linkStat(`${directory}/second`), first);
        const file = await opened(fileSystem, `${directory}/one`);
        assertEquals(await file.stat(), first);
        await file.close();
        await fileSystem.rename(`${directory}/one`, `${directory}/renamed`);
        assertEquals((await fileSystem.stat(`${directory}/renamed`))?.identity, first.identity);
        const other = await fileSystem.stat(`${directory}/other`);
        assertNotEquals(other?.identity, first.identity);
        assertEquals(other?.device, first.device);
        assertNotEquals((await fileSystem.stat(directory))?.identity, first.identity);
        assert(first.identity.includes(first.device));
      }));

    it("tells when content changed last, and when the file was made", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        const earliest = runtime.clock.now() - 2000;
        await put(fileSystem, `${directory}/file`, "x");
        const status = await fileSystem.stat(`${directory}/file`);
        assert(status !== undefined && status.modified >= earliest && status.modified <= runtime.clock.now() + 2000);
        if (status.created === undefined) return skip(t, "no time of creation is known here");
        assert(status.created >= earliest && status.created <= runtime.clock.now() + 2000);
        // A time of creation that moves with the inode's is none.
        const file = await opened(fileSystem, `${directory}/file`, "read-write");
        await file.setTimes(atMilliseconds(1e12));
        await runtime.clock.sleep(20);
        await file.setMode(0o600);
        assertEquals((await file.stat()).created, status.created);
        await file.close();
      }));
  });

  describe("setMode", () => {
    it("sets all permission bits, whatever umask says, also where the mode forbids its owner to read", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        if (!runtime.capabilities.mode) return skip(t, "there are no permission bits here");
        const file = await fileSystem.create(`${directory}/file`, 0o200);
        for (const mode of [0o777, 0o000, 0o4755, 0o2711, 0o1666, 0o200, 0o644]) {
          await (real ? withMask(0o077, () => file.setMode(mode)) : file.setMode(mode));
          assertEquals((await file.stat()).mode, mode, mode.toString(8));
        }
        assertEquals(await file.write(encode("x")), 1);
        await file.close();
        assertEquals((await fileSystem.stat(`${directory}/file`))?.mode, 0o644);
      }));

    it("works for a file opened for reading, and for a directory", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        if (!runtime.capabilities.mode) return skip(t, "there are no permission bits here");
        await put(fileSystem, `${directory}/file`, "", 0o644);
        const file = await opened(fileSystem, `${directory}/file`);
        await file.setMode(0o600);
        assertEquals((await file.stat()).mode, 0o600);
        await file.close();
        await fileSystem.makeDirectory(`${directory}/directory`, 0o700);
        const below = await fileSystem.openDirectory(`${directory}/directory`);
        assert(below !== undefined);
        await below.setMode(0o2755);
        assertEquals((await below.stat()).mode, 0o2755);
        await below.close();
      }));

    it("touches no other file when the name leads elsewhere", (t) =>
      withSubject(async (subject) => {
        if (!subject.runtime.capabilities.mode) return skip(t, "there are no permission bits here");
        const { fileSystem, directory } = subject;
        const file = await replacedByLink(subject);
        await mayRefuse(() => file.setMode(0o777));
        assertEquals((await fileSystem.stat(`${directory}/victim`))?.mode, 0o644);
        await fileSystem.remove(`${directory}/file`);
        await fileSystem.link(`${directory}/victim`, `${directory}/file`);
        await mayRefuse(() => file.setMode(0o777));
        assertEquals((await fileSystem.stat(`${directory}/victim`))?.mode, 0o644);
        await file.close();
      }));
  });

  describe("setOwner", () => {
    it("changes nothing that is undefined", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        if (!runtime.capabilities.owner) return skip(t, "there are no owners here");
        const file = await fileSystem.create(`${directory}/file`, 0o600);
        const { user, group } = await file.stat();
        await file.setOwner(undefined, undefined);
        await file.setOwner(user, undefined);
        await file.setOwner(undefined, group);
        assertEquals([(await file.stat()).user, (await file.stat()).group], [user, group]);
        await file.close();
      }));

    it("changes user and group", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        if (!runtime.capabilities.owner) return skip(t, "there are no owners here");
        if (real && !isRoot) return skip(t, "needs root");
        const file = await fileSystem.create(`${directory}/file`, 0o600);
        await file.setOwner(1234, undefined);
        await file.setOwner(undefined, 2 ** 31 + 5);
        const status = await file.stat();
        assertEquals([status.user, status.group, status.mode], [1234, 2 ** 31 + 5, 0o600]);
        await file.close();
      }));

    it("touches no other file when the name leads elsewhere", (t) =>
      withSubject(async (subject) => {
        if (!subject.runtime.capabilities.owner) return skip(t, "there are no owners here");
        if (real && !isRoot) return skip(t, "needs root");
        const { fileSystem, directory } = subject;
        const before = await fileSystem.stat(directory);
        const file = await replacedByLink(subject);
        await mayRefuse(() => file.setOwner(1234, 1234));
        assertEquals((await fileSystem.stat(`${directory}/victim`))?.user, before?.user);
        assertEquals((await fileSystem.linkStat(`${directory}/file`))?.user, before?.user);
        await file.close();
      }));
  });

  describe("times", () => {
    it("are set exactly where the runtime can, and never earlier than asked for, before 1970 too", () =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        const file = await fileSystem.create(`${directory}/file`, 0o600);
        // What the memory machine keeps is whole milliseconds.
        const most = !real ? 1_000_000n : runtime.capabilities.attributes ? 1n : 2_000_001n;
        for (
          const modified of [1_714_903_200_123_456_789n, 1_714_903_200_999_999_999n, -304_783_199_876_543_211n, -1n]
        ) {
          await file.setTimes({ accessed: modified, modified });
          const found = await file.times();
          const late = found.modified - modified;
          assert(late >= 0n && late < most, `${modified} became ${found.modified}`);
        }
        await file.close();
      }));
  });

  describe("attributes", () => {
    const value = new Uint8Array([0, 1, 255]);

    it("are set, replaced, emptied and removed, and are those of the file, not of its name", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        if (!runtime.capabilities.attributes) return skip(t, "attributes cannot be seen here");
        const file = await fileSystem.create(`${directory}/file`, 0o600);
        const user = async () => [...await file.attributes()].filter(([name]) => name.startsWith("user."));
        assertEquals(await user(), []);
        await file.setAttribute("user.one", value);
        await file.setAttribute("user.two", new Uint8Array());
        assertEquals((await user()).sort(), [["user.one", value], ["user.two", new Uint8Array()]]);
        await file.setAttribute("user.one", new Uint8Array(3000).fill(7));
        assertEquals(new Map(await user()).get("user.one")?.length, 3000);
        await fileSystem.rename(`${directory}/file`, `${directory}/moved`);
        await put(fileSystem, `${directory}/file`, "", 0o600);
        if (runtime.capabilities.anchored) await file.setAttribute("user.one", undefined);
        else await mayRefuse(() => file.setAttribute("user.one", undefined));
        const other = await opened(fileSystem, `${directory}/file`);
        assertEquals([...await other.attributes()].filter(([name]) => name.startsWith("user.")), []);
        await other.close();
        await file.close();
      }));

    it("are known to be there, or not, without opening anything, or that is not known", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        if (!runtime.capabilities.attributes) return skip(t, "attributes cannot be seen here");
        const file = await fileSystem.create(`${directory}/file`, 0o600);
        const known = async (name: string) => [undefined, await fileSystem.hasAttributes?.(`${directory}/${name}`)];
        const has = (await file.attributes()).size > 0;
        assert((await known("file")).includes(has), "of a new file");
        await file.setAttribute("user.one", value);
        assert((await known("file")).includes(true));
        await fileSystem.symbolicLink("file", `${directory}/link`);
        assert((await known("link")).every((answer) => answer !== true), "a symlink is not followed");
        assertEquals(await fileSystem.hasAttributes?.(`${directory}/none`), undefined);
        await file.close();
      }));

    it("are refused where they cannot be seen", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        if (runtime.capabilities.attributes) return skip(t, "attributes can be seen here");
        const file = await fileSystem.create(`${directory}/file`, 0o600);
        for (const call of [() => file.attributes(), () => file.setAttribute("user.one", value)]) {
          const error = await rejection(call);
          assertEquals(error instanceof SystemError && error.code, "ENOTSUP");
        }
        await file.close();
      }));
  });

  describe("setTimes", () => {
    it("sets the time of the last change to the millisecond", () =>
      withSubject(async ({ fileSystem, directory }) => {
        const file = await fileSystem.create(`${directory}/file`, 0o600);
        for (let step = 0; step < 50; step++) {
          const modified = 1_700_000_000_000 + step * 997;
          const accessed = nanoseconds(1_600_000_000_001 + step);
          await file.setTimes({ accessed, modified: nanoseconds(modified) });
          assertEquals((await file.stat()).modified, modified);
          if (!real) continue;
          assertEquals(Math.floor(fs.statSync(`${directory}/file`).atimeMs), 1_600_000_000_001 + step);
        }
        await file.close();
      }));
  });
}
