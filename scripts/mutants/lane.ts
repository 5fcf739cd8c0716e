/**
 * A copy of the checkout in which mistakes are planted, one at a time, and tests are run.
 *
 * 1. `Lane.make`: the files git knows of, as they are in the working tree, and what was compiled from them. 2. `plant`
 * puts a mistake in and answers the function that takes it out. 3. `run` runs one test file and ends at the first test
 * that fails, where the runtime can. 4. `remove`.
 *
 * `prepareLanes` comes before all that: it finds the runtimes, and compiles only if somebody needs the JavaScript.
 */
import { dirname, join } from "node:path";
import { execute, onInterrupt } from "../process.ts";
import { type FileResult, runFile, type TestRunner } from "../suite/run_files.ts";
import { bunRunner, denoRunner, nodeRunner, type Programs, testEnvironment } from "../suite/runners.ts";
import { prepareBun } from "../toolchain/bun.ts";
import { BUILD, OUT, ROOT } from "../toolchain/folders.ts";
import { linkFsExt } from "../toolchain/fs_ext.ts";
import { prepareNode } from "../toolchain/node.ts";
import { chooseStandardLibrary, denoArguments, installForNode } from "../toolchain/standard_library.ts";
import { type Mutant, planted } from "./mutant.ts";

type Runtime = "deno" | "node" | "bun";

/** What all lanes share. */
export interface Toolchain {
  readonly programs: Programs;
  /** The JavaScript of one file. */
  readonly transpile: (source: string) => string;
}

/** Finds what the mutants' runtimes need; Node and Bun are left alone where no mutant names them. */
export async function prepareLanes(mutants: readonly Mutant[]): Promise<Toolchain> {
  const library = await chooseStandardLibrary("auto");
  const programs: Programs = { denoArguments: denoArguments(library) };
  const wants = (name: Runtime) => mutants.some(({ runtime }) => runtime === name);
  const transpile = () => {
    throw new Error("nothing was compiled");
  };
  if (!wants("node") && !wants("bun")) return { programs, transpile };
  programs.node = await prepareNode(undefined);
  if (wants("bun")) programs.bun = await prepareBun();
  const { compileChanged, javaScriptOf } = await import("../toolchain/compile.ts");
  compileChanged();
  await installForNode(library, { node: programs.node });
  await linkFsExt(programs.node, OUT);
  return { programs, transpile: javaScriptOf };
}

async function filesOfCheckout(): Promise<string[]> {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { code, output } = await execute("git", ["-C", ROOT, ...args]);
  if (code !== 0) throw new Error(`git ls-files: ${output}`);
  return output.split("\0").filter((path) => path !== "");
}

async function copyFiles(paths: readonly string[], folder: string): Promise<void> {
  for (const path of paths) {
    const target = join(folder, path);
    await Deno.mkdir(dirname(target), { recursive: true });
    // What git knows of and is gone is as gone in the copy.
    await Deno.copyFile(join(ROOT, path), target).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

/** How one run is to be made. */
export interface RunOptions {
  readonly runtime: Runtime;
  readonly effort: "quick" | "normal";
  /** Milliseconds. */
  readonly timeout: number;
}

export class Lane {
  readonly #folder: string;
  readonly #toolchain: Toolchain;
  #forget = (): void => {};

  private constructor(folder: string, toolchain: Toolchain) {
    this.#folder = folder;
    this.#toolchain = toolchain;
  }

  /** `number` tells the lanes of this process apart. */
  static async make(number: number, toolchain: Toolchain): Promise<Lane> {
    const folder = `${BUILD}/mutants/${Deno.pid}.${number}`;
    const lane = new Lane(folder, toolchain);
    lane.#forget = onInterrupt(() => Deno.removeSync(folder, { recursive: true }));
    await copyFiles(await filesOfCheckout(), folder);
    if (toolchain.programs.node !== undefined) {
      // Links in it (to the addon) stay links.
      const { code, output } = await execute("cp", ["-R", OUT, lane.#out]);
      if (code !== 0) throw new Error(`cp: ${output}`);
    }
    return lane;
  }

  get #out(): string {
    return `${this.#folder}/compiled`;
  }

  /** Puts the mistake in; what is answered takes it out. */
  async plant(mutant: Mutant): Promise<() => Promise<void>> {
    const source = await Deno.readTextFile(join(this.#folder, mutant.file));
    const write = async (text: string) => {
      await Deno.writeTextFile(join(this.#folder, mutant.file), text);
      if (mutant.runtime === undefined) return;
      const path = join(this.#out, mutant.file.replace(/\.ts$/, ".js"));
      await Deno.writeTextFile(path, this.#toolchain.transpile(text));
    };
    await write(planted(mutant, source));
    return () => write(source);
  }

  run(test: string, { runtime, effort, timeout }: RunOptions): Promise<FileResult> {
    return runFile(this.#runner(runtime, effort), test, { effort, timeout });
  }

  async remove(): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
    this.#forget();
  }

  #runner(runtime: Runtime, effort: string): TestRunner {
    const { programs } = this.#toolchain;
    const places = { root: this.#folder, out: this.#out };
    // Tests that start others start them on the runtime they run on: the other two are another mutant's.
    const { node, bun } = programs;
    const known: Programs = {
      denoArguments: programs.denoArguments,
      ...(runtime === "node" && { node }),
      ...(runtime === "bun" && { bun }),
    };
    const environment = testEnvironment(known, effort, places);
    const runner = runtime === "node" && node !== undefined
      ? nodeRunner(node, environment, places)
      : runtime === "bun" && bun !== undefined
      ? bunRunner(bun, environment, places, ["--bail"])
      : denoRunner(known, environment, places, ["--fail-fast"]);
    // Reports are told apart by it.
    return { ...runner, name: `${runner.name}.${this.#folder.replace(/.*[\\/]/, "")}` };
  }
}
