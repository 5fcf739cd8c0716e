/** `store put`, `get`, `restore`, `list`, `verify` and `gc`: what they print, and how they end. */
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { openReferences } from "../../src/store/mod.ts";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { answer, atomicWrite, inShell, modeOf, names, put, send, start, text, untilListening } from "./command.ts";

const sha256 = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");
const placeOf = (digest: string) => join("objects", digest.slice(0, 2), digest.slice(2));
const binary = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7919) >> 3);

/** Runs lines of shell; what they print, with the directory's name replaced. */
async function say(directory: string, lines: string): Promise<{ stdout: string[]; stderr: string[] }> {
  const { stdout, stderr } = await inShell(directory, lines);
  const split = (text: string) => text.replaceAll(directory, "DIR").split("\n").slice(0, -1);
  return { stdout: split(stdout), stderr: split(stderr) };
}

describe("store", () => {
  it("keeps standard input and files, and gives them back byte for byte", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "binary", binary);
      put(directory, "other", "other\n");
      const [a, b, c] = [sha256("hello\n"), sha256(binary), sha256("other\n")];
      const { stdout, stderr } = await say(
        directory,
        `echo hello | atomic-write store put objects
        echo hello | atomic-write store put objects binary - other
        atomic-write store put --expect ${b} objects binary
        atomic-write store get objects ${b} | cmp - binary && echo same
        atomic-write store get objects ${a}
        atomic-write store restore --mode 600 objects ${c} restored; echo $?
        atomic-write store list objects
        atomic-write store verify objects; echo $?
        atomic-write store put -q --allow-empty objects < /dev/null; echo $?`,
      );
      assertEquals([stderr, stdout], [[], [a, b, a, c, b, "same", "hello", "0", ...[a, b, c].sort(), "0", "0"]]);
      assertEquals([text(directory, "restored"), modeOf(directory, "restored")], ["other\n", "600"]);
      assertEquals(fs.existsSync(join(directory, placeOf(sha256("")))), true);
    });
  });

  it("answers machines, also with content that is no text", async () => {
    await withTemporaryDirectory(async (directory) => {
      const bytes = Uint8Array.of(0, 255, 10);
      const digest = sha256(bytes);
      const put = await answer(directory, ["store", "put", "objects"], { stdin: bytes });
      assertEquals(put["objects"], [{ digest }]);
      assertEquals(await answer(directory, ["store", "get", "objects", digest]), { digest, bytes: 3, base64: "AP8K" });
      assertEquals(await answer(directory, ["store", "list", "objects"]), { objects: [digest] });
      assertEquals(await answer(directory, ["store", "verify", "objects"]), { checked: 1, corrupt: [] });
      const collected = { removed: [digest], bytes: 3, kept: 0, young: 0 };
      const gc = ["store", "gc", "--allow-empty", "--grace", "0", "objects"];
      assertEquals(await answer(directory, [...gc, "--dry-run"]), collected);
      assertEquals(await answer(directory, gc), collected);
      assertEquals(await answer(directory, ["store", "list", "objects"]), { objects: [] });
    });
  });

  it("tells damage with 65, what is not there with 66, a wrong digest with 2, and makes nothing by reading", async () => {
    await withTemporaryDirectory(async (directory) => {
      const [good, bad] = [sha256("good\n"), sha256("bad\n")];
      const broken = join(directory, placeOf(bad));
      put(directory, "kept", "as it was");
      await say(directory, "echo good | atomic-write store put objects; echo bad | atomic-write store put objects");
      fs.chmodSync(broken, 0o644);
      fs.writeFileSync(broken, "rot\n");
      const { stdout, stderr } = await say(
        directory,
        `atomic-write store get objects ${bad}; echo $?
        atomic-write store restore objects ${bad} kept; echo $?
        atomic-write store verify objects; echo $?
        atomic-write store get objects ${sha256("none")}; echo $?
        echo good | atomic-write store put --expect ${bad} objects; echo $?
        atomic-write store get nowhere ${good}; echo $?
        atomic-write store list nowhere; echo $?
        atomic-write store verify kept; echo $?
        atomic-write store get objects 123; echo $?
        atomic-write store put objects no-such-file; echo $?
        atomic-write store put empty < /dev/null; echo $?
        echo bad | atomic-write store put objects > /dev/null; atomic-write store verify objects; echo $?`,
      );
      assertEquals(stdout, ["65", "65", bad, "65", "66", "2", "66", "66", "66", "64", "66", "65", "0"]);
      assertEquals(text(directory, "kept"), "as it was");
      assertEquals(names(directory), ["kept", "objects"]);
      const messages = stderr.filter((line) => !line.includes("hint: "));
      assertEquals(messages.length, 11, messages.join("\n"));
      assertEquals(messages[2], "atomic-write: 1 object of 2 damaged; put the content again to repair it");
      assertEquals(
        messages[5],
        'atomic-write: Cannot read from "DIR/nowhere": there is no such store (ENOENT); the file is unchanged',
      );
    });
  });

  it("gc keeps what is named and what is young, and refuses input it cannot trust", async () => {
    await withTemporaryDirectory(async (directory) => {
      const [a, b, c] = [sha256("a\n"), sha256("b\n"), sha256("c\n")];
      const { stdout } = await say(
        directory,
        `for x in a b c; do echo $x | atomic-write store put -q objects; done
        echo "${a}  file" | atomic-write store gc objects; echo $?
        printf '%s\\n\\n%s' "${a}  file" ${b} | atomic-write store gc --dry-run --grace 0 objects; echo $?
        atomic-write store gc --grace 0 objects < /dev/null; echo $?
        { echo ${a}; echo garbage; } | atomic-write store gc --grace 0 objects; echo $?
        false | atomic-write store gc --grace 0 objects; echo $?
        atomic-write store gc --grace 0 --references none objects; echo $?
        atomic-write store gc -n -w 1 objects; echo $?
        atomic-write store list objects | wc -l`,
      );
      assertEquals(stdout, ["0", c, "0", "65", "65", "65", "66", "64", "3"]);
      assertEquals(fs.existsSync(join(directory, "none")), false);
      const references = await openReferences(join(directory, "references"));
      await references.update("heads/main", a);
      await references.setHead({ digest: b });
      const collected = await say(directory, "atomic-write store gc --grace 0 --references references objects");
      assertEquals(collected, { stdout: [c], stderr: [] });
    });
  });

  it("put is stopped by a signal, and leaves nothing", async (t) => {
    if (process.platform === "win32") return skip(t, "Windows has no such signals");
    await withTemporaryDirectory(async (directory) => {
      await atomicWrite(directory, ["store", "put", "-q", "objects"], { stdin: "x" });
      const { child, status } = start(directory, ["store", "put", "objects"], { stdin: "pipe" });
      await untilListening(child);
      child.stdin?.write(new Uint8Array(2_000_000));
      send(child, "SIGTERM");
      const { signal, stderr } = await status;
      assertEquals(signal, "SIGTERM");
      assert(stderr.includes("interrupted (SIGTERM); the file is unchanged"), stderr);
      const left = fs.readdirSync(join(directory, "objects"));
      assertEquals(left.filter((name) => name !== "objects.lock" && !/^[0-9a-f]{2}$/.test(name)), []);
    });
  });
});
