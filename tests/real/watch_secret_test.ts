/**
 * A secret is a secret at every instant: while it is written again and again, in every way and under an open umask, a
 * process that looks at every name in its directory never sees one that is open to more than the secret is.
 */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import type { WriteFileSyncOptions } from "../../mod.ts";
import { byEffort } from "../support/effort.ts";
import { skip } from "../support/skip.ts";
import { withoutAttributes } from "../support/without_attributes.ts";
import { listen, succeeded, withProcesses } from "./processes.ts";
import { content, ways } from "./ways.ts";

const GROUP = 65_534;
const rounds = byEffort({ quick: 5, normal: 12, long: 300 });

const asItIs = <T>(body: () => T): T => body();

/** Writes while somebody watches; every mode (octal) with its group that he saw. */
function watched(
  prepare: (file: string) => void,
  options: WriteFileSyncOptions,
  again: (file: string) => void = () => {},
): Promise<string[]> {
  return withProcesses(async (folder, spawn) => {
    const [directory, stop] = [join(folder, "secrets"), join(folder, "stop")];
    fs.mkdirSync(directory);
    const file = join(directory, "secret");
    prepare(file);
    const watcher = spawn("tests/real/scripts/watch_modes.ts", [directory, stop]);
    assert(await listen(watcher.child).seen(/^watching$/));
    const mask = process.umask(0);
    try {
      for (let round = 0; round < rounds; round++) {
        for (const write of Object.values(ways)) {
          // Where attributes are seen, what is staged is for its owner alone at first, and nothing else is put to the test.
          for (const surroundings of [asItIs, withoutAttributes]) {
            again(file);
            await surroundings(() => write(file, content(3000), options));
          }
        }
      }
    } finally {
      process.umask(mask);
      fs.writeFileSync(stop, "");
    }
    const { looks, temporary, seen } = JSON.parse((await succeeded(watcher)).split("\n")[1] ?? "");
    assert(looks > 10 && temporary > 0, `the watcher looked ${looks} times and saw ${temporary} temporary files`);
    return seen;
  });
}

function put(mode: number, owner?: { user: number; group: number }) {
  return (file: string) => {
    fs.writeFileSync(file, "secret");
    if (owner !== undefined) fs.chownSync(file, owner.user, owner.group);
    fs.chmodSync(file, mode);
  };
}

const ownGroup = process.getgid?.() ?? 0;

describe("a watcher never sees more than the secret allows", () => {
  for (
    const [name, options] of [
      ["mode kept", {}],
      ["mode given", { mode: 0o600 }],
      ["with backups", { backup: 3 }],
    ] as const
  ) {
    it(`overwritten, ${name}`, async (t) => {
      if (process.platform === "win32") return skip(t, "Windows has no permission bits");
      assertEquals(await watched(put(0o600), options), [`600 ${ownGroup}`]);
    });
  }

  it("made anew, mode given for new files", async (t) => {
    if (process.platform === "win32") return skip(t, "Windows has no permission bits");
    const remove = (file: string) => fs.rmSync(file, { force: true });
    assertEquals(await watched(put(0o600), { defaults: { mode: 0o600 } }, remove), [`600 ${ownGroup}`]);
  });

  it("of another user", async (t) => {
    if (process.getuid?.() !== 0) return skip(t, "needs root");
    const seen = await watched(put(0o600, { user: GROUP, group: GROUP }), {});
    assertEquals(seen.map((each) => each.split(" ")[0]), seen.map(() => "600"));
  });

  it("for a group: nobody else's group ever has its rights", async (t) => {
    if (process.getuid?.() !== 0) return skip(t, "needs root");
    const seen = await watched(put(0o640, { user: 0, group: GROUP }), {});
    assert(seen.includes(`640 ${GROUP}`));
    // The umask is 0 and the file is made by root: before it has its group, that group's rights are not given.
    assertEquals(seen.filter((each) => ![`640 ${GROUP}`, `600 ${GROUP}`, "600 0"].includes(each)), []);
  });
});
