/** Many writers at once, in one process and in several on every runtime, killed or not: nothing is lost, nothing is left. */
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { openLog, openLogReader } from "../../src/log/mod.ts";
import { openObjectStore, openReferences } from "../../src/store/mod.ts";
import { faultRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { listen, succeeded, withProcesses } from "../real/processes.ts";
import { mostlyOnDeno } from "../support/effort.ts";
import { runtimes } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { collected, pseudoRandom, sha256, temporaries, textsOfShard } from "./support.ts";
import { notEmpty } from "../support/tally.ts";
import { skip } from "../support/skip.ts";

const onWindows = process.platform === "win32";
const script = "tests/store/scripts/work.ts";
const runtimeOf = (index: number) => runtimes()[index % runtimes().length];

function allFiles(directory: string): string[] {
  return fs.readdirSync(directory, { recursive: true, encoding: "utf8" });
}

const noTemporaries = (directory: string) =>
  assertEquals(allFiles(directory).filter((name) => name.endsWith(".tmp")), []);

describe("one process", () => {
  it("the same object from 50 putters at once: one file, and all of them succeed", () =>
    withTemporaryDirectory(async (directory) => {
      const stores = await Promise.all([1, 2, 3, 4, 5].map(() => openObjectStore(directory)));
      const text = "the same".repeat(1000);
      const digests = await Promise.all(
        Array.from({ length: 50 }, (_, index) => stores[index % 5]?.put(index % 2 === 0 ? text : [text])),
      );
      assertEquals(digests, digests.map(() => sha256(text)));
      assertEquals(await collected(stores[0]?.list() ?? (async function* () {})()), [sha256(text)]);
      noTemporaries(directory);
    }));

  it("the same in every interleaving", async () => {
    const seeds = mostlyOnDeno({ quick: 3, normal: 10, long: 300 });
    for (let seed = 1; seed <= seeds; seed++) {
      for (const hardLinks of [true, false]) {
        const machine = memoryRuntime({ delay: "every", seed, disk: { hardLinks } });
        const stores = await Promise.all([1, 2, 3].map(() => openObjectStore("/s", { runtime: machine.fork() })));
        const puts = Array.from({ length: 24 }, (_, index) => stores[index % 3]?.put(index % 2 ? ["same"] : "same"));
        assertEquals(await Promise.all(puts), puts.map(() => sha256("same")));
        assertEquals((await stores[0]?.verify())?.checked, 1);
        assertEquals(temporaries(machine), []);
      }
    }
  });

  it("200 writers to one shard at once: all land, nothing is left over", () =>
    withTemporaryDirectory(async (directory) => {
      const store = await openObjectStore(directory);
      const texts = textsOfShard("5a", 200);
      assertEquals(await Promise.all(texts.map((text) => store.put(text))), texts.map(sha256));
      assertEquals(await store.verify(), { checked: 200, corrupt: [] });
      noTemporaries(directory);
    }));

  it("100 commits with every fifth sync failing, to be reported: all land whole", async () => {
    const random = pseudoRandom(11);
    const machine = memoryRuntime();
    const { runtime } = faultRuntime(machine, {
      at: ({ method }) => method === "sync" && random() < 0.2,
      error: "EIO",
      times: "always",
    });
    const options = { runtime, whenSyncFails: "report" } as const;
    const store = await openObjectStore("/s", options);
    const references = await openReferences("/r", options);
    for (let count = 1; count <= 100; count++) {
      const digest = await store.put(`commit ${count} ${"z".repeat(count * 20)}`);
      await references.update("heads/main", digest);
      assertEquals(await references.read("heads/main"), digest);
    }
    assertEquals(await store.verify(), { checked: 100, corrupt: [] });
    assertEquals(store.durability, "none");
    assertEquals([temporaries(machine), machine.openHandles], [[], []]);
  });
});

describe("8 processes", () => {
  it("that put the same objects: each is there once, and whole", async () => {
    await withProcesses(async (directory, spawn) => {
      const count = mostlyOnDeno({ quick: 30, normal: 40, long: 600 });
      await Promise.all(
        Array.from({ length: 8 }, (_, index) => {
          return succeeded(
            spawn(script, ["same", directory, "w".repeat(index), `${count}`], { runtime: runtimeOf(index) }),
          );
        }),
      );
      const store = await openObjectStore(join(directory, "objects"));
      assertEquals(await store.verify(), { checked: 30, corrupt: [] });
      noTemporaries(directory);
    });
  });

  it("that move references of their own, and one that all share", async () => {
    await withProcesses(async (directory, spawn) => {
      const outputs = await Promise.all(
        Array.from({ length: 8 }, (_, index) => {
          const writer = index < 4 ? "shared" : `own${index}`;
          return succeeded(spawn(script, ["references", directory, writer, "15"], { runtime: runtimeOf(index) }));
        }),
      );
      const references = await openReferences(join(directory, "references"));
      for (let index = 4; index < 8; index++) {
        const last = outputs[index]?.trim().split(" ").at(-1);
        assertEquals(await references.read(`heads/own${index}/deep`), last);
      }
      const shared = await references.read("heads/shared/deep");
      assert(outputs.slice(0, 4).some((output) => output.includes(`done 15 ${shared}`)));
      noTemporaries(directory);
    });
  });
});

describe("SIGKILL at any moment", () => {
  // tests/version_store kills more often: there all three are written together.
  const kills = mostlyOnDeno({ quick: 1, normal: 3, long: 70 });

  for (const kind of ["objects", "references", "log"]) {
    it(`while ${kind} are written: what was acknowledged is there, and all of it is whole`, async (t) => {
      if (onWindows) return skip(t, "Windows has no SIGKILL");
      await withProcesses(async (directory, spawn) => {
        const acknowledged: string[] = [];
        let lastSequence = 0;
        for (let index = 0; index < kills; index++) {
          const writer = kind === "log" ? "writer" : `writer${index}`;
          const { child, status } = spawn(script, [kind, directory, writer], { runtime: runtimeOf(index) });
          const heard = listen(child);
          if (!await heard.seen(/^done /)) assert(false, `the writer ended by itself: ${(await status).stderr}`);
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
          process.kill(child.pid as number, "SIGKILL");
          await status;
          const done = [...heard.text.matchAll(/^done (\d+) (\S+)\n/gm)];
          for (const [, , digest = ""] of done) acknowledged.push(digest);
          lastSequence = Number(done.at(-1)?.[1] ?? lastSequence);
          if (kind === "references") await checkReference(directory, writer, done.at(-1)?.[2]);
          if (kind === "log") await checkLog(directory, lastSequence);
        }
        // The log was looked at after each kill.
        if (kind !== "log") {
          const store = await openObjectStore(join(directory, "objects"));
          assertEquals((await store.verify()).corrupt, []);
          for (const digest of notEmpty(acknowledged)) assert(await store.has(digest), `${digest} was acknowledged`);
        }
      });
    });
  }
});

async function checkReference(directory: string, writer: string, acknowledged: string | undefined): Promise<void> {
  const references = await openReferences(join(directory, "references"));
  const store = await openObjectStore(join(directory, "objects"));
  const found = await references.read(`heads/${writer}/deep`);
  assert(found !== undefined, `${acknowledged} was acknowledged`);
  const text = new TextDecoder().decode(await store.get(found));
  assertEquals(createHash("sha256").update(text).digest("hex"), found);
  assert(text.startsWith(`${writer} `));
}

async function checkLog(directory: string, acknowledged: number): Promise<void> {
  const path = join(directory, "log");
  const reader = openLogReader(path);
  const before = await collected(reader.read());
  await using log = await openLog(path);
  const snapshot = await log.snapshot();
  let expected = snapshot === undefined ? 1 : Number(new TextDecoder().decode(snapshot)) + 1;
  const found = await collected(log.read());
  assertEquals(found.length, before.length, "a reader and a writer see the same");
  for (const { sequence, data } of found) {
    assertEquals(sequence, expected++);
    assert(new TextDecoder().decode(data).startsWith(`writer ${sequence} `), `record ${sequence}`);
  }
  assert(expected > acknowledged, `${acknowledged} was acknowledged, and ${expected - 1} is the last`);
}
