/**
 * How the Windows builds run test files in the chroot, and the copy of the suite there that they run: Deno the source,
 * Node and Bun what was compiled from it.
 *
 * 1. `copySuite`, once. 2. `windowsRunner` for each build, with the session it runs in.
 */
import { mustExecute } from "../process.ts";
import type { TestRunner } from "../suite/run_files.ts";
import { OUT, ROOT, writeIfChanged } from "../toolchain/folders.ts";
import { BUILDS, PACKAGES, ROOT_OF_WINE, type WindowsBuild } from "./folder.ts";
import { type Session, windowsPath } from "./session.ts";

/** In the chroot. */
const SUITE = "/srv/suite";
const COMPILED = `${SUITE}/build/out`;

/** Copies the source and what was compiled from it, and puts beside it what both import. */
export async function copySuite(): Promise<void> {
  const there = ROOT_OF_WINE + SUITE;
  await mustExecute("rm", ["-rf", there]);
  Deno.mkdirSync(`${there}/build`, { recursive: true });
  const copied = [
    "mod.ts",
    "cli.ts",
    "deno.json",
    "CHANGELOG.md",
    "README.md",
    "src",
    "tests",
    "examples",
    "scripts",
    "docs",
  ];
  await mustExecute("cp", ["-r", ...copied.map((name) => `${ROOT}/${name}`), there]);
  await mustExecute("cp", ["-r", OUT, `${ROOT_OF_WINE}${COMPILED}`]);
  // Built for Linux: fs-ext; koffi comes with the Windows builds.
  await mustExecute("rm", ["-rf", `${ROOT_OF_WINE}${COMPILED}/node_modules/fs-ext`]);
  await mustExecute("rm", ["-rf", `${ROOT_OF_WINE}${COMPILED}/node_modules/koffi`]);
  for (const name of ["koffi", "@koromix"]) {
    await mustExecute("cp", ["-r", `${ROOT_OF_WINE}${PACKAGES}/${name}`, `${ROOT_OF_WINE}${COMPILED}/node_modules/`]);
  }
  const imports = Object.fromEntries(
    ["assert", "fs", "path"].map((name) => [`@std/${name}`, `./tests/std_local/${name}.ts`]),
  );
  writeIfChanged(`${there}/import_map.json`, JSON.stringify({ imports }));
}

/** The program of a build, as Windows sees it. */
function program(build: WindowsBuild): string {
  return windowsPath(`${PACKAGES}/${build.program}`);
}

/** What tests are told of the runtimes that they may start: one of each, this build among them. */
function knownRuntimes(build: WindowsBuild): string {
  const others = BUILDS.filter(({ name }) => name !== "node22" && name !== "node24");
  const node = build.name.startsWith("node") ? build : BUILDS.find(({ name }) => name === "node24");
  const runtimes = [...others, ...node === undefined ? [] : [node]].map((each) => {
    const source = each.name === "deno";
    const args = source
      ? ["run", "--no-check", "--quiet", `--import-map=${windowsPath(`${SUITE}/import_map.json`)}`]
      : each.name === "bun"
      ? ["run"]
      : [];
    return [each.name.replace(/\d+$/, ""), {
      command: program(each),
      args,
      directory: windowsPath(source ? SUITE : COMPILED),
      extension: source ? ".ts" : ".js",
      version: each.name,
    }];
  });
  return JSON.stringify(Object.fromEntries(runtimes));
}

function testArguments(build: WindowsBuild, path: string, report: string): string[] {
  const compiled = `./${path.replace(/\.ts$/, ".js")}`;
  if (build.name === "deno") {
    const options = ["--allow-all", "--no-prompt", "--no-check", "--import-map=import_map.json"];
    return ["test", ...options, `--junit-path=${report}`, path];
  }
  if (build.name === "bun") {
    const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
    return ["test", "--timeout=3600000", "--preload=./tests/prelude.js", ...reporter, compiled];
  }
  const spec = ["--test-reporter=spec", "--test-reporter-destination=stdout"];
  const junit = ["--test-reporter=junit", `--test-reporter-destination=${report}`];
  return ["--enable-source-maps", "--import=./tests/prelude.js", ...spec, ...junit, compiled];
}

/** The variables that every script and test there is started with. */
function suiteVariables(build: WindowsBuild): Record<string, string> {
  return { ATOMIC_WRITE_TEST_RUNTIMES: knownRuntimes(build), ATOMIC_WRITE_TEST_EFFORT: "quick" };
}

/** Runs the test files on a build; one that takes longer than `seconds` is ended. */
export function windowsRunner(build: WindowsBuild, session: Session, seconds: number): TestRunner {
  return {
    name: `windows-${build.name}`,
    environment: {},
    command: (path, report) => {
      const started = ["wine", program(build), ...testArguments(build, path, windowsPath(report))];
      const directory = build.name === "deno" ? SUITE : COMPILED;
      return session.command(started, { directory, variables: suiteVariables(build), seconds });
    },
  };
}

/** The command that runs a script of the suite on a build, with its arguments. */
export function scriptOnWindows(
  build: WindowsBuild,
  session: Session,
  [path = "", ...args]: readonly string[],
): [string, ...string[]] {
  const isSource = build.name === "deno";
  const script = isSource ? path : `./${path.replace(/\.ts$/, ".js")}`;
  const options = isSource ? ["run", "--allow-all", "--no-check", "--import-map=import_map.json"] : [];
  const started = ["wine", program(build), ...options, script, ...args];
  return session.command(started, {
    directory: isSource ? SUITE : COMPILED,
    variables: suiteVariables(build),
    seconds: 300,
  });
}
