/** `atomic-write deploy PLAN`: several files, two programs, one outcome, and a status that says which. */
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { describe, it } from "node:test";
import { inodeOf } from "../support/files.ts";
import { withBindMount, withTmpfs } from "../support/mounts.ts";
import { asUser } from "../support/other_user.ts";
import { currentRuntime, scriptCommand, spawnProgram } from "../support/spawn.ts";
import { byEffort, effort, mostlyOnDeno } from "../support/effort.ts";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { answer, atomicWrite, modeOf, names, put, send, start, text, until, withoutDenosPath } from "./command.ts";

const onWindows = process.platform === "win32";
/** What is the same whatever the runtime is tried on one of them. */
const once = currentRuntime === "deno" || effort() === "long" ? it : () => {};
const sh = (line: string) => ["sh", "-c", line];
/** Fails as often as the file `failures` has lines. */
const failing = 'echo activate >> log; echo "cannot reload"; test -s failures || exit 0; sed -i 1d failures; exit 3';

/** A directory with `key`, which is there already, and a plan for it and `chain`, which is not. */
function withSite(
  plan: Record<string, unknown>,
  run: (directory: string) => Promise<void>,
): Promise<void> {
  return withTemporaryDirectory(async (directory) => {
    put(directory, "key", "old key", 0o640);
    put(directory, "new-key", "new key");
    write(directory, plan);
    await run(directory);
  });
}

function write(directory: string, plan: Record<string, unknown>): void {
  const files = [{ path: "key", source: "new-key" }, { path: "chain", content: "new chain", mode: "604" }];
  put(directory, "plan.json", JSON.stringify({ files, ...plan }));
}

/** What is left when a deployment has not changed anything. */
const untouched = ["key", "new-key", "plan.json"];
const withoutLocks = (directory: string) => names(directory).filter((name) => !name.endsWith(".lock"));
const isAlive = (pid: string) => {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
};

