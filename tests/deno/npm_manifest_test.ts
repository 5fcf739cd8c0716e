/** The npm package leads its readers home where it is built by a repository's workflow, and names no other place. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { npmReadme } from "../../scripts/npm/readme.ts";
import { currentRepository, npmManifest, readProject, repositoryOf } from "../../scripts/npm_manifest.ts";
import { ROOT } from "../../scripts/toolchain/folders.ts";

test("npmManifest names the repository that a workflow runs in, its page and where to report bugs", () => {
  const { homepage, repository, bugs } = npmManifest(readProject(), "somebody/atomic-write");
  assertEquals(homepage, "https://github.com/somebody/atomic-write#readme");
  assertEquals(repository, { type: "git", url: "git+https://github.com/somebody/atomic-write.git" });
  assertEquals(bugs, { url: "https://github.com/somebody/atomic-write/issues" });
  for (const key of ["homepage", "repository", "bugs"]) {
    assertEquals(key in npmManifest(readProject(), undefined), currentRepository() !== undefined, key);
  }
});

test("repositoryOf reads OWNER/NAME from every way in which git names a repository on GitHub", () => {
  const read = [
    "https://github.com/somebody/atomic-write.git\n",
    "https://github.com/somebody/atomic-write",
    "git@github.com:somebody/atomic-write.git",
    "ssh://git@github.com/somebody/atomic-write.git",
    "https://example.test/somebody/atomic-write.git",
    "/srv/git/atomic-write.git",
  ].map(repositoryOf);
  assertEquals(read, [...Array(4).fill("somebody/atomic-write"), undefined, undefined]);
});

test("npmReadme makes every link absolute that leads to a file, and nothing else", () => {
  const readme =
    "[a](docs/faq.md#x) [b](#here) [c](https://c.test/) ![d](docs/house.svg) [e](examples)\n\n[f]: tests/lock\n";
  const base = "https://github.com/somebody/atomic-write";
  const expected = `[a](${base}/blob/v1.0.0/docs/faq.md#x) [b](#here) [c](https://c.test/) ` +
    `![d](${base}/raw/v1.0.0/docs/house.svg) [e](${base}/tree/v1.0.0/examples)\n\n[f]: ${base}/tree/v1.0.0/tests/lock\n`;
  assertEquals(npmReadme(readme, "somebody/atomic-write", "v1.0.0"), expected);
  assertEquals(npmReadme(readme, undefined, "v1.0.0"), readme);
  assertThrows(() => npmReadme("[a](docs/none.md)", "somebody/atomic-write", "v1.0.0"), Deno.errors.NotFound);
  const whole = Deno.readTextFileSync(`${ROOT}/README.md`);
  const made = npmReadme(whole, "somebody/atomic-write", "v1.0.0");
  const links = [...made.matchAll(/\]\(([^)\s]+)\)/g), ...made.matchAll(/^\[[^\]]+\]: (\S+)/gm)];
  assert(links.length > 30, `${links.length} links`);
  assertEquals(links.map(([, link = ""]) => link).filter((link) => !/^(?:https:|#)/.test(link)), []);
  assertEquals(made.length > whole.length, true);
});
