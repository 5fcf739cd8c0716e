/** Writes `new` to the file named by the first argument, with the options in the second; prints what came of it. */
import process from "node:process";
import { writeFile } from "../../../mod.ts";

const [path = "", options = "{}"] = process.argv.slice(2);
try {
  console.log(JSON.stringify(await writeFile(path, "new", JSON.parse(options))));
} catch (error) {
  const { name, code, step, targetState } = error as Record<string, unknown>;
  console.log(JSON.stringify({ name, code, step, targetState }));
}
