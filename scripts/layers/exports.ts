/**
 * What a file of the source exports, somebody imports: another file of the source, a test, a script, an example. What
 * nobody imports is not exported, or not there at all. What a door exports is for users.
 */
import { type TS, ts } from "../toolchain/typescript.ts";
import { exists, listFiles } from "../toolchain/folders.ts";
import { type Module, type Project, type Violation, violation } from "./project.ts";

/** Where an importer may be. */
const FOLDERS = ["src", "tests", "scripts", "examples", "bench"];
const DOORS = /^(mod|cli)\.ts$|^src\/\w+\/mod\.ts$/;

/** `src/a/../b.ts` without the dots. */
function joined(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** The names that this file takes from others, as `path#name`; `path#*` for all of them. */
function importsOf(path: string, source: TS.SourceFile): string[] {
  const found: string[] = [];
  const look = (node: TS.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) {
      const target = joined(path, (node.moduleSpecifier as TS.StringLiteral).text);
      const bindings = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : node.exportClause;
      const named = bindings !== undefined && (ts.isNamedImports(bindings) || ts.isNamedExports(bindings));
      if (!named) found.push(`${target}#*`);
      else {for (const { name, propertyName } of bindings.elements) {
          found.push(`${target}#${(propertyName ?? name).text}`);
        }}
    }
    // `import("./a.ts")`, as a type or for a value: all of it may be used.
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
      const name = node.qualifier === undefined ? "*" : node.qualifier.getText(source).split(".")[0];
      found.push(`${joined(path, node.argument.literal.text)}#${name}`);
    }
    if (ts.isStringLiteral(node) && ts.isCallExpression(node.parent)) found.push(`${joined(path, node.text)}#*`);
    node.forEachChild(look);
  };
  look(source);
  return found;
}

function isExported(node: TS.Node): boolean {
  return ts.canHaveModifiers(node) &&
    (ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false);
}

function exportsOf({ source }: Module): { name: string; node: TS.Node }[] {
  return source.statements.flatMap((node) => {
    if (!isExported(node)) return [];
    if (ts.isVariableStatement(node)) {
      return node.declarationList.declarations.flatMap(({ name }) =>
        ts.isIdentifier(name) ? [{ name: name.text, node }] : []
      );
    }
    const { name } = node as { name?: TS.Node };
    return name !== undefined && ts.isIdentifier(name) ? [{ name: name.text, node }] : [];
  });
}

/** The rule about exports. */
export function checkExports(project: Project): Violation[] {
  const { root, modules } = project;
  const paths = ["mod.ts", "cli.ts", ...FOLDERS.flatMap((folder) => listFiles(folder, root))];
  const imported = new Set(
    paths.filter((path) => path.endsWith(".ts") && exists(`${root}/${path}`)).flatMap((path) =>
      importsOf(path, ts.createSourceFile(path, Deno.readTextFileSync(`${root}/${path}`), ts.ScriptTarget.Latest, true))
    ),
  );
  return modules.filter(({ path }) => !DOORS.test(path)).flatMap((module) =>
    exportsOf(module)
      .filter(({ name }) => !imported.has(`${module.path}#${name}`) && !imported.has(`${module.path}#*`))
      .flatMap(({ name, node }) => violation(module, node, `nobody imports ${name}: it need not be exported`))
  );
}
