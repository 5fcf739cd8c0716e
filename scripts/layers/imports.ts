/**
 * Who imports whom. Imports are relative, end in .ts and go down the floors of floors.ts, without circles; the runtimes'
 * own modules and globals are reached in src/runtime only; nothing comes from a registry.
 */
import { type TS, ts } from "../toolchain/typescript.ts";
import { mayImport, partOf } from "./floors.ts";
import { type Module, type Project, type Violation, violation, visit } from "./project.ts";

interface Import {
  specifier: string;
  node: TS.Node;
  /** Erased by the compiler, or loaded by a name that is followed at run time only: neither makes a circle. */
  typeOnly: boolean;
}

function isImportCall(node: TS.Node): node is TS.CallExpression {
  return ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
}

/** The text of a constant of this file. */
function constantText(node: TS.Identifier): string | undefined {
  let text: string | undefined;
  visit(node.getSourceFile(), (other) => {
    if (!ts.isVariableDeclaration(other) || !ts.isIdentifier(other.name) || other.name.text !== node.text) return;
    if (other.initializer !== undefined && ts.isStringLiteral(other.initializer)) text = other.initializer.text;
  });
  return text;
}

/** The name of the function whose parameter this is: whoever calls it names what is imported. */
function functionOfParameter(node: TS.Identifier): string | undefined {
  for (let above: TS.Node = node; !ts.isSourceFile(above); above = above.parent) {
    if (!ts.isFunctionDeclaration(above)) continue;
    const isParameter = above.parameters.some(({ name }) => ts.isIdentifier(name) && name.text === node.text);
    return isParameter ? above.name?.text : undefined;
  }
  return undefined;
}

/** What is imported by a name that is no literal, so that it is loaded when it is asked for; see src/cli/registry.ts. */
function lateImports(argument: TS.Node | undefined, node: TS.Node): Import[] {
  const unreadable = [{ specifier: "", node, typeOnly: false }];
  if (argument === undefined || !ts.isIdentifier(argument)) return unreadable;
  const constant = constantText(argument);
  if (constant !== undefined) return [{ specifier: constant, node, typeOnly: true }];
  const name = functionOfParameter(argument);
  if (name === undefined) return unreadable;
  const found: Import[] = [];
  visit(node.getSourceFile(), (call) => {
    if (!ts.isCallExpression(call) || !ts.isIdentifier(call.expression) || call.expression.text !== name) return;
    const [given] = call.arguments;
    const specifier = given !== undefined && ts.isStringLiteralLike(given) ? given.text : "";
    found.push({ specifier, node: call, typeOnly: true });
  });
  return found;
}

function importsOf(module: Module): Import[] {
  const found: Import[] = [];
  visit(module.source, (node) => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ specifier: node.moduleSpecifier.text, node, typeOnly: node.importClause?.isTypeOnly ?? false });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ specifier: node.moduleSpecifier.text, node, typeOnly: node.isTypeOnly });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      const { literal } = node.argument;
      if (ts.isStringLiteral(literal)) found.push({ specifier: literal.text, node, typeOnly: true });
    } else if (isImportCall(node)) {
      const [argument] = node.arguments;
      if (argument === undefined || !ts.isStringLiteralLike(argument)) found.push(...lateImports(argument, node));
      else found.push({ specifier: argument.text, node, typeOnly: false });
    }
  });
  return found;
}

/** The path, relative to the root, that a relative specifier means. */
function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

function checkImport(module: Module, { specifier, node }: Import): Violation[] {
  const { path, part } = module;
  if (part === undefined) return [];
  if (/^(node|bun):/.test(specifier)) {
    return part === "runtime" ? [] : violation(module, node, `only src/runtime may import "${specifier}"`);
  }
  if (specifier === "") {
    return part === "runtime" ? [] : violation(module, node, "an import whose target cannot be read");
  }
  if (!/^\.\.?\//.test(specifier)) {
    return violation(module, node, `"${specifier}" comes from a registry; what is published depends on nothing`);
  }
  if (!specifier.endsWith(".ts")) return violation(module, node, `"${specifier}" does not end in .ts`);
  const target = resolve(path, specifier);
  const other = partOf(target);
  if (other === undefined) return violation(module, node, `${target} is not part of what is published`);
  if (mayImport(part, other)) return [];
  return violation(module, node, `${part} may not import ${other} (${target}): imports go down only`);
}

function findCircle(project: Project): Violation[] {
  const modules = new Map(project.modules.map((module) => [module.path, module]));
  const done = new Set<string>();
  const circles: Violation[] = [];
  const follow = (module: Module, way: string[]) => {
    for (const { specifier, node, typeOnly } of importsOf(module)) {
      if (typeOnly || !specifier.startsWith(".")) continue;
      const target = modules.get(resolve(module.path, specifier));
      if (target === undefined || done.has(target.path)) continue;
      const start = way.indexOf(target.path);
      if (start >= 0) circles.push(...violation(module, node, `imports in a circle: ${way.slice(start).join(" → ")}`));
      else follow(target, [...way, target.path]);
    }
    done.add(module.path);
  };
  for (const module of project.modules) if (!done.has(module.path)) follow(module, [module.path]);
  return circles;
}

const GLOBALS = new Set(["Deno", "Bun", "process", "Buffer", "require", "global", "__dirname", "__filename"]);

/** Uses of a runtime's own globals; a variable or property of the same name is another thing. */
function checkGlobals({ checker }: Project, module: Module): Violation[] {
  if (module.part === "runtime") return [];
  const found: Violation[] = [];
  visit(module.source, (node) => {
    if (!ts.isIdentifier(node) || !GLOBALS.has(node.text)) return;
    if (ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) {
      // `globalThis.Deno` is the global, `runtime.process` is not.
      if (node.parent.expression.getText() !== "globalThis") return;
    } else {
      const declarations = checker.getSymbolAtLocation(node)?.declarations ?? [];
      if (declarations.some((declaration) => !declaration.getSourceFile().isDeclarationFile)) return;
    }
    found.push(...violation(module, node, `only src/runtime may use ${node.text}`));
  });
  return found;
}

/** The rule about imports and globals. */
export function checkImports(project: Project): Violation[] {
  const strangers = project.modules.filter(({ part }) => part === undefined).map(({ path }): Violation => ({
    path,
    line: 1,
    message: "this folder has no floor yet: give it one in scripts/layers/floors.ts",
    severity: "error",
  }));
  return [
    ...strangers,
    ...project.modules.flatMap((module) => importsOf(module).flatMap((used) => checkImport(module, used))),
    ...project.modules.flatMap((module) => checkGlobals(project, module)),
    ...findCircle(project),
  ];
}
