/**
 * What an editor shows over the public symbols of modules and over their members, by TypeScript's language service, as
 * JSON: `{ "writeFile": { text, isCallable, hasExample, deadLinks } }` for each module. Runs on Node, as TypeScript does:
 *
 *     node scripts/npm/hover.js TYPESCRIPT PROGRAM MODULE...
 *
 * PROGRAM, which need not exist, is where an import of each MODULE is resolved from.
 */
import { createRequire } from "node:module";

const [compiler, program, ...modules] = process.argv.slice(2);
const ts = createRequire(import.meta.url)(compiler);
const text = modules.map((module, index) => `export * as module${index} from ${JSON.stringify(module)};\n`).join("");

const service = ts.createLanguageService({
  getCompilationSettings: () => ({
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts"],
    allowImportingTsExtensions: true,
    noEmit: true,
    types: [],
  }),
  getScriptFileNames: () => [program],
  getScriptVersion: () => "1",
  getScriptSnapshot: (path) => {
    const content = path === program ? text : ts.sys.readFile(path);
    return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
  },
  getCurrentDirectory: () => ts.sys.getCurrentDirectory(),
  getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
  fileExists: (path) => path === program || ts.sys.fileExists(path),
  readFile: (path) => path === program ? text : ts.sys.readFile(path),
  directoryExists: ts.sys.directoryExists,
});
const checker = service.getProgram().getTypeChecker();

/** Aliases lead to what they stand for. */
const original = (symbol) => symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

function shown(symbol) {
  const tags = symbol.getJsDocTags(checker);
  const parts = [...symbol.getDocumentationComment(checker), ...tags.flatMap((tag) => tag.text ?? [])];
  return {
    text: ts.displayPartsToString(symbol.getDocumentationComment(checker)) +
      tags.map((tag) => `\n@${tag.name} ${ts.displayPartsToString(tag.text)}`).join(""),
    isCallable: checker.getTypeOfSymbol(symbol).getCallSignatures().length > 0,
    hasExample: tags.some((tag) => tag.name === "example"),
    // A link that leads to a symbol has a name for it; what is found nowhere is only text.
    deadLinks: parts.filter((part) => part.kind === "linkText" && !/^(https?:|\|)/.test(part.text.trim()))
      .map((part) => part.text),
  };
}

/** Members that the declaration itself has, in its own files. */
function membersOf(symbol) {
  const ofInstances = symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface) ? symbol.members : undefined;
  const named = [...ofInstances?.values() ?? []].filter(({ flags, declarations }) =>
    flags & (ts.SymbolFlags.Property | ts.SymbolFlags.Method | ts.SymbolFlags.Accessor) &&
    declarations?.every((each) => !(ts.getCombinedModifierFlags(each) & ts.ModifierFlags.Private))
  );
  return named.filter(({ escapedName }) => !/^(__|#)/.test(String(escapedName)));
}

const source = service.getProgram().getSourceFile(program);
const namespaces = checker.getExportsOfModule(checker.getSymbolAtLocation(source)).map(original);
const answers = namespaces.map((namespace) => {
  const symbols = checker.getExportsOfModule(namespace).map((symbol) => [symbol.name, original(symbol)]);
  return Object.fromEntries(symbols.flatMap(([name, symbol]) => [
    [name, shown(symbol)],
    ...membersOf(symbol).map((member) => [`${name}.${member.name}`, shown(member)]),
  ]));
});
console.log(JSON.stringify(answers, null, 1));
