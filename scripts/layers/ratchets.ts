/**
 * What there is too much of and may only become less: how often, file by file, is in known.json. More is refused, and so
 * is less that is not written down (`deno task layers --lower` does that), so that it never comes back.
 *
 * - functions with more than four parameters;
 * - files of a circle of imports, types among them: none of these files can be understood without the others;
 * - functions, classes and types above the seam that have the name of another one: one fact in two places, or two facts
 *   of one name;
 * - imports of the command that lead into the engine (core, runtime, protocol, lock) instead of to what users call.
 */
import { type TS, ts } from "../toolchain/typescript.ts";
import { isAboveSeam, partOf } from "./floors.ts";
import { type Module, type Project, type Violation, violation, visit } from "./project.ts";

const MOST_PARAMETERS = 4;
const ENGINE: ReadonlySet<string> = new Set(["core", "runtime", "protocol", "lock"]);

/** How often, by what is counted and by file. */
export type Counts = Record<string, Record<string, number>>;

interface Place {
  readonly module: Module;
  readonly node: TS.Node;
}

function longParameterLists({ modules }: Project): Place[] {
  const found: Place[] = [];
  for (const module of modules) {
    visit(module.source, (node) => {
      const isFunction = ts.isFunctionLike(node) && "body" in node && node.body !== undefined;
      if (isFunction && node.parameters.length > MOST_PARAMETERS) found.push({ module, node });
    });
  }
  return found;
}

/** The imports of other files of the source, types among them. */
function importsOf(module: Module): { target: string; node: TS.Node }[] {
  const found: { target: string; node: TS.Node }[] = [];
  visit(module.source, (node) => {
    const isImport = ts.isImportDeclaration(node) || ts.isExportDeclaration(node);
    if (!isImport || node.moduleSpecifier === undefined || !ts.isStringLiteral(node.moduleSpecifier)) return;
    const { text } = node.moduleSpecifier;
    if (text.startsWith(".")) found.push({ target: new URL(text, `file:///${module.path}`).pathname.slice(1), node });
  });
  return found;
}

/** All files that are reached from this one. */
function reachedFrom(path: string, imports: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  const queue = [...imports.get(path) ?? []];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    queue.push(...imports.get(next) ?? []);
  }
  return reached;
}

function filesInCircles({ modules }: Project): Place[] {
  const imports = new Map(modules.map((module) => [module.path, importsOf(module).map(({ target }) => target)]));
  return modules.filter(({ path }) => reachedFrom(path, imports).has(path))
    .map((module) => ({ module, node: module.source }));
}

/** What a file defines at its top: functions, also those in constants, classes and types. */
function definedNames(module: Module): { name: string; node: TS.Node }[] {
  return module.source.statements.flatMap((node): { name: string; node: TS.Node }[] => {
    if (ts.isVariableStatement(node)) {
      return node.declarationList.declarations.flatMap(({ name, initializer }) =>
        ts.isIdentifier(name) && initializer !== undefined && ts.isFunctionLike(initializer)
          ? [{ name: name.text, node }]
          : []
      );
    }
    const isDefinition = ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node) ||
      ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
    return isDefinition && node.name !== undefined ? [{ name: node.name.text, node }] : [];
  });
}

function namesDefinedTwice({ modules }: Project): Place[] {
  const places = new Map<string, Map<Module, TS.Node>>();
  for (const module of modules) {
    // Every command that has a file to itself is its function `run`.
    if (module.part === undefined || !isAboveSeam(module.part) || module.path.startsWith("src/cli/commands/")) continue;
    for (const { name, node } of definedNames(module)) {
      const known = places.get(name) ?? new Map<Module, TS.Node>();
      if (!known.has(module)) places.set(name, known.set(module, node));
    }
  }
  return [...places.values()].filter(({ size }) => size > 1)
    .flatMap((known) => [...known].map(([module, node]) => ({ module, node })));
}

function importsOfEngine({ modules }: Project): Place[] {
  return modules.filter(({ part }) => part === "cli").flatMap((module) =>
    importsOf(module).filter(({ target }) => ENGINE.has(partOf(target) ?? "")).map(({ node }) => ({ module, node }))
  );
}

const RULES: readonly { readonly what: string; readonly find: (project: Project) => Place[] }[] = [
  { what: "functions with more than four parameters", find: longParameterLists },
  { what: "files in a circle of imports or types", find: filesInCircles },
  { what: "names that another file defines, too", find: namesDefinedTwice },
  { what: "imports of the engine by the command", find: importsOfEngine },
];

/** The present counts. */
export function countAll(project: Project): Counts {
  return Object.fromEntries(RULES.map(({ what, find }) => {
    const counts: Record<string, number> = {};
    for (const { module: { path } } of find(project)) counts[path] = (counts[path] ?? 0) + 1;
    return [what, counts];
  }));
}

/** The rules that hold what there is to what is known. */
export function checkRatchets(project: Project, known: Counts): Violation[] {
  return RULES.flatMap(({ what, find }) => {
    const allowed = known[what] ?? {};
    const places = Map.groupBy(find(project), ({ module }) => module.path);
    const more = [...places].flatMap(([path, found]) => {
      const most = allowed[path] ?? 0;
      const message = `${what}: ${found.length} here, where there were ${most}`;
      return found.length > most
        ? found.slice(most).flatMap(({ module, node }) => violation(module, node, message))
        : [];
    });
    const less = Object.entries(allowed).filter(([path, most]) => (places.get(path)?.length ?? 0) < most)
      .map(([path, most]): Violation => {
        const message = `${what}: fewer than ${most}; deno task layers --lower writes that down`;
        return { path, line: 1, message, severity: "error" };
      });
    return [...more, ...less];
  });
}
