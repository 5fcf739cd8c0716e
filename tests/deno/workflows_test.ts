/** The workflows of GitHub: what a stranger could use in them is found. */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { supplyProblems } from "../../scripts/lint_workflows.ts";
import { listFiles, ROOT } from "../../scripts/toolchain/folders.ts";

const commit = "a".repeat(40);
const job = (steps: string, permissions = "contents: read") =>
  `permissions: {}\njobs:\n  one:\n    permissions:\n      ${permissions}\n    steps:\n${steps}`;

for (
  const [name, text, problems] of [
    ["an action by its tag", job("      - uses: actions/setup-node@v4\n"), [
      "7: actions/setup-node@v4 is not pinned to a commit",
    ]],
    ["a checkout that keeps its token", job(`      - uses: actions/checkout@${commit} # v4\n      - run: make\n`), [
      `7: actions/checkout@${commit} leaves its credentials in the checkout`,
    ]],
    ["code in a job that can show an identity", job("      - run: npx -y deno@2.9.6 task test\n", "id-token: write"), [
      "one runs code while it can show an identity",
    ]],
    [
      "nothing else",
      job(`      - uses: actions/checkout@${commit} # v4\n        with:\n          persist-credentials: false\n`),
      [],
    ],
  ] as const
) {
  test(`supplyProblems finds ${name}`, () => assertEquals(supplyProblems(text), [...problems]));
}

test("the suites run on Linux, macOS and Windows, on three runtimes, as these are now", () => {
  const text = Deno.readTextFileSync(`${ROOT}/.github/workflows/test.yml`);
  const systems = /os: \[(.+)\]/.exec(text)?.[1]?.split(", ").map((each) => each.split("-")[0]);
  assertEquals(systems, ["ubuntu", "macos", "windows"]);
  assert(/runs-on: \$\{\{ matrix\.os \}\}[\s\S]*task test --only=deno,node,bun\n/.test(text), text);
  for (const system of ["macos", "windows"]) assert(text.includes(`${system}-latest`), system);
});

test("supplyProblems finds nothing in the workflows of this repository", () => {
  const paths = listFiles(".github/workflows");
  assert(paths.length > 0);
  for (const path of paths) assertEquals(supplyProblems(Deno.readTextFileSync(`${ROOT}/${path}`)), [], path);
});
