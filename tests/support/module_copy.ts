/** A second copy of the module, as a program has it when two of its dependencies bring one each. */
import * as fs from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Copies the module into a directory below `directory` and imports it from there. */
export async function copyOfModule(directory: string): Promise<typeof import("../../mod.ts")> {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const copy = fs.mkdtempSync(join(directory, "copy-"));
  fs.cpSync(join(root, "src"), join(copy, "src"), { recursive: true });
  fs.copyFileSync(join(root, `mod${extension}`), join(copy, `mod${extension}`));
  fs.writeFileSync(join(copy, "package.json"), '{ "type": "module" }\n');
  return await import(pathToFileURL(join(copy, `mod${extension}`)).href);
}
