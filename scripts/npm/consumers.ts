/**
 * Programs of somebody who installed the package. They get the names that each entry has to export, compare, write a
 * file, and print "ok".
 */
const BODY = `
async function check(load, requires) {
  const expected = JSON.parse(process.argv[2]);
  for (const [specifier, names] of Object.entries(expected)) {
    const loaded = await load(specifier);
    if (typeof loaded === "function") {
      // Stands in for a CommonJS module that is a function.
      await loaded("written.txt", "called");
      loaded.sync("written.txt", readFileSync("written.txt", "utf8") + " twice");
      if (readFileSync("written.txt", "utf8") !== "called twice") throw new Error(specifier + " wrote something else");
      continue;
    }
    if (requires && "module.exports" in loaded) throw new Error("require(" + specifier + ") is not the function");
    const found = Object.keys(loaded).filter((name) => name !== "module.exports").sort();
    if (JSON.stringify(found) !== JSON.stringify([...names].sort())) {
      throw new Error(specifier + " exports " + found + " instead of " + names);
    }
  }
  const { writeFile, writeFileSync } = await load(Object.keys(expected)[0]);
  if (writeFile !== undefined) {
    const { path } = await writeFile("written.txt", "whole");
    if (readFileSync(path, "utf8") !== "whole") throw new Error("writeFile wrote something else");
  }
  if (writeFileSync !== undefined) {
    writeFileSync("written.txt", "again");
    if (readFileSync("written.txt", "utf8") !== "again") throw new Error("writeFileSync wrote something else");
  }
  console.log("ok");
}
`;

export const IMPORT = `import { readFileSync } from "node:fs";
${BODY}
await check((specifier) => import(specifier));
`;

export const REQUIRE = `const { readFileSync } = require("node:fs");
${BODY}
check(require, true).catch((error) => { console.error(error); process.exitCode = 1; });
`;

/** A program whose types have to be right, with the declarations of the whole package checked along with it. */
export function typedConsumer(entries: readonly string[]): string {
  const imports = entries.map((entry, index) => `import * as entry${index} from "${entry}";`);
  const uses = entries.map((_, index) => `Object.keys(entry${index})`);
  return `${imports.join("\n")}
export const names: string[] = [${uses.join(", ")}].flat();
// @ts-expect-error -- declarations that cannot be found would make everything \`any\`, and this line would be no error.
export const missing: unknown = entry0.thereIsNoSuchExport;
`;
}
