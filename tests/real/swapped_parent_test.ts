/**
 * The directory of the target is moved away while a file is written, and a link to another directory takes its place:
 * between any two calls of the write, and by a process that does nothing else. No file there is touched. Swapped once,
 * nothing of the write stays there, and what could not be cleaned up is named.
 */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import type { FileSystem } from "../../src/runtime/runtime.ts";
import { byEffort } from "../support/effort.ts";
import { hookedRuntime, type Hooks } from "../support/hooked_runtime.ts";
import { skip } from "../support/skip.ts";
import { armAccessTimes, snapshot } from "../support/snapshot.ts";
import { tally } from "../support/tally.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { outcomeOf } from "./outcome.ts";
import { listen, signal, temporaryFiles, withProcesses } from "./processes.ts";
import { content, ways } from "./ways.ts";

const onWindows = process.platform === "win32";

/** Everything that names something; the calls between which the swap happens. */
const methods: readonly Exclude<keyof FileSystem, "realPath" | "flushDirectory" | "glance">[] = [
  "open",
  "create",
  "openDirectory",
  "stat",
  "linkStat",
  "readLink",
  "readDirectory",
  "makeDirectory",
  "rename",
  "link",
  "remove",
];

/** Hooks that call `before` with each call that names something, from the moment the directory is open. */
function afterOpening(before: (call: string) => void): Hooks {
  let open = false;
  const hooks: Record<string, unknown> = {};
  for (const method of methods) {
    hooks[method] = (real: FileSystem, ...parameters: unknown[]) => {
      if (open) before(method);
      if (method === "openDirectory") open = true;
      const call: unknown = Reflect.get(real, method);
      if (typeof call !== "function") throw new TypeError(`there is no ${method}`);
      return Reflect.apply(call, real, parameters);
    };
  }
  return hooks as Hooks;
}

interface Place {
  directory: string;
  moved: string;
  outside: string;
}

function makePlace(folder: string): Place {
  const [directory, moved, outside] = [join(folder, "directory"), join(folder, "moved"), join(folder, "outside")];
  fs.mkdirSync(directory);
  fs.mkdirSync(outside);
  fs.writeFileSync(join(directory, "file"), "old");
  fs.writeFileSync(join(outside, "file"), "outside");
  fs.writeFileSync(join(outside, "secret"), "secret");
  fs.chmodSync(join(outside, "secret"), 0o600);
  armAccessTimes(outside);
  return { directory, moved, outside };
}

describe("a parent directory replaced by a link between two calls", () => {
  for (const [way, write] of Object.entries(ways)) {
    for (const options of [{}, { ifExists: "fail" }, { mode: 0o666, backup: 1 }] as const) {
      it(`${way} ${JSON.stringify(options)}`, async (t) => {
        if (onWindows) return skip(t, "Windows does not move a directory that is in use");
        // Every moment once, until the write is through before the swap.
        let swaps = 0;
        for (let moment = 1, done = false; !done; moment++) {
          await withTemporaryDirectory(async (folder) => {
            const { directory, moved, outside } = makePlace(folder);
            const name = "ifExists" in options ? "new" : "file";
            const before = snapshot(outside);
            let calls = 0;
            let at = "";
            const runtime = hookedRuntime(afterOpening((call) => {
              if (++calls !== moment) return;
              at = call;
              fs.renameSync(directory, moved);
              fs.symlinkSync(outside, directory);
            }));
            const { result, failure } = await outcomeOf(() =>
              write(join(directory, name), content(300_000), { ...options, runtime })
            );
            assertEquals(snapshot(outside), before, `swapped before call ${moment}, ${at}`);
            done = calls < moment;
            if (!done) swaps++;
            const place = done ? directory : moved;
            const left = fs.readdirSync(place).filter((found) => !["file", "new"].includes(found));
            if (failure === undefined) {
              const written = fs.readFileSync(join(place, name));
              assert(
                written.equals(content(300_000)),
                "what is reported as written is in the directory that was opened",
              );
              const kept = result?.backup === undefined ? 0 : 1;
              assertEquals(left.length, kept + (result?.leftBehind?.length ?? 0), left.join());
            } else {
              assertEquals(fs.readFileSync(join(place, "file"), "utf8"), "old", failure.message);
              assert(["ESTALE", "ENOENT"].includes(failure.code ?? ""), failure.message);
              assertEquals(failure.targetState, "unchanged");
              assertEquals(failure.leftBehind?.length, left.length, `${failure.message}: ${left}`);
            }
          });
        }
        assert(swaps > 1, `swapped at ${swaps} moments only`);
      });
    }
  }
});

describe("a parent directory swapped all the time", () => {
  it("no file elsewhere is touched", async (t) => {
    if (onWindows) return skip(t, "Windows does not move a directory that is in use");
    await withProcesses(async (folder, spawn) => {
      const { directory, moved, outside } = makePlace(folder);
      fs.rmSync(join(outside, "file"));
      const before = snapshot(outside);
      const swapper = spawn("tests/real/scripts/swap.ts", [directory, moved, outside]);
      assert(await listen(swapper.child).seen(/^swapping$/));
      const happened = tally("a parent directory swapped all the time", [
        "written",
        "refused",
        "temporary files left there and not named",
      ]);
      const named = new Set<string>();
      const names = Object.keys(ways);
      for (let count = 0; count < byEffort({ quick: 100, normal: 400, long: 10_000 }); count++) {
        const write = ways[names[count % names.length] ?? ""];
        const { result, failure } = await outcomeOf(() =>
          write!(join(directory, "file"), content(1000), { mode: 0o604 })
        );
        happened.count(failure === undefined ? "written" : "refused");
        assert(failure === undefined || failure.targetState === "unchanged", failure?.message);
        for (const path of (failure ?? result)?.leftBehind ?? []) named.add(basename(path));
      }
      signal(swapper, "SIGKILL");
      await swapper.status;
      // While the link is in place the path does lead there: the file may have been written, whole. A temporary file that
      // was made there, and is looked for when the path leads back, cannot be found again; how many is printed.
      const made = join(outside, "file");
      if (fs.existsSync(made)) assert(fs.readFileSync(made).equals(content(1000)), "the file there is whole");
      const stray = temporaryFiles(outside);
      happened.count(
        "temporary files left there and not named",
        stray.filter((path) => !named.has(basename(path))).length,
      );
      happened.enough({ "temporary files left there and not named": 0 });
      for (const path of [...stray, made]) fs.rmSync(path, { force: true });
      assertEquals(snapshot(outside), before);
    });
  });
});