describe("atomic-write deploy", { skip: onWindows && "needs a shell" }, () => {
  it("puts all files in place and activates them once; again it changes nothing and runs nothing", async () => {
    const staged = 'test "$(cat "$ATOMIC_WRITE_STAGED_FILE")" = "$ATOMIC_WRITE_STAGED"; ' +
      'stat -c %a "$ATOMIC_WRITE_STAGED_FILE" >> modes; echo "$ATOMIC_WRITE_STAGED" >> log';
    const plan = { validate: sh(`${staged}; cat .key.*; cat key`), activate: sh(staged) };
    await withSite(plan, async (directory) => {
      const files = ["key", "chain"].map((name) => join(directory, name));
      const first = await atomicWrite(join(directory, ".."), ["deploy", join(directory, "plan.json")]);
      assertEquals(first, {
        code: 0,
        signal: null,
        stdout: files.map((path) => `written ${path}\n`).join(""),
        stderr: "",
      });
      assertEquals([text(directory, "key"), modeOf(directory, "key")], ["new key", "640"]);
      assertEquals([text(directory, "chain"), modeOf(directory, "chain")], ["new chain", "604"]);
      const [validate = "", activate = ""] = text(directory, "log").trimEnd().split("\n");
      const stages: Record<string, string> = JSON.parse(validate);
      assertEquals(Object.keys(stages).sort(), ["chain", "key", ...files].sort());
      for (const name of ["key", "chain"]) {
        assertEquals(stages[name], stages[join(directory, name)]);
        assert(stages[name]?.startsWith(join(directory, `.${name}.`)), stages[name]);
      }
      const inPlace = ["key", "chain", ...files].map((path) => [path, join(directory, basename(path))]);
      assertEquals(JSON.parse(activate), Object.fromEntries(inPlace));
      assertEquals([text(directory, "modes"), names(directory).filter((name) => /tmp$/.test(name))], [
        "600\n600\n",
        [],
      ]);
      const backups = names(directory).filter((name) => name.endsWith(".bak"));
      assertEquals(backups.map((name) => text(directory, name)), ["old key"]);

      const again = await answer(directory, ["deploy", "plan.json"]);
      assertEquals([again["changed"], again["durability"] !== "none"], [false, true]);
      assertEquals(again["files"], files.map((path) => ({ path, state: "unchanged", lost: [], unchecked: [] })));
      assertEquals(text(directory, "log").trimEnd().split("\n").length, 2);
    });
  });

  it("65: validate refuses, and nothing has changed; what it printed is shown", async () => {
    // It sees the new content before anybody else does.
    const line = 'for stage in .key.*.stage; do cat "$stage"; done; echo; echo "on errors" >&2; exit 5';
    await withSite({ validate: sh(line), activate: sh("touch activated") }, async (directory) => {
      const { code, stdout, stderr } = await atomicWrite(directory, ["deploy", "plan.json"]);
      assertEquals([code, stdout, withoutLocks(directory)], [65, "", untouched]);
      const lines = stderr.replaceAll(directory, "DIR").trimEnd().split("\n");
      assertEquals([lines[0], lines[1], lines.slice(2).sort()], [
        'atomic-write: Cannot deploy "DIR/plan.json": the new files were refused: "sh" ended with status 5 (EINVALID); ' +
        "every file is unchanged",
        'atomic-write: validate: "sh" ended with status 5',
        ["atomic-write: validate: new key", "atomic-write: validate: on errors"],
      ]);
      assertEquals([text(directory, "key"), modeOf(directory, "key")], ["old key", "640"]);
    });
  });

  it("90: activate fails; every file is unchanged, and is activated again", async () => {
    await withSite({ activate: sh(failing) }, async (directory) => {
      put(directory, "failures", "1\n");
      const { code, stdout } = await atomicWrite(directory, ["deploy", "--json", "plan.json"]);
      const { error } = JSON.parse(stdout);
      assertEquals([code, error.code, error.targetState], [90, "EACTIVATE", "unchanged"]);
      assertEquals(error.path, join(directory, "plan.json"));
      const report = { step: "activate", command: sh(failing), status: 3, timedOut: false, output: "cannot reload\n" };
      assertEquals(error.programs, [report]);
      assertEquals([text(directory, "key"), modeOf(directory, "key")], ["old key", "640"]);
      assertEquals(text(directory, "log"), "activate\nactivate\n");
      assertEquals(withoutLocks(directory), [...untouched, "failures", "log"].sort());
    });
  });

  it("91: activating what is restored fails, too: what is where is said, and recover comes to its end", async () => {
    await withSite({ activate: sh(failing) }, async (directory) => {
      put(directory, "failures", "1\n2\n3\n");
      const { code, stderr } = await atomicWrite(directory, ["deploy", "plan.json"]);
      assertEquals(code, 91, stderr);
      const reason = "activating the new files failed; every file was restored, but activating that failed, too";
      const headline = `Cannot deploy "${directory}/plan.json": ${reason} (EROLLBACK); every file is unchanged`;
      assertEquals(stderr.split("\n")[0], `atomic-write: ${headline}`);
      for (const name of ["key", "chain"]) {
        assert(stderr.includes(`"${join(directory, name)}" is the old one\n`), stderr);
      }
      assertEquals(stderr.split('activate: "sh" ended with status 3').length, 3, stderr);
      assertEquals([text(directory, "key"), fs.existsSync(join(directory, "chain"))], ["old key", false]);

      const reload = JSON.stringify(sh(failing));
      const recover = (...args: string[]) => atomicWrite(directory, ["recover", ...args, "."]);
      const failed = await recover("--activate", reload);
      assertEquals(failed.code, 91, failed.stderr);
      assert(failed.stderr.includes("activate: cannot reload"), failed.stderr);
      const owed = await recover();
      assertEquals(
        [owed.code, /^may not have taken effect: .*\.settled\n$/.test(owed.stdout)],
        [91, true],
        owed.stdout,
      );
      const done = await recover("--activate", reload);
      assertEquals([done.code, done.stderr], [0, ""]);
      assert(/^activated .*\.settled\n$/.test(done.stdout), done.stdout);
      assertEquals((await answer(directory, ["recover", "."]))["needsActivation"], []);
    });
  });

  once("91: without backups there is nothing to go back to, and it says so", async () => {
    await withSite({ activate: sh("exit 1"), backup: 0 }, async (directory) => {
      const { code, stderr } = await atomicWrite(directory, ["deploy", "plan.json"]);
      assertEquals([code, text(directory, "key")], [91, "new key"]);
      assert(stderr.includes("no backups were kept"), stderr);
      // Nothing to change, but an activation is owed: nothing is put back, and that is said.
      const again = await atomicWrite(directory, ["deploy", "plan.json"]);
      assertEquals([again.code, text(directory, "key")], [91, "new key"]);
      assert(again.stderr.includes("(EACTIVATE); what is in place stays"), again.stderr);
    });
  });

  it("a program that takes too long is ended, with all that it has started", async () => {
    const slow = "sleep 60 & echo $! > child; echo started; trap '' TERM; sleep 60; sleep 60";
    await withSite({ validate: sh(slow), timeouts: { validate: 2 } }, async (directory) => {
      const { code, stderr } = await atomicWrite(directory, ["deploy", "plan.json"]);
      assertEquals([code, withoutLocks(directory)], [65, ["child", ...untouched]]);
      assert(stderr.includes('"sh" did not end within 2 s, and was ended'), stderr);
      assert(stderr.includes("validate: started"), stderr);
      await until(() => !isAlive(text(directory, "child").trim()));
    });
  });

  it("what a program leaves in the background is left running, and not waited for", async () => {
    await withSite({ activate: sh("sleep 60 & echo $! > child") }, async (directory) => {
      assertEquals((await atomicWrite(directory, ["deploy", "-q", "plan.json"])).code, 0);
      const child = text(directory, "child").trim();
      assert(isAlive(child));
      process.kill(Number(child), "SIGKILL");
    });
  });

  it("of what a program prints, the end is kept and shown, and memory does not grow with it", async (t) => {
    const size = byEffort({ quick: 2e8, normal: 2e8, long: 2e9 });
    const status = "cp /proc/$PPID/status status";
    const line =
      `head -c ${size} /dev/zero; head -c 70000 /dev/zero | tr '\\0' x; echo; ${status}; echo the end; exit 1`;
    await withSite({ validate: sh(line), timeouts: { validate: 600 } }, async (directory) => {
      const { code, stderr } = await atomicWrite(directory, ["deploy", "plan.json"]);
      assertEquals(code, 65);
      const said = /^atomic-write: validate: \((\d+) bytes before this are not shown\)\n/m.exec(stderr);
      assert(Number(said?.[1]) > size - 200_000, said?.[0]);
      assert(stderr.endsWith("validate: the end\n") && stderr.length < 100_000, String(stderr.length));
      if (!fs.existsSync("/proc/self/status")) return skip(t, "the peak of a process's memory is not known here");
      const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(text(directory, "status"))?.[1]) * 1024;
      // A runtime alone takes 60 to 110 MB.
      assert(peak > 2e7 && peak < 2.5e8, `${peak} bytes at the most`);
    });
  });

  once("before anything has changed: 65, 66, 73 and 1", async () => {
    await withSite({}, async (directory) => {
      fs.symlinkSync("key", join(directory, "link"));
      const before = names(directory);
      const attempt = async (plan: Record<string, unknown>, code: number, reason: string, ...args: string[]) => {
        write(directory, plan);
        const ended = await atomicWrite(directory, ["deploy", ...args, "plan.json"]);
        assertEquals([ended.code, ended.stdout], [code, ""], ended.stderr);
        assert(ended.stderr.includes(reason), ended.stderr);
      };
      const content = "x";
      await attempt({ files: [] }, 65, `"${directory}/plan.json": line 1, column 2: files must not be empty (EPLAN)`);
      await attempt({ files: [{ path: "key", source: "no" }] }, 66, `"${directory}/no" does not exist (ENOENT)`);
      const missing = [{ path: "key", content }, { path: "no/key", content }];
      await attempt({ files: missing }, 73, `Cannot deploy "${directory}/no/key": there is no directory`);
      await attempt({ files: [{ path: "key", content }, { path: "link", content }] }, 65, "are one file (EPLAN)");
      assertEquals((await atomicWrite(directory, ["deploy", "no.json"])).code, 66);
      assertEquals([withoutLocks(directory), text(directory, "key")], [before, "old key"]);
    });
  });

  it("126, 127: a program that cannot be run is refused before anything is locked or changed", async () => {
    await withSite({}, async (directory) => {
      fs.mkdirSync(join(directory, "bin"));
      put(directory, "bin/plain", "no program", 0o644);
      const before = names(directory);
      const bin = join(directory, "bin");
      const refused = async (program: string, code: number, reason: string) => {
        for (const step of ["validate", "activate"]) {
          write(directory, { [step]: [program] });
          const ended = await atomicWrite(directory, ["deploy", "plan.json"], { env: { PATH: `/nowhere:${bin}` } });
          const expected = `Cannot deploy "${directory}/plan.json": ${step} cannot be run: ${reason}`;
          const stderr = `atomic-write: ${expected}; every file is unchanged\n`;
          assertEquals({ ...ended, stderr: withoutDenosPath(ended.stderr) }, {
            code,
            signal: null,
            stdout: "",
            stderr,
          });
        }
      };
      const where = `not in PATH, which is "/nowhere:${bin}"`;
      await refused("no-such-program", 127, `"no-such-program" is ${where} (ENOENT)`);
      await refused("plain", 126, `"${bin}/plain" is not executable (EACCES)`);
      await refused("./no/program", 127, `"${directory}/no/program" does not exist (ENOENT)`);
      await refused("bin/plain", 126, `"${bin}/plain" is not executable (EACCES)`);
      await refused("./bin", 126, `"${bin}" is a directory (EACCES)`);
      put(directory, "bin/script", "#!/no/shell -e\n", 0o755);
      const needs = `"${bin}/script" is a script for what cannot be run: "/no/shell" does not exist (ENOENT)`;
      await refused("script", 127, needs);
      fs.rmSync(join(bin, "script"));
      assertEquals([names(directory), text(directory, "key")], [before, "old key"]);
    });
  });

  it("126: a runtime that may not start programs, and a program that this user may not run", async (t) => {
    await withSite({ activate: ["./reload"] }, async (directory) => {
      put(directory, "reload", "#!/bin/sh\ntouch activated\n", 0o700);
      if (currentRuntime === "deno") {
        const permissions = ["--allow-read", "--allow-write", "--allow-env"];
        const { code, stderr } = await atomicWrite(directory, ["deploy", "plan.json"], { permissions });
        assertEquals([code, text(directory, "key")], [126, "old key"], stderr);
        assert(stderr.endsWith("hint: grant the runtime --allow-run\n"), stderr);
      }
      await asUser(t, 65534, async (as) => {
        fs.chmodSync(directory, 0o777);
        const { code, stderr } = await atomicWrite(directory, ["deploy", "plan.json"], as);
        assertEquals([code, stderr.includes(`reload" is not executable by this user (EACCES)`)], [126, true], stderr);
      });
      assertEquals(names(directory), [...untouched, "reload"].sort());
    });
  });

  it("a program that the plan itself puts in place is not looked for before", async () => {
    const content = "#!/bin/sh\necho activated > log\n";
    const files = [{ path: "reload", content, mode: "755" }];
    await withSite({ files, activate: ["./reload"] }, async (directory) => {
      const { code, stderr } = await atomicWrite(directory, ["deploy", "-q", "plan.json"]);
      assertEquals([code, stderr, text(directory, "log")], [0, "", "activated\n"]);
    });
  });

  it("where nobody can tell beforehand, starting the program does", async () => {
    await withSite({ validate: ["no-such-program"] }, async (directory) => {
      const relative = { env: { PATH: `:${process.env["PATH"] ?? ""}` } };
      const { code, stderr } = await atomicWrite(directory, ["deploy", "plan.json"], relative);
      assertEquals([code, stderr.includes('"no-such-program" cannot be started (ENOENT)')], [65, true], stderr);
    });
  });

  it("a runtime that may not look for a program runs it", async (t) => {
    if (currentRuntime !== "deno") return skip(t, "only one runtime has permissions of its own");
    await withSite({ activate: ["true"] }, async (directory) => {
      const own = fileURLToPath(new URL("../..", import.meta.url));
      const files = [`--allow-read=${directory},${own}`, `--allow-write=${directory}`, "--allow-run"];
      for (const permissions of [files, [...files, "--allow-env"]]) {
        put(directory, "new-key", `new key ${permissions.length}`);
        const { code, stderr } = await atomicWrite(directory, ["deploy", "-q", join(directory, "plan.json")], {
          permissions,
        });
        assertEquals([code, text(directory, "key")], [0, `new key ${permissions.length}`], stderr);
      }
    });
  });

  it("a thousand files with long names are all put in place, and the programs find all of them", async () => {
    const files = Array.from({ length: mostlyOnDeno({ quick: 300, normal: 1000, long: 1000 }) }, (_, index) => {
      return { path: `${"f".repeat(60)}${index}`, content: `${index}\n` };
    });
    const count = 'grep -o \'\\.stage"\' "$ATOMIC_WRITE_STAGED_FILE" | wc -l > staged';
    const plan = { files, backup: 0, validate: sh(count), activate: sh('echo "<$ATOMIC_WRITE_STAGED>" > variable') };
    await withSite(plan, async (directory) => {
      const { code, stderr } = await atomicWrite(directory, ["deploy", "-q", "--durability=none", "plan.json"]);
      assertEquals([code, text(directory, files.at(-1)?.path ?? "")], [0, files.at(-1)?.content], stderr);
      // By the path as the plan says it, and by the real one.
      assertEquals([text(directory, "staged").trim(), text(directory, "variable")], [`${2 * files.length}`, "<>\n"]);
    });
  });

  once("75: a file that is mounted as such is refused before anything is changed", async (t) => {
    await withSite({ activate: sh("touch activated") }, async (directory) => {
      put(directory, "chain", "old chain");
      const mounts = { source: join(directory, "new-key"), target: join(directory, "chain") };
      await withBindMount(t, mounts, async () => {
        const { code, stderr } = await atomicWrite(directory, ["deploy", "plan.json"]);
        assertEquals([code, text(directory, "key"), names(directory).includes("activated")], [75, "old key", false]);
        const reason =
          `Cannot deploy "${directory}/chain": it is mounted as a single file, and cannot be replaced there`;
        assert(stderr.includes(`${reason} (EBUSY)`) && stderr.includes("hint: "), stderr);
        assertEquals(withoutLocks(directory), ["chain", ...untouched].sort());
        // What is right already needs no replacing.
        write(directory, { files: [{ path: "key", content: "x" }, { path: "chain", content: "new key" }] });
        assertEquals((await atomicWrite(directory, ["deploy", "-q", "plan.json"])).code, 0);
      });
    });
  });

  once(
    "73: a read-only mount among the targets is refused, and nothing is said to be left that never was there",
    async (t) => {
      await withSite({}, (directory) => {
        const fixed = join(directory, "fixed");
        fs.mkdirSync(fixed);
        put(fixed, "key", "old key");
        put(fixed, "key.lock", "");
        return withBindMount(t, { source: fixed, target: fixed, options: "ro" }, async () => {
          write(directory, { files: [{ path: "key", content: "x" }, { path: join(fixed, "key"), content: "x" }] });
          const { code, stderr } = await atomicWrite(directory, ["deploy", "plan.json"]);
          assertEquals([code, stderr.includes("left behind"), text(directory, "key")], [73, false, "old key"], stderr);
          assertEquals(withoutLocks(directory), ["fixed", ...untouched].sort());
        });
      });
    },
  );

  it("from standard input: makes directories, removes a file; tried before, it says so and does nothing", async () => {
    await withSite({}, async (directory) => {
      put(directory, "old-site", "old", 0o604);
      fs.mkdirSync(join(directory, "locks"));
      const plan = JSON.stringify({
        files: [{ path: "sites/new", content: "new" }, { path: "old-site", remove: true }, {
          path: "never",
          remove: true,
        }],
        directories: [{ path: "sites", mode: "750" }, { path: "locks" }],
        activate: sh("test -e ok"),
        lockDirectory: "locks",
      });
      const before = names(directory);
      const deploy = (...args: string[]) => atomicWrite(directory, ["deploy", ...args, "-"], { stdin: plan });
      const at = (name: string) => join(directory, name);
      const tried = await deploy("--dry-run");
      assertEquals(tried, {
        code: 0,
        signal: null,
        stderr: "",
        stdout: `would make ${at("sites")}\nunchanged ${at("locks")}\nwould create ${at("sites/new")}\n` +
          `would remove ${at("old-site")}\nunchanged ${at("never")}\nwould run activate: ["sh","-c","test -e ok"]\n`,
      });
      assertEquals([names(directory), names(at("locks"))], [before, []]);

      // Activating fails: what was removed is there again, the directory stays.
      assertEquals((await deploy("-q")).code, 91);
      assertEquals([text(directory, "old-site"), modeOf(directory, "old-site")], ["old", "604"]);
      // What is owed stays, beside the first file.
      assertEquals(names(at("sites")).map((name) => name.replace(/^.*[.]/, "")), ["settled"]);
      put(directory, "ok", "");
      const { code, stdout, stderr } = await deploy();
      assertEquals([code, stderr], [0, ""]);
      const lines = ["unchanged sites", "unchanged locks", "written sites/new", "removed old-site", "unchanged never"];
      assertEquals(stdout, lines.map((line) => `${line.replace(/ (.*)/, (_, name) => ` ${at(name)}`)}\n`).join(""));
      assertEquals([modeOf(directory, "sites"), fs.existsSync(at("old-site"))], ["750", false]);
      assertEquals(names(at("locks")).length, 3);
      assertEquals(names(directory).filter((name) => name.endsWith(".lock")), []);
      const again = await answer(directory, ["deploy", "--dry-run", "-"], { stdin: plan });
      assertEquals([again["dryRun"], again["changed"], again["runs"]], [true, false, []]);
    });
  });

  once("large sources stream through, and are recognised when they are there already", async () => {
    await withSite({ files: [{ path: "key", source: "large" }] }, async (directory) => {
      put(directory, "large", "0123456789abcdef".repeat(200_000));
      const deploy = async () => (await answer(directory, ["deploy", "plan.json"]))["changed"];
      assertEquals([await deploy(), text(directory, "key") === text(directory, "large")], [true, true]);
      const before = inodeOf(join(directory, "key"));
      assertEquals([await deploy(), inodeOf(join(directory, "key"))], [false, before]);
    });
  });

  once("74 on a full disk, and nothing has changed", async (t) => {
    await withSite({}, (directory) =>
      withTmpfs(t, { size: 1 << 20 }, async ({ directory: full }) => {
        put(full, "key", "old key");
        const content = "x".repeat(2 << 20);
        write(directory, { files: [{ path: join(full, "key"), content }] });
        const { code, stderr } = await atomicWrite(directory, ["deploy", "plan.json"]);
        assertEquals([code, text(full, "key"), withoutLocks(full)], [74, "old key", ["key"]], stderr);
        assert(/\(ENOSPC\); every file is unchanged\n$/.test(stderr), stderr);
      }));
  });

  once("77 where it is not permitted, and nothing has changed", async (t) => {
    await asUser(t, 65534, async (as) => {
      await withSite({}, async (directory) => {
        fs.chmodSync(directory, 0o755);
        const { code, stderr } = await atomicWrite(directory, ["deploy", "plan.json"], as);
        assertEquals([code, withoutLocks(directory)], [77, untouched], stderr);
      });
    });
  });

  once("waits for the locks of the files as long as the option says", async () => {
    await withSite({}, async (directory) => {
      const hold = ["lock", "key", "--", "sh", "-c", "echo held; read -r line"];
      const holder = start(directory, hold, { stdin: "pipe" });
      await new Promise((resolve) => holder.child.stdout?.once("data", resolve));
      assertEquals((await atomicWrite(directory, ["deploy", "-n", "plan.json"])).code, 1);
      assertEquals((await atomicWrite(directory, ["deploy", "-w", "0.1", "-E", "9", "plan.json"])).code, 9);
      const waiting = atomicWrite(directory, ["deploy", "plan.json"]);
      holder.child.stdin?.end("\n");
      assertEquals([(await waiting).code, (await holder.status).code, text(directory, "key")], [0, 0, "new key"]);
    });
  });

  it("tells on a terminal what is going on, where it takes long", async (t) => {
    if (spawnSync("script", ["--version"]).status !== 0) return skip(t, "needs script(1)");
    await withSite({ activate: sh("while ! test -e go; do sleep 0.05; done") }, async (directory) => {
      const command = scriptCommand("cli.ts", ["deploy", "plan.json"]).map((word) => `'${word}'`).join(" ");
      const { child, status } = spawnProgram(["script", "-qec", command, "/dev/null"], { cwd: directory });
      let printed = "";
      child.stdout?.on("data", (chunk) => {
        printed += String(chunk);
        if (printed.includes("activating: ")) put(directory, "go", "");
      });
      const { code, stdout } = await status;
      assertEquals(code, 0, stdout);
      // The line is gone before anything else is printed.
      // deno-lint-ignore no-control-regex -- that is what is looked for
      assert(/\ractivating: [0-9]+ seconds?\x1b\[K\r\x1b\[Kwritten [^\x1b]*$/.test(stdout), JSON.stringify(stdout));
    });
  });
});

describe("a signal in the middle of a deployment", { skip: onWindows && "Windows has no such signals" }, () => {
  const waitForIt = "echo $$ > running; while ! test -e go; do sleep 0.05; done";

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`${signal} before the files are switched: nothing has changed, and no program is left`, async () => {
      await withSite({ validate: sh(waitForIt), activate: sh("touch activated") }, async (directory) => {
        const { child, status } = start(directory, ["deploy", "plan.json"]);
        await until(() => fs.existsSync(join(directory, "running")) && text(directory, "running") !== "");
        send(child, signal);
        const ended = await status;
        const reason = `Cannot deploy "${directory}/plan.json": interrupted (${signal}); every file is unchanged\n`;
        assertEquals(ended, { code: null, signal, stdout: "", stderr: `atomic-write: ${reason}` });
        assertEquals([withoutLocks(directory), text(directory, "key")], [[...untouched, "running"], "old key"]);
        await until(() => !isAlive(text(directory, "running").trim()));
      });
    });
  }

  for (const [end, code, key] of [["true", 0, "new key"], ["rm running; exit 1", 90, "old key"]] as const) {
    it(`after they are switched it is completed: ${code}`, async () => {
      const activate = `test -e go && exit 0; ${waitForIt}; ${end}`;
      await withSite({ activate: sh(activate) }, async (directory) => {
        const { child, status } = start(directory, ["deploy", "plan.json"]);
        await until(() => fs.existsSync(join(directory, "running")) && text(directory, "running") !== "");
        if (code === 0) {
          const busy = await atomicWrite(directory, ["recover", "."]);
          assertEquals([busy.code, busy.stdout.includes(": it is still running\n")], [75, true], busy.stderr);
        }
        send(child, "SIGTERM");
        child.stderr?.once("data", () => put(directory, "go", ""));
        const ended = await status;
        assertEquals([ended.code, ended.signal, text(directory, "key")], [code, null, key], ended.stderr);
        assert(ended.stderr.includes("the files are already switched"), ended.stderr);
      });
    });
  }

  it("SIGKILL while activating: recover finishes it, but for what somebody has changed since", async () => {
    await withSite({ activate: sh(waitForIt) }, async (directory) => {
      fs.mkdirSync(join(directory, "sub"));
      const { child, status } = start(directory, ["deploy", "plan.json"]);
      await until(() => fs.existsSync(join(directory, "running")) && text(directory, "running") !== "");
      send(child, "SIGKILL");
      put(directory, "go", "");
      await status;
      put(directory, "chain", "by hand");
      const recovered = await atomicWrite(directory, ["recover", "--json", "-r", "."]);
      assertEquals(recovered.code, 2, recovered.stderr);
      const { finished, undone, conflicts, needsActivation, kept } = JSON.parse(recovered.stdout);
      assertEquals([finished, undone, conflicts, kept], [
        [join(directory, "key")],
        [],
        [join(directory, "chain")],
        [],
      ]);
      assertEquals(text(directory, "chain"), "by hand");
      assertEquals([needsActivation.length, text(directory, "key")], [1, "new key"]);
      const again = await atomicWrite(directory, ["recover", "-r", "."]);
      assertEquals([again.code, again.stdout], [91, `may not have taken effect: ${needsActivation[0]}\n`]);
      assertEquals((await atomicWrite(directory, ["recover", "--activate", "true", "."])).code, 0);
      assertEquals(await atomicWrite(directory, ["recover", "-r", "."]), {
        code: 0,
        signal: null,
        stdout: "",
        stderr: "",
      });
    });
  });
});
