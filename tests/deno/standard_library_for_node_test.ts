/**
 * `@std/*` for the compiled tests: where JSR answers and its packages cannot be had, the run says so and goes on with the
 * stand-ins, instead of ending with nothing tested.
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { installForNode, runsRealPackages } from "../../scripts/toolchain/standard_library.ts";

function entryOfAssert(out: string): unknown {
  return JSON.parse(Deno.readTextFileSync(`${out}/node_modules/@std/assert/package.json`)).exports["."];
}

test("installForNode leaves the stand-ins where JSR's packages are not available, and throws", async () => {
  const out = await Deno.makeTempDir();
  const requests: string[] = [];
  // Answers, as a JSR does whose storage is down.
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, ({ url }) => {
    requests.push(new URL(url).pathname);
    return new Response("down", { status: 500 });
  });
  try {
    const environment = { JSR_URL: `http://127.0.0.1:${server.addr.port}/`, DENO_DIR: `${out}/deno` };
    const error = await assertRejects(() => installForNode("jsr", { out, environment }), Error);
    assertStringIncludes(error.message, "@std/assert");
    assertStringIncludes(requests.join(), "/@std/assert/meta.json");
    assertEquals(entryOfAssert(out), "./mod.js");
    assertStringIncludes(
      await Deno.readTextFile(`${out}/node_modules/@std/assert/mod.js`),
      "tests/std_local/assert.js",
    );
  } finally {
    await server.shutdown();
    await Deno.remove(out, { recursive: true });
  }
});

test("runsRealPackages is false for a Node without the methods of Set that @std/assert calls", () => {
  assertEquals(["20.20.2", "22.0.0", "26.1.0"].map((version) => runsRealPackages({ version })), [false, true, true]);
});
