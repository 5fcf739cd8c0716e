/**
 * Access control lists and extended attributes of real files on real file systems, as getfacl(1) and the kernel see them;
 * and the neighbour who must not be let in. Where this runtime cannot see attributes, that is what must be said.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  copyFileSync,
  currentRuntime,
  UnsupportedError,
  updateFileSync,
  writeFile,
  writeFileSync,
  type WriteResult,
} from "../../mod.ts";
import { accessList, defaultAccessList } from "../../src/core/access_list.ts";
import { SystemError } from "../../src/runtime/system_error.ts";
import { accessListOf, attributeTexts } from "../support/access_lists.ts";
import { type LoopType, withLoopFileSystem, withTmpfs } from "../support/mounts.ts";
import { skip } from "../support/skip.ts";

const secret = "u::rw,u:1234:rw,g::-,m::rw,o::-";
const handedDown = "u::rwx,u:1235:rwx,g::rwx,m::rwx,o::rwx";
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Sets attributes of a file, or a directory's default list. */
function give(path: string, attributes: Readonly<Record<string, Uint8Array>>): void {
  const { syncFileSystem } = currentRuntime();
  const isDirectory = fs.statSync(path).isDirectory();
  const file = isDirectory ? syncFileSystem.openDirectory(path) : syncFileSystem.open(path, "read");
  if (file === undefined || file instanceof Promise || "then" in file) throw new Error(`there is no ${path}`);
  try {
    for (const [name, value] of Object.entries(attributes)) file.setAttribute(name, value);
  } finally {
    file.close();
  }
}

/**
 * What a file has beside content: mode, and attributes but for labels, which a system may give to every file, and for the
 * second name that xfs shows the list by.
 */
function shown(path: string): Record<string, string> {
  const file = currentRuntime().syncFileSystem.open(path, "read");
  if (file === undefined || "then" in file) throw new Error(`there is no ${path}`);
  const attributes = new Map(file.attributes() as ReadonlyMap<string, Uint8Array>);
  file.close();
  for (const name of ["security.selinux", "trusted.SGI_ACL_FILE"]) attributes.delete(name);
  return { mode: (fs.statSync(path).mode & 0o7777).toString(8), ...attributeTexts(attributes) };
}

async function keepsAll(directory: string): Promise<void> {
  const path = join(directory, "file");
  fs.writeFileSync(path, "old");
  fs.chmodSync(path, 0o600);
  give(path, { [accessList]: accessListOf(secret), "user.note": bytes("mine"), "user.empty": new Uint8Array() });
  const before = { mode: "660", [accessList]: secret, "user.empty": "", "user.note": "mine" };
  assertEquals(shown(path), before);
  const source = join(directory, "source");
  fs.writeFileSync(source, "copied");
  const ways: readonly (readonly [string, () => Promise<WriteResult> | WriteResult])[] = [
    ["writeFile", () => writeFile(path, "new")],
    ["writeFileSync", () => writeFileSync(path, "new")],
    ["updateFileSync", () => updateFileSync(path, () => bytes("newer"))],
    ["copyFileSync", () => copyFileSync(source, path)],
    ["whenLost", () => writeFileSync(path, "new", { whenLost: "throw" })],
  ];
  for (const [name, replace] of ways) {
    const { changed, lost, unchecked } = await replace();
    assertEquals([changed, lost, unchecked], [true, [], []], name);
    assertEquals(shown(path), before, name);
  }
  // The mask as it is asked for, not as some copy of the old list has it.
  writeFileSync(path, "new", { mode: 0o600 });
  assertEquals(shown(path), { ...before, mode: "600", [accessList]: "u::rw,u:1234:rw,g::-,m::-,o::-" });
  const plain = join(directory, "plain");
  fs.writeFileSync(plain, "old");
  fs.chmodSync(plain, 0o640);
  give(directory, { [defaultAccessList]: accessListOf(handedDown) });
  writeFileSync(plain, "new");
  assertEquals(shown(plain), { mode: "640" }, "what the directory hands down stays away from what is replaced");
  writeFileSync(join(directory, "new"), "new");
  assertEquals(Object.keys(shown(join(directory, "new"))), ["mode", accessList], "and comes to what is new");
}

for (const type of ["ext4", "xfs", "btrfs"] satisfies LoopType[]) {
  test(`on ${type} a replaced file keeps its list and attributes, and gets none from its directory`, async (t) => {
    if (!currentRuntime().capabilities.attributes) return skip(t, "attributes cannot be seen here");
    await withLoopFileSystem(t, { type, size: 16 << 20 }, ({ directory }) => keepsAll(directory));
  });
}

test("on tmpfs a replaced file keeps its list and attributes, and gets none from its directory", async (t) => {
  if (!currentRuntime().capabilities.attributes) return skip(t, "attributes cannot be seen here");
  await withTmpfs(t, { size: 1 << 20 }, async ({ directory }) => {
    fs.writeFileSync(join(directory, "probe"), "");
    try {
      give(join(directory, "probe"), { "user.probe": bytes("x") });
    } catch (error) {
      if (error instanceof SystemError && error.code === "ENOTSUP") return skip(t, "this tmpfs has no user attributes");
      throw error;
    }
    await keepsAll(directory);
  });
});

test("where attributes cannot be seen, a replacement says so, and refuses if it is asked to", async (t) => {
  if (currentRuntime().capabilities.attributes) return skip(t, "attributes can be seen here");
  await withTmpfs(t, { size: 1 << 20 }, ({ directory }) => {
    const path = join(directory, "file");
    fs.writeFileSync(path, "old");
    const { lost, unchecked } = writeFileSync(path, "new");
    assertEquals([lost, unchecked], [[], ["acl", "attributes", "capabilities", "label"]]);
    const refused = () => writeFileSync(path, "newer", { whenLost: "throw" });
    assert(UnsupportedError.is(assertThrows(refused, Error, "koffi")));
    assertEquals(fs.readFileSync(path, "utf8"), "new");
    return Promise.resolve();
  });
});
