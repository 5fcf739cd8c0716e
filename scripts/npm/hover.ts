/**
 * What an editor shows over the symbols of the installed package: the same comments as in the source, for every symbol
 * and member of every entry, an example at every function, and links to what is public. TypeScript's language service
 * says so (hover.js), of the package and of the source.
 */
import { libraryEntries, readProject } from "../npm_manifest.ts";
import { mustExecute } from "../process.ts";
import { ROOT } from "../toolchain/folders.ts";
import { installTypeScript } from "../toolchain/npm.ts";
import { VERSIONS } from "../toolchain/versions.ts";

interface Hover {
  text: string;
  isCallable: boolean;
  hasExample: boolean;
  deadLinks: string[];
}

/** Other names of a function that has its example under its own. */
const ALIASES: ReadonlySet<string> = new Set(["default", "module.exports"]);

async function hovers(
  compiler: string,
  directory: string,
  modules: readonly string[],
): Promise<Record<string, Hover>[]> {
  const args = [`${ROOT}/scripts/npm/hover.js`, compiler, `${directory}/hover.mts`, ...modules];
  return JSON.parse(await mustExecute("node", args, { directory, timeout: 120_000 }));
}

/** Where a link's target is out of scope, the service puts a space behind its name. */
const comparable = (text: string | undefined): string | undefined => text?.replaceAll(" }", "}");

/** What is wrong with what is shown of a symbol. `known`: all public names. */
function problemsOf(name: string, installed: Hover | undefined, written: Hover, known: ReadonlySet<string>): string[] {
  if (installed === undefined) return [`${name} is not in the package`];
  const isFunction = written.isCallable && !name.includes(".") && !ALIASES.has(name);
  return [
    ...comparable(installed.text) === comparable(written.text) ? [] : [
      `${name}: the package says ${JSON.stringify(installed.text)}, the source ${JSON.stringify(written.text)}`,
    ],
    ...installed.text.trim() === "" ? [`${name} has no comment`] : [],
    ...isFunction && !installed.hasExample ? [`${name} has no example`] : [],
    // A public name that the bundled declarations do not have in scope there is shown, but cannot be clicked.
    ...installed.deadLinks.filter((link) => !known.has(link.trim())).map((link) =>
      `${name}: the link to ${link} leads nowhere`
    ),
  ];
}

/** `folder` is a project with the package installed. Answers every problem, a line each. */
export async function checkHovers(folder: string): Promise<string> {
  const project = readProject();
  const entries = libraryEntries(project);
  const compiler = await installTypeScript(VERSIONS.typescript);
  const installed = await hovers(compiler, folder, entries.map(({ name }) => project.name + name.slice(1)));
  const written = await hovers(compiler, ROOT, entries.map(({ path }) => `./${path.replace(/^\.\//, "")}`));
  const known = new Set(written.flatMap((symbols) => Object.keys(symbols)));
  const problems = written.flatMap((symbols, index) =>
    Object.entries(symbols).flatMap(([name, hover]) => problemsOf(name, installed[index]?.[name], hover, known))
  );
  if (written.length !== entries.length || written.some((symbols) => Object.keys(symbols).length < 10)) {
    problems.push("TypeScript found no symbols in the source");
  }
  return problems.join("\n");
}
