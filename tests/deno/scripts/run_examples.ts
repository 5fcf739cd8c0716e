/**
 * Runs modules one after another in this process, each in a folder of its own: `run_examples.ts FOLDER FILE…`. Prints
 * the name of each that has run to its end; the first that fails ends the process with its error.
 */
import { basename, join, toFileUrl } from "@std/path";

const [folder = ".", ...files] = Deno.args;
for (const file of files) {
  const own = join(folder, basename(file, ".ts"));
  await Deno.mkdir(own);
  Deno.chdir(own);
  await import(toFileUrl(file).href);
  console.log(`ran ${basename(file)}`);
}
