/** The manifest of the npm package names a repository where it is built by one, and no other. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { npmManifest, readProject } from "../../scripts/npm_manifest.ts";

test("npmManifest names the repository that a workflow runs in", () => {
  const { repository } = npmManifest(readProject(), "somebody/atomic-write");
  assertEquals(repository, { type: "git", url: "git+https://github.com/somebody/atomic-write.git" });
  assertEquals("repository" in npmManifest(readProject(), undefined), Deno.env.has("GITHUB_REPOSITORY"));
});
