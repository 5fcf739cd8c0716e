/** On Deno with fewer than all permissions names are reached by path: root does not work in directories of other users. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

const script = `
import { writeFileSync } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
const [path, rule] = Deno.args;
try {
  writeFileSync(path, "new", rule === undefined ? {} : { unsafePath: rule });
  console.log("written");
} catch (error) {
  console.log(error.code, error.message);
}
`;

test("root on Deno without all permissions refuses a way through another user's directory, and names it", async (t) => {
  if (Deno.uid() !== 0) return skip(t, "needs root");
  await withTemporaryDirectory(async (folder) => {
    Deno.writeTextFileSync(`${folder}/write.ts`, script);
    Deno.mkdirSync(`${folder}/theirs/d`, { recursive: true });
    Deno.chownSync(`${folder}/theirs`, 54_321, 54_321);
    Deno.chownSync(`${folder}/theirs/d`, 54_321, 54_321);
    const run = async (permissions: readonly string[], ...parameters: readonly string[]) => {
      const args = ["run", "--no-prompt", "--no-check", ...permissions, `${folder}/write.ts`, ...parameters];
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
      const decoder = new TextDecoder();
      assertEquals(decoder.decode(stderr).replaceAll(/.*extra certs.*\n/g, ""), "");
      return decoder.decode(stdout).trim();
    };
    const few = ["--allow-read", "--allow-write", "--allow-sys"];
    const path = `${folder}/theirs/d/file`;
    const refused = await run(few, path);
    assertStringIncludes(refused, "EACCES");
    assertStringIncludes(refused, `${JSON.stringify(`${folder}/theirs`)} of user 54321`);
    assertEquals([...Deno.readDirSync(`${folder}/theirs/d`)], []);
    assertEquals(await run(few, path, "allow"), "written");
    Deno.removeSync(path);
    assertEquals(await run(["-A"], path), "written");
    // What a runtime may not look at is not refused: it could not do without more than it needs.
    Deno.removeSync(path);
    const least = [`--allow-read=${folder}/theirs/d,${folder}/write.ts`, `--allow-write=${folder}/theirs/d`];
    assertEquals(await run([...least, "--allow-sys"], path), "written");
  });
});
