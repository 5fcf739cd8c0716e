/** The example examples/account_registry.ts keeps its promises, among processes that die and callers that wait. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Account, putAccounts, readAccounts } from "../../examples/account_registry.ts";
import { acquireLock, LockTimeoutError } from "../../mod.ts";
import { withUmask } from "../support/files.ts";
import { spawnScript } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

const account = (key: string): Account => ({ email: `${key}@example.org`, secret: key });
const script = "tests/examples/scripts/put_account.ts";

test("accounts are united by key, and a pointer names the snapshot", () =>
  withTemporaryDirectory(async (parent) => {
    const directory = join(parent, "registry");
    assertEquals(await readAccounts(directory), {});
    await putAccounts(directory, { ada: account("ada") });
    await putAccounts(directory, { bob: account("bob") });
    await putAccounts(directory, { ada: { email: "ada@example.com", secret: "2" } });
    assertEquals(await readAccounts(directory), {
      ada: { email: "ada@example.com", secret: "2" },
      bob: account("bob"),
    });
    assertEquals(fs.readFileSync(join(directory, "current"), "utf8"), "accounts.3.json\n");
    await putAccounts(directory, {});
    const snapshots = fs.readdirSync(directory).filter((name) => name.startsWith("accounts"));
    assertEquals(snapshots.sort(), ["accounts.2.json", "accounts.3.json", "accounts.4.json"]);
  }));

test("no file of the registry is ever open to others, whatever the umask", () =>
  withTemporaryDirectory((parent) =>
    withUmask(0, async () => {
      const directory = join(parent, "registry");
      const modes = new Set<number>();
      const look = () => {
        for (const name of fs.readdirSync(directory)) {
          const status = fs.lstatSync(join(directory, name), { throwIfNoEntry: false });
          if (status !== undefined && !name.endsWith(".lock")) modes.add(status.mode & 0o077);
        }
      };
      fs.mkdirSync(directory, { mode: 0o700 });
      const watcher = fs.watch(directory, look);
      try {
        for (let round = 0; round < 5; round++) await putAccounts(directory, { [round]: account(String(round)) });
        look();
      } finally {
        watcher.close();
      }
      assertEquals([...modes], [0]);
    })
  ));

test("a damaged pointer or snapshot is an error, and stays as it is", () =>
  withTemporaryDirectory(async (directory) => {
    for (const text of ["", "accounts.9.json\n", "../secrets\n"]) {
      fs.writeFileSync(join(directory, "current"), text);
      await assertRejects(() => readAccounts(directory));
      await assertRejects(() => putAccounts(directory, { ada: account("ada") }));
      assertEquals(fs.readFileSync(join(directory, "current"), "utf8"), text);
    }
  }));

test("callers of one process and other processes lose nobody's account", () =>
  withTemporaryDirectory(async (directory) => {
    const own = Array.from({ length: 6 }, (_, index) => `own${index}`);
    const others = ["other0", "other1"];
    await Promise.all([
      ...own.map((key) => putAccounts(directory, { [key]: account(key) })),
      ...others.map(async (key) => {
        const { code, stderr } = await spawnScript(script, [directory, key]).status;
        assertEquals(code, 0, stderr);
      }),
    ]);
    assertEquals(Object.keys(await readAccounts(directory)).sort(), [...others, ...own].sort());
  }));

test("two live callers in one process wait for each other", () =>
  withTemporaryDirectory(async (directory) => {
    for (const backend of ["auto", "directory"] as const) {
      const held = await acquireLock(join(directory, "current"), { backend });
      await assertRejects(
        () => putAccounts(directory, { eve: account("eve") }, { backend, timeout: 100 }),
        LockTimeoutError,
      );
      const waiting = putAccounts(directory, { [backend]: account(backend) }, { backend });
      assert(!held.signal.aborted);
      held.release();
      await waiting;
    }
    assertEquals(Object.keys(await readAccounts(directory)).sort(), ["auto", "directory"]);
  }));

for (const backend of ["auto", "directory"] as const) {
  test(`the lock of a dead process is reclaimed (backend ${backend})`, () =>
    withTemporaryDirectory(async (directory) => {
      const { child, status } = spawnScript(script, [directory, "dead", backend, "hold"]);
      await new Promise<void>((resolve, reject) => {
        child.stdout?.once("data", () => resolve());
        status.then(({ stderr }) => reject(new Error(stderr)), reject);
      });
      await assertRejects(
        () => putAccounts(directory, { eve: account("eve") }, { backend, timeout: 100 }),
        LockTimeoutError,
      );
      child.kill("SIGKILL");
      await status;
      await putAccounts(directory, { ada: account("ada") }, { backend });
      assertEquals(Object.keys(await readAccounts(directory)), ["ada"]);
    }));
}
