/** Saves a file with write-file-atomic's signature and a callback that throws: the process has to end with that error. */
import process from "node:process";
import writeFileAtomic from "../../../src/compat/mod.ts";

const [path = ""] = process.argv.slice(2);
writeFileAtomic(path, "saved", (error) => {
  console.log(`called with ${error}`);
  throw new Error("thrown by the callback");
});
