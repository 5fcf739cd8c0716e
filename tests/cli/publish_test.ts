/** `atomic-write publish PATH SOURCE` and `roll-back PATH`: a whole directory by one switch. */
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { effort } from "../support/effort.ts";
import { withTmpfs } from "../support/mounts.ts";
import { currentRuntime } from "../support/spawn.ts";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { answer, atomicWrite, names, put, send, start, text, until } from "./command.ts";

const onWindows = process.platform === "win32";
/** What is the same whatever the runtime is tried on one of them. */
const once = currentRuntime === "deno" || effort() === "long" ? it : () => {};
const sh = (line: string) => JSON.stringify(["sh", "-c", line]);

/** A directory with `dist`, a small tree that says which version it is. */
function withSource(run: (directory: string) => Promise<void>): Promise<void> {
  return withTemporaryDirectory(async (directory) => {
    fs.mkdirSync(join(directory, "dist", "sub"), { recursive: true });
    put(directory, "dist/index", "one");
    put(directory, "dist/sub/tool", "#!/bin/sh\n", 0o755);
    await run(directory);
  });
}

const generations = (directory: string) => names(directory).filter((name) => name.endsWith(".generation"));

describe("atomic-write publish and roll-back", { skip: onWindows && "needs symbolic links and a shell" }, () => {
  it("publishes copies of a directory, and goes back to the one before", () =>
    withSource(async (directory) => {
      fs.symlinkSync("sub/tool", join(directory, "dist", "link"));
      fs.chmodSync(join(directory, "dist", "sub"), 0o550);
      fs.chmodSync(join(directory, "dist"), 0o700);
      fs.utimesSync(join(directory, "dist", "index"), 1_000_000_000, 1_000_000_000);
      const first = await atomicWrite(directory, ["publish", "--keep-times", "site", "dist"]);
      assertEquals([first.code, first.stderr], [0, ""]);
      assertEquals(first.stdout, `${join(directory, fs.readlinkSync(join(directory, "site")))}\n`);
      const mode = (name: string) => (fs.statSync(join(directory, name)).mode & 0o7777).toString(8);
      assertEquals(["site", "site/sub", "site/sub/tool", "site/index"].map(mode), ["700", "550", "755", "644"]);
      assertEquals([text(directory, "site/index"), fs.readlinkSync(join(directory, "site/link"))], ["one", "sub/tool"]);
      assertEquals(Math.round(fs.statSync(join(directory, "site/index")).mtimeMs), 1_000_000_000_000);

      put(directory, "dist/index", "two");
      const staged = 'echo "$ATOMIC_WRITE_STAGED" >> log';
      const options = ["--validate", sh(`${staged}; cat .site.*.building/index >> log`), "--activate", sh(staged)];
      const second = await answer(directory, ["publish", ...options, "site/", "dist"]);
      assertEquals([second["path"], second["previous"]], [join(directory, "site"), first.stdout.trimEnd()]);
      assertEquals(text(directory, "site/index"), "two");
      const path = join(directory, "site");
      const [validated = "", activated = ""] = text(directory, "log").split("two");
      assert(/\.building$/.test(JSON.parse(validated)[path]), validated);
      assertEquals(JSON.parse(activated), { "site/": path, [path]: path });

      const back = await atomicWrite(directory, ["roll-back", "--activate", sh("cat site/index > log"), "site"]);
      assertEquals([back.code, back.stdout, back.stderr], [0, first.stdout, ""]);
      assertEquals([text(directory, "site/index"), text(directory, "log")], ["one", "one"]);
      const none = await atomicWrite(directory, ["roll-back", "site"]);
      assertEquals([none.code, text(directory, "site/index")], [66, "one"]);
      assertEquals(generations(directory).length, 2);
    }));

  it("keeps owners and attributes, or says whose it could not keep; holes stay holes", (t) =>
    withSource(async (directory) => {
      if (process.getuid?.() !== 0) return skip(t, "needs root to give files away");
      fs.chownSync(join(directory, "dist", "index"), 1234, 1235);
      fs.chownSync(join(directory, "dist", "sub"), 1236, 1237);
      fs.symlinkSync("index", join(directory, "dist", "link"));
      fs.writeFileSync(join(directory, "dist", "sparse"), "");
      fs.truncateSync(join(directory, "dist", "sparse"), 64 << 20);
      const kept = await answer(directory, ["publish", "site", "dist"]);
      assertEquals(kept["lost"], []);
      const owner = (name: string) => {
        const { uid, gid } = fs.statSync(join(directory, "site", name));
        return `${uid}:${gid}`;
      };
      assertEquals(["index", "sub", "sub/tool"].map(owner), ["1234:1235", "1236:1237", "0:0"]);
      const { size, blocks } = fs.statSync(join(directory, "site", "sparse"));
      assert(size === 64 << 20 && blocks * 512 < 1 << 20, `${blocks} blocks`);

      fs.lchownSync(join(directory, "dist", "link"), 1234, 1234);
      const lost = await atomicWrite(directory, ["publish", "site", "dist"]);
      assertEquals([lost.code, lost.stderr.includes("not everything was kept: owner")], [0, true], lost.stderr);
      const before = fs.readlinkSync(join(directory, "site"));
      const strict = await atomicWrite(directory, ["publish", "--strict", "site", "dist"]);
      assertEquals([strict.code === 0, strict.stderr.includes("would lose")], [false, true], strict.stderr);
      assertEquals(fs.readlinkSync(join(directory, "site")), before);
    }));

  it("a program that takes too long has refused", () =>
    withSource(async (directory) => {
      const options = ["--validate", sh("echo no good; sleep 60"), "--program-timeout", "0.2"];
      const slow = await atomicWrite(directory, ["publish", ...options, "site", "dist"]);
      assertEquals([slow.code, slow.stderr.includes("did not end within 0.2 s")], [65, true], slow.stderr);
      assert(slow.stderr.includes("\natomic-write: validate: no good\n"), slow.stderr);
    }));

  once(
    "what is there already is only replaced when it is ours, or to be adopted",
    () =>
      withSource(async (directory) => {
        fs.mkdirSync(join(directory, "site"));
        put(directory, "site/index", "by hand");
        const refused = await atomicWrite(directory, ["publish", "site", "dist"]);
        assertEquals([refused.code, text(directory, "site/index")], [73, "by hand"]);
        assertEquals((await atomicWrite(directory, ["publish", "--adopt", "site", "dist"])).code, 0);
        assertEquals(text(directory, "site/index"), "one");
        put(directory, "dist/index", "two");
        const keep = ["--keep", "0", "--grace", "0"];
        const { removed } = await answer(directory, ["publish", ...keep, "site", "dist"]) as { removed: string[] };
        assertEquals([removed.length, generations(directory).length, text(directory, "site/index")], [2, 1, "two"]);
      }),
  );

  once(
    "66 where there is nothing to publish; 73 where it cannot be copied; nothing is left",
    () =>
      withSource(async (directory) => {
        const attempt = async (source: string, code: number, reason: string) => {
          const ended = await atomicWrite(directory, ["publish", "site", source]);
          assertEquals(ended.code, code, ended.stderr);
          assert(ended.stderr.includes(reason), ended.stderr);
        };
        await attempt("no", 66, `"${directory}/no" does not exist (ENOENT)`);
        await attempt("dist/index", 66, `"${directory}/dist/index" is no directory (ENOTDIR)`);
        await attempt(".", 66, "would be copied into itself (EINVAL)");
        if (spawnSync("mkfifo", [join(directory, "dist", "pipe")]).status === 0) {
          await attempt("dist", 66, "is not a file, a directory or a symlink");
        }
        fs.rmSync(join(directory, "dist", "pipe"), { force: true });
        fs.symlinkSync("caf\ufffd", join(directory, "dist", "link"));
        await attempt("dist", 73, "is a symlink to a name that is not UTF-8 (EILSEQ)");
        assertEquals(names(directory).filter((name) => !name.endsWith(".lock")), ["dist"]);
      }),
  );

  it("74 on a full disk: what was to be published is named, and nothing of it is left", (t) =>
    withTmpfs(t, { size: 1 << 20 }, ({ directory: full }) =>
      withSource(async (directory) => {
        put(directory, "dist/large", "x".repeat(2 << 20));
        const path = join(full, "site");
        const { code, stderr } = await atomicWrite(directory, ["publish", path, "dist"]);
        assertEquals([code, stderr.startsWith(`atomic-write: Cannot publish "${path}": `)], [74, true], stderr);
        assert(stderr.includes("no space is left (ENOSPC)"), stderr);
        assertEquals(names(full).filter((name) => !name.endsWith(".lock")), []);
      })));

  it("a program that is published with the rest is not looked for before; any other one is", () =>
    withSource(async (directory) => {
      put(directory, "dist/reload", "#!/bin/sh\necho activated > log\n", 0o755);
      const published = await atomicWrite(directory, ["publish", "--activate", "site/reload", "site", "dist"]);
      assertEquals([published.code, text(directory, "log")], [0, "activated\n"], published.stderr);
      const refused = await atomicWrite(directory, ["publish", "--activate", "./reload", "other", "dist"]);
      assertEquals([refused.code, names(directory).filter((name) => name.includes("other"))], [127, []]);
      assert(refused.stderr.includes(`activate cannot be run: "${directory}/reload" does not exist`), refused.stderr);
    }));

  it("a signal before the switch leaves what is published, and nothing else", () =>
    withSource(async (directory) => {
      const validate = sh("touch running; while ! test -e go; do sleep 0.05; done");
      const { child, status } = start(directory, ["publish", "--validate", validate, "site", "dist"]);
      await until(() => fs.existsSync(join(directory, "running")));
      send(child, "SIGTERM");
      const { signal, stderr } = await status;
      assertEquals(signal, "SIGTERM", stderr);
      assertEquals(names(directory).filter((name) => !name.endsWith(".lock")), ["dist", "running"]);
    }));

  it("lists generations, goes to one of them, and says what publishing would do", async () => {
    await withTemporaryDirectory(async (directory) => {
      fs.mkdirSync(join(directory, "dist"));
      const generationsOf = async () => {
        const { stdout } = await atomicWrite(directory, ["generations", "site/"]);
        return stdout.trimEnd().split("\n").map((line) => line.split(/\s+/));
      };
      assertEquals((await atomicWrite(directory, ["generations", "site"])).code, 66);
      for (const content of ["one", "two", "three"]) {
        put(directory, "dist/index", content);
        await atomicWrite(directory, ["publish", "-q", "site", "dist"]);
      }
      const listed = await generationsOf();
      assertEquals(listed.map(([state]) => state), ["current", "earlier", "earlier"]);
      const oldest = listed[2]?.[2] ?? "";
      const back = await atomicWrite(directory, ["roll-back", "site", basename(oldest)]);
      assertEquals([back.code, back.stdout, text(directory, "site/index")], [0, `${oldest}\n`, "one"]);
      assertEquals((await generationsOf()).map(([state]) => state), ["withdrawn", "earlier", "current"]);
      assertEquals((await atomicWrite(directory, ["roll-back", "site", "./nothing"])).code, 66);

      const before = names(directory);
      const options = ["--dry-run", "--keep=0", "--grace=0", "--activate", "true", "site", "dist"];
      const { code, stdout } = await atomicWrite(directory, ["publish", ...options]);
      const lines = stdout.replaceAll(directory, "DIR").trimEnd().split("\n");
      assertEquals([code, lines[0], lines.at(-1)], [0, "would publish DIR/dist", 'would run activate: ["true"]']);
      assertEquals([lines.filter((line) => line.startsWith("would remove")).length, names(directory)], [3, before]);

      // Refused, and nothing is left.
      fs.mkdirSync(join(directory, "plain"));
      for (const args of [["plain", "dist"], ["new", "missing"], ["--dry-run", "plain", "dist"]]) {
        assert([66, 73].includes((await atomicWrite(directory, ["publish", ...args])).code ?? 0), args.join());
      }
      assertEquals(names(directory), [...before, "plain"].sort());
    });
  });
});
