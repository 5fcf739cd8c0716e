/**
 * What somebody gets who installed the package: code that a stack trace leads into and that can be read, the whole doc
 * comments in the declarations, nothing in a bundle that is not used, and the optional packages really called where they are there.
 */
import { mustExecute } from "../process.ts";
import type { FileResult } from "../suite/run_files.ts";
import { step } from "../suite/step.ts";
import { listFiles, ROOT } from "../toolchain/folders.ts";
import { linkFsExt } from "../toolchain/fs_ext.ts";
import { linkKoffi } from "../toolchain/koffi.ts";
import type { NodeProgram } from "../toolchain/node.ts";
import { bundlerTools } from "./bundle.ts";
import { FAILING, LOCKING } from "./consumers.ts";
import { checkHovers } from "./hover.ts";

const PACKAGE = "node_modules/@durable/atomic-write";

/** A frame of a stack, in the package. */
interface Frame {
  name: string;
  file: string;
  line: number;
}

/** What is known of a call that failed. */
interface FailedCall {
  /** The first frame of the error's stack. */
  begins: string;
  /** The frames of its cause. */
  cause: Frame[];
}

/** The functions and methods that the source declares. */
function declaredNames(): Set<string> {
  const names = new Set<string>();
  for (const path of listFiles("src")) {
    const text = Deno.readTextFileSync(`${ROOT}/${path}`);
    for (const [name] of text.matchAll(/[\w$]+(?=[<(])|[\w$]+(?= = )/g)) names.add(name);
  }
  return names;
}

/** A frame helps when its function is one of the source, and its line is in a file that is there and can be read. */
function checkFrame({ name, file, line }: Frame, folder: string, declared: ReadonlySet<string>): string {
  const text = Deno.readTextFileSync(`${folder}/${PACKAGE}/${file}`).split("\n")[line - 1] ?? "";
  if (text.trim() === "" || text.length > 400) return `${file}:${line} is no line to read: ${text.slice(0, 200)}`;
  // V8 names a generator's frame after its function, and some "Type.method" or "new Type"; a bundler tells namesakes apart.
  const own = name.replace(/^(?:new|async) /, "").split(".").filter((part) => part !== "next").at(-1) ?? "";
  return own === "" || declared.has(own.replace(/\$\d+$/, "")) ? "" : `${name} at ${file}:${line} is not in the source`;
}

async function checkStacks(folder: string, program: string): Promise<string> {
  Deno.writeTextFileSync(`${folder}/failing.mjs`, FAILING);
  const stacks = JSON.parse(await mustExecute(program, ["failing.mjs"], { directory: folder })) as FailedCall[];
  const declared = declaredNames();
  const problems = stacks.flatMap(({ cause }) => cause.map((frame) => checkFrame(frame, folder, declared)));
  for (const [index, door] of ["updateTextFile", "writeFileSync"].entries()) {
    const { begins = "", cause = [] } = stacks[index] ?? {};
    if (!begins.includes("failing.mjs")) problems.push(`the error of ${door} does not begin at its caller: ${begins}`);
    const names = cause.map(({ name }) => name);
    if (names.length < 3) problems.push(`the cause of the error of ${door} names only ${names.join(", ")}`);
  }
  return problems.filter((problem) => problem !== "").join("\n");
}

/** A function of the package as somebody's bundler makes it of the installed files, without spaces and comments. */
async function bundledSize(folder: string, tools: string, name: string): Promise<number> {
  const script = `import { createRequire } from "node:module";
const { rollup } = createRequire(${JSON.stringify(`${tools}/package.json`)})("rollup");
const input = ${JSON.stringify(`${folder}/one_function.mjs`)};
const made = await rollup({ input, external: /^(?:node|bun):/, onwarn() {}, treeshake: { moduleSideEffects: false } });
const { output } = await made.generate({ format: "es", inlineDynamicImports: true });
console.log(output[0].code.replaceAll(/\\/\\*[^]*?\\*\\/|^\\s+/gm, "").length);`;
  const from = `./${PACKAGE}/esm/mod.js`;
  Deno.writeTextFileSync(
    `${folder}/one_function.mjs`,
    `export ${name === "*" ? name : `{ ${name} }`} from "${from}";\n`,
  );
  return Number(await mustExecute("node", ["--input-type=module", "-e", script], { directory: folder }));
}

async function checkTreeShaking(folder: string): Promise<string> {
  const tools = await bundlerTools();
  const whole = await bundledSize(folder, tools, "*");
  const one = await bundledSize(folder, tools, "readTextFile");
  // About a third: the rest of it is the runtimes and how they name their errors.
  return one < whole / 2 ? "" : `readTextFile alone takes ${one} of the ${whole} characters of everything`;
}

/** Which of the two optional packages are there, and which calls are then made. */
const helpers: readonly (readonly [names: readonly ("fs-ext" | "koffi")[], lock: "fs-ext" | "flock" | undefined])[] = [
  [[], undefined],
  [["koffi"], "flock"],
  [["fs-ext"], "fs-ext"],
  [["fs-ext", "koffi"], "fs-ext"],
];

/** What the program LOCKING has counted: native calls by name. */
export interface Counted
  extends Record<"imported" | "withLock" | "withLockSync" | "made" | "replaced", Record<string, number>> {
  readonly backend: string;
  readonly unchecked: readonly string[];
}

/** Fails where the package would go on without what is installed, as it does where that is not. */
export function missedCalls(counted: Counted, hasKoffi: boolean, lock: string | undefined): string {
  const { imported, backend, withLock, withLockSync, made, replaced, unchecked } = counted;
  const locks = (calls: Record<string, number>, least: number) => lock === undefined || (calls[lock] ?? 0) >= least;
  const others = Object.keys({ ...withLock, ...withLockSync }).filter((name) => name !== lock && name !== "load");
  const isRight = Object.keys(imported).length === 0 && others.length === 0 &&
    // One to lock, one to unlock; and the lock of a temporary file ends with its descriptor.
    locks(withLock, 2) && locks(withLockSync, 2) && locks(made, 1) &&
    (lock === undefined || backend === "flock") &&
    (replaced["flistxattr"] !== undefined) === hasKoffi && (unchecked.length === 0) === hasKoffi;
  return isRight ? "" : `native calls: ${JSON.stringify(counted)}`;
}

async function checkHelpers(folder: string, node: NodeProgram): Promise<FileResult[]> {
  const results: FileResult[] = [];
  for (const [names, lock] of helpers) {
    const reasons: string[] = [];
    const title = names.length === 0 ? "neither fs-ext nor koffi" : names.join(" and ");
    const result = await step(`with ${title} the right calls are made, and none by importing the package`, async () => {
      for (const name of ["fs-ext", "koffi"] as const) {
        // What npm may have built is replaced by one that is known to work.
        await Deno.remove(`${folder}/node_modules/${name}`, { recursive: true }).catch(() => {});
        if (!names.includes(name)) continue;
        const reason = name === "koffi" ? await linkKoffi(folder) : await linkFsExt(node, folder);
        if (reason !== "") reasons.push(reason);
      }
      if (reasons.length > 0) return;
      Deno.writeTextFileSync(`${folder}/locking.mjs`, LOCKING);
      const counted = JSON.parse(await mustExecute(node.command, ["locking.mjs"], { directory: folder })) as Counted;
      return missedCalls(counted, Deno.build.os === "linux" && names.includes("koffi"), lock);
    });
    const skipped = { state: "skipped" as const, reason: reasons.join("; ") };
    results.push(
      reasons.length === 0 ? result : { ...result, tests: result.tests.map((test) => ({ ...test, ...skipped })) },
    );
  }
  return results;
}

/** `folder` is a project with the package installed; the optional packages are put into it last. */
export async function inspectInstalled(folder: string, node: NodeProgram): Promise<FileResult[]> {
  return [
    await step(
      "a stack begins at the caller; its cause names functions of the source, and lines to read",
      () => checkStacks(folder, node.command),
    ),
    await step("an editor shows the comments of the source, with examples and links", () => checkHovers(folder)),
    await step("a bundler leaves out what is not used", () => checkTreeShaking(folder)),
    ...await checkHelpers(folder, node),
  ];
}
