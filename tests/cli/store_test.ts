/** `store put`, `get`, `restore`, `list`, `verify` and `gc`: what they print, and how they end. */
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { openReferences } from "../../src/store/mod.ts";
import { asUser } from "../support/other_user.ts";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { answer, atomicWrite, inShell, put, send, start, untilListening } from "./command.ts";

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
  it("gives files back byte for byte", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "binary", binary);
      const lines = `atomic-write store get objects "$(atomic-write store put objects binary)" | cmp - binary`;
      assertEquals(await say(directory, lines), { stdout: [], stderr: [] });
      assertEquals(fs.existsSync(join(directory, placeOf(sha256(binary)))), true);
    });
  });

  it("answers machines, also with content that is no text", async () => {
    await withTemporaryDirectory(async (directory) => {
      const bytes = Uint8Array.of(0, 255, 10);
      const digest = sha256(bytes);
      const put = await answer(directory, ["store", "put", "objects"], { stdin: bytes });
      assertEquals(put["objects"], [{ digest, found: "new" }]);
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

  it("verify says even with --quiet what is damaged", async () => {
    await withTemporaryDirectory(async (directory) => {
      const digest = sha256("x");
      await atomicWrite(directory, ["store", "put", "-q", "objects"], { stdin: "x" });
      const verify = () => atomicWrite(directory, ["store", "verify", "-q", "objects"]);
      assertEquals(await verify(), { code: 0, signal: null, stdout: "", stderr: "" });
      fs.rmSync(join(directory, placeOf(digest)));
      fs.writeFileSync(join(directory, placeOf(digest)), "y");
      const stderr = `atomic-write: damaged ${digest}\n`;
      assertEquals(await verify(), { code: 65, signal: null, stdout: "", stderr });
    });
  });

  it("verify reads all others when it may not read an object, and says which, with status 77", async (t) => {
    if (process.getuid?.() === 0) return skip(t, "root may read everything");
    await withTemporaryDirectory(async (directory) => {
      const [closed] = [sha256("closed"), sha256("good")];
      for (const stdin of ["closed", "good"]) {
        await atomicWrite(directory, ["store", "put", "-q", "objects"], { stdin });
      }
      fs.chmodSync(join(directory, placeOf(closed)), 0);
      const { code, stdout, stderr } = await atomicWrite(directory, ["store", "verify", "objects"]);
      assertEquals([code, stdout], [77, ""]);
      assert(stderr.includes(closed.slice(2)), stderr);
    });
  });

  it("gc keeps what references lead to", async () => {
    await withTemporaryDirectory(async (directory) => {
      const [a, b, c] = [sha256("a\n"), sha256("b\n"), sha256("c\n")];
      await say(directory, "for x in a b c; do echo $x > $x; done; atomic-write store put -q objects a b c");
      const references = await openReferences(join(directory, "references"));
      await references.update("heads/main", a);
      await references.setHead({ digest: b });
      const collected = await say(directory, "atomic-write store gc --grace 0 --references references objects");
      assertEquals(collected, { stdout: [c], stderr: [] });
    });
  });

  it("gc that ends in the middle says what it removed, and with what error", (t) =>
    asUser(t, 65534, async ({ wrapper, env }) => {
      await withTemporaryDirectory(async (directory) => {
        fs.chmodSync(directory, 0o777);
        const options = { wrapper: [...wrapper], env: env as Record<string, string> };
        const stored = await inShell(
          directory,
          "for x in a b; do echo $x | atomic-write store put objects; done",
          options,
        );
        const [first = "", second = ""] = stored.stdout.split("\n").filter((line) => line !== "").sort();
        fs.chownSync(join(directory, "objects", second.slice(0, 2)), 0, 0);
        const gc = ["store", "gc", "--allow-empty", "--grace", "0", "objects"];
        const { code, stdout, stderr } = await atomicWrite(directory, gc, options);
        assertEquals([code, stdout], [77, `${first}\n`]);
        assert(stderr.startsWith("atomic-write: 1 object removed before that\natomic-write: Cannot remove "), stderr);
        await atomicWrite(directory, ["store", "put", "objects"], { ...options, stdin: "a\n" });
        await atomicWrite(directory, ["store", "put", "objects"], { ...options, stdin: "b\n" });
        const told = await answer(directory, gc, options);
        assertEquals([told["removed"], (told["error"] as { code: string }).code], [[first], "EACCES"]);
      });
    }));

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
      assert(stderr.includes("interrupted (SIGTERM); nothing was stored"), stderr);
      const left = fs.readdirSync(join(directory, "objects"));
      assertEquals(left.filter((name) => name !== "objects.lock" && !/^[0-9a-f]{2}$/.test(name)), []);
    });
  });
});
