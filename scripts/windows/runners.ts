/**
 * How the Windows builds run test files and scripts in the chroot, and the copy of the suite there that they run: Deno the
 * source, Node and Bun what was compiled from it.
 *
 * 1. `copySuite`, once. 2. `windowsRunner` and `scriptOnWindows`, with the session they run in.
 */
import { mustExecute } from "../process.ts";
import type { TestRunner } from "../suite/run_files.ts";
import { OUT, ROOT, writeIfChanged } from "../toolchain/folders.ts";
import { BUILDS, PACKAGES, ROOT_OF_WINE, type WindowsBuild } from "./folder.ts";
import { type Session, windowsPath } from "./session.ts";

/** In the chroot. */
const SUITE = "/srv/suite";
/** Where everything is started: Bun complains under Wine with every start where a package.json is. */
const WORKING = `${SUITE}/build`;
const IMPORT_MAP = `${SUITE}/import_map.json`;

type RuntimeName = "node" | "bun" | "deno";

/** How a runtime runs what is in a directory of the chroot. */
interface Way {
  readonly directory: string;
  readonly extension: ".ts" | ".js";
  /** The arguments before a script. */
  readonly run: readonly string[];
  readonly test: (script: string, report: string) => string[];
}

const WAYS: Readonly<Record<RuntimeName, Way>> = {
  node: {
    directory: `${SUITE}/build/out`,
    extension: ".js",
    run: [],
    test: (script, report) => {
      const spec = ["--test-reporter=spec", "--test-reporter-destination=stdout"];
      const junit = ["--test-reporter=junit", `--test-reporter-destination=${report}`];
      return [
        "--enable-source-maps",
        `--import=file:///Z:${SUITE}/build/out/tests/prelude.js`,
        ...spec,
        ...junit,
        script,
      ];
    },
  },
  bun: {
    directory: `${SUITE}/build/bun`,
    extension: ".js",
    run: ["run"],
    test: (script, report) => {
      const junit = ["--reporter=junit", `--reporter-outfile=${report}`];
      return [
        "test",
        "--timeout=3600000",
        `--preload=${windowsPath(`${SUITE}/build/bun/tests/prelude.js`)}`,
        ...junit,
        script,
      ];
    },
  },
  deno: {
    directory: SUITE,
    extension: ".ts",
    run: ["run", "--no-check", "--quiet", `--import-map=${windowsPath(IMPORT_MAP)}`],
    test: (script, report) => {
      const options = ["--allow-all", "--no-prompt", "--no-check", `--import-map=${windowsPath(IMPORT_MAP)}`];
      return ["test", ...options, `--junit-path=${report}`, script];
    },
  },
};

const runtimeOf = ({ name }: WindowsBuild): RuntimeName => name === "bun" || name === "deno" ? name : "node";

/** The program of a build, as Windows sees it. */
const programOf = ({ program }: WindowsBuild): string => windowsPath(`${PACKAGES}/${program}`);

/** Copies the source and what was compiled from it, and puts beside it what both import. */
export async function copySuite(): Promise<void> {
  const inChroot = (path: string) => `${ROOT_OF_WINE}${path}`;
  const copy = (from: readonly string[], to: string) => mustExecute("cp", ["-r", ...from, inChroot(to)]);
  const remove = (path: string) => mustExecute("rm", ["-rf", inChroot(path)]);
  await remove(SUITE);
  Deno.mkdirSync(inChroot(`${SUITE}/build`), { recursive: true });
  const source = ["mod.ts", "cli.ts", "deno.json", "CHANGELOG.md", "README.md", "src", "tests", "examples", "scripts"];
  await copy([...source, "docs"].map((name) => `${ROOT}/${name}`), SUITE);
  const { node: { directory: compiled }, bun } = WAYS;
  await copy([OUT], compiled);
  // Those of Linux.
  for (const name of ["fs-ext", "koffi"]) await remove(`${compiled}/node_modules/${name}`);
  await copy([inChroot(compiled)], bun.directory);
  // Bun needs it for nothing.
  await remove(`${bun.directory}/package.json`);
  await copy(["koffi", "@koromix"].map((name) => inChroot(`${PACKAGES}/${name}`)), `${compiled}/node_modules`);
  const standIns = ["assert", "fs", "path"].map((name) => [`@std/${name}`, `./tests/std_local/${name}.ts`]);
  writeIfChanged(inChroot(IMPORT_MAP), JSON.stringify({ imports: Object.fromEntries(standIns) }));
}

/** What tests are told: the runtimes that they may start, one of each and this build among them, and to be quick. */
function variablesFor(build: WindowsBuild): Record<string, string> {
  const others = BUILDS.filter((other) => runtimeOf(other) !== runtimeOf(build) && other.name !== "node22");
  const runtimes = [build, ...others].map((each) => {
    const { directory, extension, run } = WAYS[runtimeOf(each)];
    const paths = { command: programOf(each), directory: windowsPath(directory) };
    return [runtimeOf(each), { ...paths, args: run, extension, version: each.name }];
  });
  const told = JSON.stringify(Object.fromEntries(runtimes));
  return { ATOMIC_WRITE_TEST_RUNTIMES: told, ATOMIC_WRITE_TEST_EFFORT: "quick" };
}

function scriptOf({ directory, extension }: Way, path: string): string {
  return windowsPath(`${directory}/${path.replace(/\.ts$/, extension)}`);
}

/** Runs the test files on a build; one that takes longer than `seconds` is ended. */
export function windowsRunner(build: WindowsBuild, session: Session, seconds: number): TestRunner {
  const way = WAYS[runtimeOf(build)];
  const running = { directory: WORKING, variables: variablesFor(build), seconds };
  return {
    name: `windows-${build.name}`,
    environment: {},
    command: (path, report) =>
      session.command(["wine", programOf(build), ...way.test(scriptOf(way, path), windowsPath(report))], running),
  };
}

/** The command that runs a script of the suite on a build, with its arguments. */
export function scriptOnWindows(
  build: WindowsBuild,
  session: Session,
  [path = "", ...args]: readonly string[],
): [string, ...string[]] {
  const name = runtimeOf(build);
  const way = WAYS[name];
  const permissions = name === "deno" ? ["--allow-all"] : [];
  const program = ["wine", programOf(build), ...way.run, ...permissions, scriptOf(way, path), ...args];
  return session.command(program, { directory: WORKING, variables: variablesFor(build), seconds: 300 });
}
