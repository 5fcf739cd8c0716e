/**
 * Carries out the cases of system_calls_test.ts in a directory. Before each case a file is asked for by a name that says
 * which one: that is how the trace is cut. traced.ts DIRECTORY
 */
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import {
  copyFile,
  copyFileSync,
  openFileWriter,
  openFileWriterSync,
  removeFile,
  removeFileSync,
  writeFile,
  writeFiles,
  writeFileSync,
  type WriteFileSyncOptions,
} from "../../../mod.ts";
import { withoutAttributes } from "../../support/without_attributes.ts";

const [directory = ""] = process.argv.slice(2);
const file = join(directory, "a");
const other = join(directory, "b");
process.umask(0o022);

async function marked(name: string, prepare: () => void, run: () => unknown): Promise<void> {
  prepare();
  fs.existsSync(join(directory, `mark:${name}`));
  // Lists and attributes are seen by calls of their own, where they can be seen: ../attributes_test.ts.
  await withoutAttributes(run);
  fs.existsSync(join(directory, "mark:"));
}

/** The file as every case finds it, alone in its directory. */
function put(mode = 0o644, owner?: number): void {
  for (const name of fs.readdirSync(directory)) fs.rmSync(join(directory, name));
  fs.writeFileSync(file, "old content");
  // Two versions of one size and one millisecond would be compared.
  fs.utimesSync(file, 1_000_000_000, 1_000_000_000);
  fs.chmodSync(file, mode);
  if (owner !== undefined) fs.chownSync(file, owner, owner);
}

async function both(
  name: string,
  options: WriteFileSyncOptions,
  prepare: () => void = put,
  text = "new content",
): Promise<void> {
  await marked(name, prepare, () => writeFile(file, text, options));
  await marked(`${name}, sync`, prepare, () => writeFileSync(file, text, options));
}

const remove = () => fs.rmSync(file, { force: true });

// How a process gets into a directory, it looks at once: which symlinks were on the way (src/protocol/links.ts).
await writeFile(file, "the first file");
writeFileSync(file, "the first file");
// Without a sync of the directory, whether others could exchange it (src/protocol/safe_way.ts).
await writeFile(file, "the first file", { durability: "none" });
writeFileSync(file, "the first file", { durability: "none" });

await both("create", {}, remove);
await both("overwrite", {});
await both("create only", { ifExists: "fail" }, remove);
await both("overwrite a secret", {}, () => put(0o600));
await both("overwrite with a mode that the umask would narrow", { mode: 0o666 });
if (process.getuid?.() === 0) await both("overwrite a file of another user", {}, () => put(0o644, 65_534));
await both("overwrite, only atomic", { durability: "none" });
await both("overwrite with a backup", { backup: 1 });
await both("nothing to change", { skipIfEqual: true }, put, "old content");

await marked("many files", put, () => writeFiles([file, other].map((path) => ({ path, data: "new content" }))));

await marked("copy", put, () => copyFile(file, other));
await marked("copy, sync", put, () => copyFileSync(file, other, { keepTimes: true }));
await marked("writer", put, async () => {
  const writer = await openFileWriter(file);
  await writer.write("new ");
  await writer.write("content");
  await writer.commit();
});
await marked("writer, sync", put, () => {
  const writer = openFileWriterSync(file);
  writer.write("new ");
  writer.write("content");
  writer.commit();
});
await marked("remove", put, () => removeFile(file));
await marked("remove, sync", put, () => removeFileSync(file));
