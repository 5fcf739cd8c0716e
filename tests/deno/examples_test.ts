/** The examples that need to be told something say so, as the command does, where a stack trace would help nobody. */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { spawnScript } from "../support/spawn.ts";

const calls: [script: string, args: string[]][] = [
  ["certificate_deploy.ts", []],
  ["certificate_deploy.ts", ["nginx.conf", "https", "new", "tls"]],
  ["coverage_ratchet.ts", []],
  ["coverage_ratchet.ts", ["coverage.txt", "much"]],
  ["version_store/main.ts", []],
];

for (const [script, args] of calls) {
  test(`examples/${script} ${args.join(" ")} tells its usage, and ends with 64`, async () => {
    const { code, stdout, stderr } = await spawnScript(`examples/${script}`, args).status;
    assertEquals([code, stdout], [64, ""], stderr);
    assert(/^Usage: .*\n$/.test(stderr), stderr);
  });
}

test("examples/cli_state.ts tells in a line why the state cannot be kept", async () => {
  const { code, stderr } = await spawnScript("examples/cli_state.ts", ["/no/such/directory/state"]).status;
  assertEquals(code, 1);
  assert(/^Cannot lock ".*"[^\n]*; nothing was changed\n$/.test(stderr), stderr);
});
