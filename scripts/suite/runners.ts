/**
 * How each runtime runs a test file, and what every test is told about all of them (ATOMIC_WRITE_TEST_RUNTIMES, read by
 * tests/support/spawn.ts).
 */
import { pathToFileURL } from "node:url";
import type { NodeProgram } from "../toolchain/node.ts";
import { OUT, ROOT } from "../toolchain/folders.ts";
import { reachableProgram } from "../toolchain/reachable.ts";
import type { TestRunner } from "./run_files.ts";

export interface Programs {
  /** The arguments that let Deno find `@std/*`. */
  denoArguments: readonly string[];
  node?: NodeProgram | undefined;
  /** The bundled command, for Node; without it each of its modules is loaded by itself. */
  command?: string | undefined;
  bun?: { command: string; version: string } | undefined;
}

/** Where the source and what was compiled from it lie: the checkout, or a copy of it. */
export interface Places {
  readonly root: string;
  readonly out: string;
}

const CHECKOUT: Places = { root: ROOT, out: OUT };

function compiled({ out }: Places, path: string): string {
  return `${out}/${path.replace(/\.ts$/, ".js")}`;
}

/** ATOMIC_WRITE_TEST_RUNTIMES and what else tests are told. */
export function testEnvironment(
  programs: Programs,
  effort: string,
  { root, out }: Places = CHECKOUT,
): Record<string, string> {
  const { node, bun, command } = programs;
  const javascript = { directory: out, extension: ".js" };
  const runtimes = {
    deno: {
      command: reachableProgram(Deno.execPath(), `deno-${Deno.version.deno}`),
      args: ["run", "--no-check", "--quiet", `--config=${root}/deno.json`, ...programs.denoArguments],
      directory: root,
      extension: ".ts",
      version: Deno.version.deno,
    },
    ...(node &&
      {
        node: {
          command: reachableProgram(node.command, `node-${node.version}`),
          args: [],
          ...javascript,
          ...command === undefined ? {} : { scripts: { "cli.ts": command } },
          version: node.version,
        },
      }),
    ...(bun &&
      {
        bun: {
          command: reachableProgram(bun.command, `bun-${bun.version}`),
          args: ["run"],
          ...javascript,
          version: bun.version,
        },
      }),
  };
  return { ATOMIC_WRITE_TEST_RUNTIMES: JSON.stringify(runtimes), ATOMIC_WRITE_TEST_EFFORT: effort };
}

export function denoRunner(
  programs: Programs,
  environment: Record<string, string>,
  { root }: Places = CHECKOUT,
  more: readonly string[] = [],
): TestRunner {
  return {
    name: "deno",
    environment,
    command: (path, report) => [
      Deno.execPath(),
      "test",
      "--allow-all",
      "--no-prompt",
      // Everything was checked at once before.
      "--no-check",
      `--config=${root}/deno.json`,
      ...programs.denoArguments,
      ...more,
      `--junit-path=${report}`,
      `${root}/${path}`,
    ],
  };
}

export function nodeRunner(
  node: NodeProgram,
  environment: Record<string, string>,
  places: Places = CHECKOUT,
): TestRunner {
  return {
    name: "node",
    environment,
    command: (path, report) => [
      node.command,
      "--enable-source-maps",
      `--import=${pathToFileURL(compiled(places, "tests/prelude.ts")).href}`,
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      "--test-reporter=junit",
      `--test-reporter-destination=${report}`,
      compiled(places, path),
    ],
  };
}

export function bunRunner(
  bun: { command: string },
  environment: Record<string, string>,
  places: Places = CHECKOUT,
  more: readonly string[] = [],
): TestRunner {
  return {
    name: "bun",
    environment,
    command: (path, report) => [
      bun.command,
      "test",
      // Bun ends a test after five seconds unless told otherwise; the run's own limit is enough.
      "--timeout=3600000",
      `--preload=${compiled(places, "tests/prelude.ts")}`,
      "--reporter=junit",
      `--reporter-outfile=${report}`,
      ...more,
      compiled(places, path),
    ],
  };
}
