/**
 * Uses everything the seam has below the directory that is given, and prints what came of it as JSON. Run by tests with
 * few permissions, at a terminal, and as a user who is not root.
 */
import process from "node:process";
import { currentRuntime } from "../../../src/runtime/current.ts";
import type { FileSystem } from "../../../src/runtime/runtime.ts";
import { SystemError } from "../../../src/runtime/system_error.ts";

type Outcome = Record<string, unknown>;

async function attempt(body: () => unknown): Promise<unknown> {
  try {
    return await body() ?? null;
  } catch (error) {
    return error instanceof SystemError ? `${error.call}: ${error.code}` : String(error);
  }
}

async function use(fileSystem: FileSystem, directory: string): Promise<Outcome> {
  const path = (name: string) => `${directory}/${name}`;
  const outcome: Outcome = {};
  for (const mode of [0o600, 0o200, 0o000, 0o444]) {
    const file = await fileSystem.create(path("file"), mode);
    outcome[`use ${mode.toString(8)}`] = await attempt(async () => {
      await file.write(new Uint8Array([1, 2, 3]));
      const { user, group } = await file.stat();
      await file.setOwner(user, group);
      await file.setMode(0o200);
      await file.setMode(0o2640);
      await file.setTimes({ accessed: 10n ** 18n, modified: 10n ** 18n });
      await file.tryLock(false);
      await file.sync("full");
      const clone = await fileSystem.create(path("clone"), mode);
      await clone.clone(file);
      await clone.close();
      await fileSystem.remove(path("clone"));
      return (await file.stat()).mode.toString(8);
    });
    await file.close();
    await fileSystem.remove(path("file"));
  }
  outcome["names"] = await attempt(async () => {
    await fileSystem.makeDirectory(path("directory"), 0o755);
    await (await fileSystem.create(path("one"), 0o644)).close();
    await fileSystem.link(path("one"), path("two"));
    await fileSystem.rename(path("two"), path("directory/three"));
    await (await fileSystem.open(path("directory/three"), "read-write", { follow: false }))?.close();
    const listing = await fileSystem.openDirectory(path("directory"));
    await listing?.sync("full");
    await listing?.close();
    const names = (await fileSystem.readDirectory(path("directory")))?.map((entry) => entry.name);
    await fileSystem.readLink(path("one"));
    await fileSystem.remove(path("one"));
    await fileSystem.remove(path("directory/three"));
    await fileSystem.removeDirectory(path("directory"));
    return names?.join();
  });
  const outside = "/etc/atomic-write-test";
  outcome["symbolicLink"] = await attempt(() => fileSystem.symbolicLink("x", path("link")));
  outcome["removed"] = await attempt(() => fileSystem.remove(path("link")));
  outcome["outside"] = [
    await attempt(() => fileSystem.create(outside, 0o600)),
    await attempt(() => fileSystem.open("/etc/passwd", "read-write")),
    await attempt(() => fileSystem.open("/etc/passwd", "read", { follow: false })),
    await attempt(() => fileSystem.openDirectory("/etc")),
    await attempt(() => fileSystem.stat("/etc/passwd")),
    await attempt(() => fileSystem.linkStat("/etc/passwd")),
    await attempt(() => fileSystem.readLink("/etc/passwd")),
    await attempt(() => fileSystem.readDirectory("/etc")),
    await attempt(() => fileSystem.makeDirectory(outside, 0o700)),
    await attempt(() => fileSystem.rename(path("absent"), outside)),
    await attempt(() => fileSystem.link(path("absent"), outside)),
    await attempt(() => fileSystem.remove(outside)),
    await attempt(() => fileSystem.removeDirectory(outside)),
  ];
  return outcome;
}

async function main(): Promise<void> {
  const directory = process.argv[2] ?? "";
  const { fileSystem, syncFileSystem, process: host } = currentRuntime();
  const outcome: Outcome = {
    async: await use(fileSystem, directory),
    sync: await use(syncFileSystem, directory),
    process: {
      owner: host.owner() ?? null,
      host: host.description().host ?? null,
      facts: host.facts() === undefined ? null : "known",
      liveness: host.liveness({ boot: "", namespace: "", pid: 1, started: "" }),
      root: [host.userNumber("root") ?? null, host.groupNumber("nobody-knows-it") ?? null],
      workingDirectory: await attempt(() => host.workingDirectory()),
    },
  };
  console.log(JSON.stringify(outcome, null, 1));
}

await main();
