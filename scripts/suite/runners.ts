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

function compiled(path: string): string {
  return `${OUT}/${path.replace(/\.ts$/, ".js")}`;
}

/** ATOMIC_WRITE_TEST_RUNTIMES and what else tests are told. */
export function testEnvironment(programs: Programs, effort: string): Record<string, string> {
  const { node, bun, command } = programs;
  const javascript = { directory: OUT, extension: ".js" };
  const runtimes = {
    deno: {
      command: reachableProgram(Deno.execPath(), `deno-${Deno.version.deno}`),
      args: ["run", "--no-check", "--quiet", `--config=${ROOT}/deno.json`, ...programs.denoArguments],
      directory: ROOT,
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

export function denoRunner(programs: Programs, environment: Record<string, string>): TestRunner {
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
      `--config=${ROOT}/deno.json`,
      ...programs.denoArguments,
      `--junit-path=${report}`,
      `${ROOT}/${path}`,
    ],
  };
}

export function nodeRunner(node: NodeProgram, environment: Record<string, string>): TestRunner {
  return {
    name: "node",
    environment,
    command: (path, report) => [
      node.command,
      "--enable-source-maps",
      `--import=${pathToFileURL(compiled("tests/prelude.ts")).href}`,
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      "--test-reporter=junit",
      `--test-reporter-destination=${report}`,
      compiled(path),
    ],
  };
}

export function bunRunner(bun: { command: string }, environment: Record<string, string>): TestRunner {
  return {
    name: "bun",
    environment,
    command: (path, report) => [
      bun.command,
      "test",
      // Bun ends a test after five seconds unless told otherwise; the run's own limit is enough.
      "--timeout=3600000",
      `--preload=${compiled("tests/prelude.ts")}`,
      "--reporter=junit",
      `--reporter-outfile=${report}`,
      compiled(path),
    ],
  };
}
