/** The files that guides let their readers write, by the names in their first lines, and what each step must show. */
import { ROOT } from "./toolchain/folders.ts";

const guide = (path = "docs/testing.md"): string => Deno.readTextFileSync(`${ROOT}/${path}`);

/** A file of a guide: the block that begins with its name as a comment, or for JSON, the only one. */
export function guideFile(name: string, path = "docs/testing.md"): string {
  const pattern = name.endsWith(".json")
    ? /^```json\n([^]*?)^```$/m
    : new RegExp(`^\`\`\`js\\n(// ${name.replaceAll(/[.()]/g, "\\$&")}\\n[^]*?)^\`\`\`$`, "m");
  const text = pattern.exec(guide(path))?.[1];
  if (text === undefined) throw new Error(`${path} has no ${name}`);
  return text;
}

/** The block that begins so, which changes a file instead of being one. */
function remedy(beginning: string): string {
  const blocks = [...guide().matchAll(/^```js\n([^]*?)^```$/gm)].map(([, text = ""]) => text);
  const found = blocks.find((text) => text.startsWith(beginning));
  if (found === undefined) throw new Error(`docs/testing.md has no block that begins with ${beginning}`);
  return found;
}

/** The save as the guide has it, with the first remedy, and with both; and what the test then says. */
export function guideSteps(): readonly { readonly text: string; readonly says: string }[] {
  const naive = guideFile("notes.js");
  const flushed = naive.replace("  await writeFile(`${path}.tmp`, text);\n", `  ${remedy("await writeFile(")}`);
  const imports = `import { open } from "node:fs/promises";\nimport { dirname } from "node:path";\n`;
  const renamed = "await rename(`${path}.tmp`, path);\n";
  const synced = imports + flushed.replace(renamed, renamed + remedy("const directory"));
  if (flushed === naive || !synced.includes("sync()")) throw new Error("the remedies do not fit the save");
  return [
    { text: naive, says: "acknowledged: nothing" },
    { text: flushed, says: "acknowledged: saved" },
    { text: synced, says: "1 passed" },
  ];
}
