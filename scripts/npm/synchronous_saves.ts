/**
 * Saves as people write them with the synchronous functions of `node:fs`, and what the test of docs/testing.md says of each:
 * three that lose data in different ways, and one that does not.
 */
const IMPORTS =
  `import fs, { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "fs";
import { dirname } from "path";
const sync = (path) => {
  const descriptor = openSync(path, "r");
  fsyncSync(descriptor);
  closeSync(descriptor);
};
const write = (path, text, synced) => {
  const descriptor = fs.openSync(path, "w");
  writeSync(descriptor, text);
  if (synced) fs.fsyncSync(descriptor);
  closeSync(descriptor);
};
export const loadNotes = (path) => readFileSync(path, "utf8");
`;

const save = (...lines: readonly string[]): string =>
  `${IMPORTS}export function saveNotes(path, text) {\n${lines.map((line) => `  ${line}\n`).join("")}}\n`;

const RENAME = 'renameSync(path + ".tmp", path);';
const SYNCED = 'write(path + ".tmp", text, true);';
const DIRECTORY = "sync(dirname(path));";

export const SYNCHRONOUS_SAVES: readonly { readonly text: string; readonly says: string }[] = [
  { text: save("writeFileSync(path, text);"), says: "acknowledged: nothing" },
  { text: save('write(path + ".tmp", text, false);', RENAME, "sync(path);", DIRECTORY), says: "acknowledged: nothing" },
  { text: save(SYNCED, DIRECTORY, RENAME), says: "acknowledged: saved" },
  { text: save(SYNCED, RENAME, DIRECTORY), says: "1 passed" },
];
