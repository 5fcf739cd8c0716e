/** What there is too much of is counted, refused when it becomes more, and asked to be written down when it becomes less. */
import { assertEquals } from "@std/assert";
import { ensureDirSync } from "@std/fs";
import { dirname, join } from "@std/path";
import { describe, it } from "node:test";
import { loadProject } from "../../scripts/layers/project.ts";
import { checkRatchets, countAll, type Counts } from "../../scripts/layers/ratchets.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

interface Row {
  what: string;
  files: Record<string, string>;
  counts: Record<string, number>;
}

const ROWS: readonly Row[] = [
  {
    what: "functions with more than four parameters",
    files: {
      "src/core/a.ts": `export function five(a: 1, b: 1, c: 1, d: 1, e: 1): unknown { return [a, b, c, d, e]; }
export const alsoFive = (a: 1, b: 1, c: 1, d: 1, e: 1): unknown => [a, b, c, d, e];
export function four(a: 1, b: 1, c: 1, d: 1): unknown { return [a, b, c, d]; }
export type Five = (a: 1, b: 1, c: 1, d: 1, e: 1) => void;\n`,
    },
    counts: { "src/core/a.ts": 2 },
  },
  {
    what: "files in a circle of imports or types",
    files: {
      "src/core/a.ts": 'import type { B } from "./b.ts";\nexport type A = B | 1;\n',
      "src/core/b.ts": 'import type { A } from "./a.ts";\nexport type B = A | 2;\n',
      "src/core/c.ts": 'import type { A } from "./a.ts";\nexport type C = A;\n',
    },
    counts: { "src/core/a.ts": 1, "src/core/b.ts": 1 },
  },
  {
    what: "names that another file defines, too",
    files: {
      "src/protocol/a.ts": "export function isOne(): void {}\nexport class Two {}\n",
      "src/lock/b.ts": "export const isOne = (): void => {};\nexport type Two = 2;\n",
      "src/core/c.ts": "export function isOne(): void {}\n",
      "src/file/d.ts": "export const isOne = 1;\n",
    },
    counts: { "src/lock/b.ts": 2, "src/protocol/a.ts": 2 },
  },
  {
    what: "imports of the engine by the command",
    files: {
      "src/protocol/a.ts": "export const a = 1;\nexport type A = 1;\n",
      "src/file/b.ts": "export const b = 1;\n",
      "src/cli/c.ts":
        'import { a } from "../protocol/a.ts";\nimport { b } from "../file/b.ts";\nexport const c = [a, b];\n',
      "src/cli/d.ts": 'export type { A } from "../protocol/a.ts";\n',
    },
    counts: { "src/cli/c.ts": 1, "src/cli/d.ts": 1 },
  },
];

async function judged(files: Record<string, string>, known: Counts): Promise<{ counts: Counts; messages: string[] }> {
  return await withTemporaryDirectory((root) => {
    for (const [path, text] of Object.entries(files)) {
      ensureDirSync(dirname(join(root, path)));
      Deno.writeTextFileSync(join(root, path), text);
    }
    const project = loadProject(root, undefined);
    const messages = checkRatchets(project, known).map(({ path, message }) => `${path}: ${message}`);
    return Promise.resolve({ counts: countAll(project), messages });
  });
}

describe("checkRatchets", () => {
  for (const { what, files, counts } of ROWS) {
    const [[path, number] = ["", 0]] = Object.entries(counts);
    it(`counts ${what}`, async () => {
      assertEquals((await judged(files, {})).counts[what], counts);
    });
    it(`refuses more ${what} than are known`, async () => {
      const { messages } = await judged(files, { [what]: { ...counts, [path]: number - 1 } });
      assertEquals(messages, [`${path}: ${what}: ${number} here, where there were ${number - 1}`]);
    });
    it(`wants fewer ${what} to be written down`, async () => {
      const { messages } = await judged(files, { [what]: { ...counts, [path]: number + 1 } });
      assertEquals(messages, [`${path}: ${what}: fewer than ${number + 1}; deno task layers --lower writes that down`]);
    });
  }
  it("has nothing to say where there is as much as is known", async () => {
    for (const { what, files, counts } of ROWS) {
      assertEquals((await judged(files, { [what]: counts })).messages, [], what);
    }
  });
});
