/**
 * The source that figures speak of: which files, a digest of them, and the last commit that changed them. For tests on
 * every runtime as well as for scripts.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { listFiles, ROOT } from "../toolchain/folders.ts";

/** All of the library but the command. */
const LIBRARY = [
  "mod.ts",
  ...readdirSync(`${ROOT}/src`).sort().filter((name) => name !== "cli").map((name) => `src/${name}`),
];

/** What records speak of, as paths of the checkout. */
export const SOURCES = {
  writes: [
    "src/core",
    "src/protocol",
    "src/runtime",
    "src/file/write_file.ts",
    "src/file/write_files.ts",
    "src/file/write_options.ts",
  ],
  locks: ["src/core", "src/lock", "src/protocol", "src/runtime"],
  transactions: ["src/core", "src/lock", "src/protocol", "src/publication", "src/runtime", "src/transaction"],
  stores: ["src/core", "src/file", "src/lock", "src/log", "src/protocol", "src/runtime", "src/store"],
  command: ["cli.ts", "src/cli", "src/core", "src/file", "src/lock", "src/protocol", "src/runtime"],
  everything: LIBRARY.filter((path) => path !== "src/testing"),
  explorations: [...LIBRARY, "tests/proof", "tests/transaction"],
} as const;

export interface Source {
  readonly paths: readonly string[];
  /** SHA-256 of their files, when the record was made. */
  readonly digest: string;
}

/** Set by a release, and nothing that is measured. */
const VERSION = "src/core/version.ts";

/** SHA-256 of the names and contents of the files at these paths. */
export function digestOf(paths: readonly string[], root: string = ROOT): string {
  const hash = createHash("sha256");
  for (const path of paths) {
    const files = statSync(`${root}/${path}`).isFile() ? [path] : listFiles(path, root);
    if (files.length === 0) throw new Error(`There is no source at ${path}`);
    for (const file of files) {
      if (file === VERSION) continue;
      hash.update(`${file}\0`).update(readFileSync(`${root}/${file}`)).update("\0");
    }
  }
  return hash.digest("hex");
}

function git(...args: string[]): string {
  const { status, stdout } = spawnSync("git", ["-C", ROOT, ...args], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : "";
}

/** The last commit that changed the source: it stays what it is, whatever is committed beside it. */
export function commitOf(paths: readonly string[]): string {
  const commit = git("log", "-1", "--abbrev=10", "--format=%h", "--", ...paths);
  if (commit === "") return "unknown";
  return git("status", "--porcelain", "--", ...paths) === "" ? commit : `${commit} and changes`;
}
