/** The source that is published, parsed and with its types known, for the rules beside this file. */
import { type TS, ts } from "../toolchain/typescript.ts";
import { compilerHost, compilerOptions } from "../toolchain/compile.ts";
import { exists, listFiles } from "../toolchain/folders.ts";
import { type Part, partOf } from "./floors.ts";

export interface Module {
  /** Relative to the root, with forward slashes. */
  path: string;
  part: Part | undefined;
  source: TS.SourceFile;
}

export interface Project {
  root: string;
  modules: Module[];
  checker: TS.TypeChecker;
}

export interface Violation {
  path: string;
  line: number;
  message: string;
  severity: "error" | "warning";
}

/** A rule looks at the whole project and answers what is wrong. */
export type Rule = (project: Project) => Violation[];

/** The declarations of the language and of Node do not change between two projects. */
const libraries = new Map<string, TS.SourceFile>();

function withSharedLibraries(host: TS.CompilerHost): TS.CompilerHost {
  const { getSourceFile } = host;
  host.getSourceFile = (path, ...rest) => {
    if (!path.endsWith(".d.ts")) return getSourceFile(path, ...rest);
    const source = libraries.get(path) ?? getSourceFile(path, ...rest);
    if (source !== undefined) libraries.set(path, source);
    return source;
  };
  return host;
}

/**
 * Reads mod.ts, cli.ts and everything below src/. `types` is the folder in which the types of Node are installed; without
 * it, as for the small trees of a test, only those of the language are known, which takes a tenth of the time.
 */
export function loadProject(root: string, types: string | undefined): Project {
  const paths = ["mod.ts", "cli.ts"].filter((path) => exists(`${root}/${path}`));
  paths.push(...listFiles("src", root).filter((path) => path.endsWith(".ts") && !path.endsWith("_test.ts")));
  const language = { lib: ["lib.es2022.d.ts"], types: [] };
  const options = { ...compilerOptions(types ?? ""), ...types === undefined && language, rootDir: root, noEmit: true };
  const rootNames = paths.map((path) => `${root}/${path}`);
  const program = ts.createProgram({
    rootNames,
    options,
    host: withSharedLibraries(compilerHost(options, root)),
  });
  const modules = paths.flatMap((path): Module[] => {
    const source = program.getSourceFile(`${root}/${path}`);
    return source === undefined ? [] : [{ path, part: partOf(path), source }];
  });
  return { root, modules, checker: program.getTypeChecker() };
}

/** The files below tests/, with their names resolved; the types of the language and of Node do not matter to their rule. */
export function loadTests(root: string): Project {
  const paths = listFiles("tests", root).filter((path) => path.endsWith(".ts") && !path.startsWith("tests/std_local/"));
  const options = { ...compilerOptions(""), lib: ["lib.es2022.d.ts"], types: [], rootDir: root, noEmit: true };
  const rootNames = paths.map((path) => `${root}/${path}`);
  const program = ts.createProgram({ rootNames, options, host: withSharedLibraries(compilerHost(options, root)) });
  const modules = paths.flatMap((path): Module[] => {
    const source = program.getSourceFile(`${root}/${path}`);
    return source === undefined ? [] : [{ path, part: undefined, source }];
  });
  return { root, modules, checker: program.getTypeChecker() };
}

/** Calls back with every node below (and with) this one. */
export function visit(node: TS.Node, callback: (node: TS.Node) => void): void {
  callback(node);
  node.forEachChild((child) => visit(child, callback));
}

/** A violation at a place in a file. A comment `check-layers: allow -- REASON` on the line before permits it. */
export function violation(module: Module, node: TS.Node, message: string, rule = "check-layers"): Violation[] {
  const { line } = module.source.getLineAndCharacterOfPosition(node.getStart(module.source));
  const before = module.source.text.split("\n")[line - 1] ?? "";
  if (new RegExp(`// ${rule}: allow -- \\S+`).test(before)) return [];
  return [{ path: module.path, line: line + 1, message, severity: "error" }];
}
