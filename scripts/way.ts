/**
 * How long the way of a call is: the named functions that every call of an operation enters, and the files they are in,
 * by V8's coverage on Deno: `deno task way`. `--list` names them all, `--list=writeFile` those of one operation.
 *
 * Every call but the first, which also finds out which runtime this is; what only a busy machine makes some calls do is
 * left out as well, and so are foreign calls, which few programs permit. Functions without a name do not count: they are read where they are written. docs/design.md shows the figures, tests/deno/way_test.ts holds them.
 */
import { ROOT } from "./toolchain/folders.ts";

/** The operations whose way is counted: what is imported, and what one call is. */
export const OPERATIONS: Readonly<Record<string, { readonly from: string; readonly call: string }>> = {
  writeFile: { from: "mod.ts", call: "await writeFile(`${directory}/a`, `${count}`)" },
  withLock: { from: "mod.ts", call: "await withLock(`${directory}/a`, () => {})" },
  updateJsonFile: {
    from: "mod.ts",
    call: "await updateJsonFile(`${directory}/a`, () => count)",
  },
  applyFiles: {
    from: "src/transaction/mod.ts",
    call:
      "await applyFiles({ files: [`${directory}/a`, `${directory}/b`].map((path) => ({ path, data: `${count}` })) })",
  },
};

/** The functions that a call enters, as `src/file/write_file.ts writeFile`, sorted. */
export type Way = readonly string[];

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly functionName: string;
    readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
  }[];
}

/** Runs a program; how often it has entered each function of the source. */
async function entered(program: string, folder: string, name: string): Promise<Map<string, number>> {
  const [script, coverage] = [`${folder}/${name}.mjs`, `${folder}/${name}`];
  await Deno.writeTextFile(script, program);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--deny-ffi", "--no-check", "--no-config", "--quiet", `--coverage=${coverage}`, script],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`${script} failed:\n${new TextDecoder().decode(stderr)}`);
  const found = new Map<string, number>();
  for (const { name: file } of Deno.readDirSync(coverage)) {
    if (!file.endsWith(".json")) continue;
    const { url, functions } = JSON.parse(Deno.readTextFileSync(`${coverage}/${file}`)) as ScriptCoverage;
    if (!url.startsWith(`file://${ROOT}/src/`)) continue;
    const path = url.slice(`file://${ROOT}/`.length);
    for (const { functionName, ranges } of functions) {
      const [whole] = ranges;
      // The offset tells apart two of one name; the module itself has none.
      if (functionName !== "" && whole !== undefined && whole.count > 0) {
        found.set(`${path} ${functionName} ${whole.startOffset}`, whole.count);
      }
    }
  }
  return found;
}

/** How many calls after the first are counted. */
const further = 5;

/** The way of one call of an operation. */
export async function wayOf(operation: string, folder: string): Promise<Way> {
  const { from, call } = OPERATIONS[operation] ?? {};
  if (from === undefined || call === undefined) throw new Error(`There is no way of ${operation}`);
  const program = (calls: number) =>
    `import { ${operation} } from "file://${ROOT}/${from}";
const directory = Deno.makeTempDirSync({ dir: ${JSON.stringify(folder)} });
Deno.writeTextFileSync(\`\${directory}/a\`, "0");
for (let count = 1; count <= ${calls}; count++) ${call};
`;
  const once = await entered(program(1), folder, `${operation}_once`);
  const often = await entered(program(1 + further), folder, `${operation}_often`);
  return [...often]
    .filter(([name, count]) => count >= (once.get(name) ?? 0) + further)
    .map(([name]) => name.replace(/ \d+$/, ""))
    .sort();
}

/** The files of a way. */
export function filesOf(way: Way): number {
  return new Set(way.map((name) => name.slice(0, name.indexOf(" ")))).size;
}

if (import.meta.main) {
  const listed = Deno.args.find((arg) => arg.startsWith("--list"))?.split("=");
  const folder = await Deno.makeTempDir();
  try {
    for (const operation of Object.keys(OPERATIONS)) {
      const way = await wayOf(operation, folder);
      console.log(`${operation}: ${way.length} functions in ${filesOf(way)} files`);
      if (listed !== undefined && (listed[1] ?? operation) === operation) {
        for (const name of way) console.log(`  ${name}`);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
