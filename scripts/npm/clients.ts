/**
 * Tools that millions install, with ours inside them: each does a small piece of its own work, in a project where it was
 * installed from npm, and what it wrote is looked at. How often ours was called is counted around the function itself.
 */
import { guideFile } from "../guide_files.ts";
import { mustExecute } from "../process.ts";
import { exists, listFiles } from "../toolchain/folders.ts";

/** What the project installs. */
export const CLIENTS: Readonly<Record<string, string>> = {
  jest: "30",
  nyc: "18",
  stylelint: "18",
  "bin-links": "7",
  lowdb: "7",
  conf: "16",
  keyv: "6",
  memfs: "4",
  vitest: "4 || 5",
};

/** A piece of work of a tool. */
export interface ClientJob {
  readonly name: string;
  /** Files of the project by their names. */
  readonly files: Readonly<Record<string, string>>;
  /** Arguments of Node, from the project's folder. */
  readonly args: readonly string[];
  /** Whether it writes through write-file-atomic. */
  readonly counted: boolean;
  /** What must be in the project afterwards: a file, and text in it. */
  readonly leaves: readonly [file: string, text: string];
}

const migration = (name: string): string => guideFile(name, "docs/migration.md");

/** The package in the place of atomically. */
export const ATOMICALLY: Readonly<Record<string, string>> = {
  "atomically/package.json": JSON.stringify({ name: "atomically", version: "2.1.1", type: "module", main: "index.js" }),
  "atomically/index.js": migration("atomically/index.js"),
};

export const JOBS: readonly ClientJob[] = [
  {
    name: "jest caches what it has transformed, and its tests require compat",
    files: {
      "jest_job/package.json": "{}",
      "jest_job/compat.test.js": `const { readFileSync } = require("fs");
const compat = require("@durable/atomic-write/compat");
test("compat", async () => {
  await compat(__dirname + "/written.txt", "by ", { mode: "0600" });
  require("write-file-atomic").sync(__dirname + "/written.txt", readFileSync(__dirname + "/written.txt", "utf8") + "jest");
});
`,
    },
    args: ["node_modules/jest/bin/jest.js", "--rootDir=jest_job", "--cacheDirectory=jest_cache"],
    counted: true,
    leaves: ["jest_job/written.txt", "by jest"],
  },
  {
    name: "jest puts memfs in the place of fs: what is written through write-file-atomic is in it",
    files: {
      "memfs_job/package.json": "{}",
      "memfs_job/memory.test.js": `jest.mock("fs", () => require("memfs").fs);
const { vol } = require("memfs");
const writeFileAtomic = require("write-file-atomic");
afterAll(() => process.getBuiltinModule("fs").writeFileSync(__dirname + "/found.json", JSON.stringify(vol.toJSON())));
test("memory", async () => {
  vol.fromJSON({ "/nowhere/a.txt": "old" });
  await writeFileAtomic("/nowhere/a.txt", "by ", { mode: 0o600 });
  writeFileAtomic.sync("/nowhere/a.txt", vol.readFileSync("/nowhere/a.txt", "utf8") + "memfs");
  await expect(writeFileAtomic("/missing/a.txt", "x")).rejects.toMatchObject({ code: "ENOENT" });
});
`,
    },
    args: ["node_modules/jest/bin/jest.js", "--rootDir=memfs_job", "--cacheDirectory=memfs_cache"],
    counted: true,
    leaves: ["memfs_job/found.json", `{"/nowhere/a.txt":"by memfs"}`],
  },
  {
    name: "nyc caches what it has instrumented, and reports",
    files: {
      "nyc_job/package.json": "{}",
      "nyc_job/run.js": `require("./lib.js");\n`,
      "nyc_job/lib.js": `module.exports = () => 1;\n`,
    },
    args: [
      "node_modules/nyc/bin/nyc.js",
      ...[
        "--cwd=nyc_job",
        "--reporter=json",
        "--report-dir=nyc_report",
        "--cache-dir=nyc_cache",
        "node",
        "nyc_job/run.js",
      ],
    ],
    counted: true,
    leaves: ["nyc_job/nyc_report/coverage-final.json", "lib.js"],
  },
  {
    name: "stylelint writes what it has mended",
    files: {
      "stylelint_job/a.css": "a { color: #FFFFFF; }\n",
      "stylelint_job/.stylelintrc.json": JSON.stringify({ rules: { "color-hex-length": "short" } }),
    },
    args: ["node_modules/stylelint/bin/stylelint.mjs", "--fix", "stylelint_job/a.css"],
    counted: true,
    leaves: ["stylelint_job/a.css", "#FFF;"],
  },
  {
    name: "bin-links writes a program with the line endings that it needs",
    files: {
      "bin_job/package.json": JSON.stringify({ name: "bin-job", version: "1.0.0", bin: { "bin-job": "cli.js" } }),
      "bin_job/cli.js": "#!/usr/bin/env node\r\nconsole.log(1);\n",
      "bin_links.cjs": `require("bin-links")({
  path: require("path").resolve("bin_job"),
  pkg: require("./bin_job/package.json"),
  top: true,
  global: true,
  force: true,
}).catch((error) => { console.error(error); process.exitCode = 1; });
`,
    },
    args: ["bin_links.cjs"],
    counted: true,
    leaves: ["bin_job/cli.js", "#!/usr/bin/env node\nconsole.log(1);"],
  },
  {
    name: "lowdb with an adapter",
    files: {
      "lowdb.js": migration("lowdb.js"),
      "lowdb_job.js": `import { open } from "./lowdb.js";
const database = open("database.json", { posts: [] });
await database.read();
await database.update(({ posts }) => posts.push("first"));
`,
    },
    args: ["lowdb_job.js"],
    counted: false,
    leaves: ["database.json", `"first"`],
  },
  {
    name: "conf over a package in the place of atomically",
    files: {
      "conf_job.js": `import Conf from "conf";
const conf = new Conf({ cwd: "settings", configName: "job", configFileMode: 0o600 });
conf.set("theme", "dark");
if (new Conf({ cwd: "settings", configName: "job" }).get("theme") !== "dark") throw new Error("not stored");
`,
    },
    args: ["conf_job.js"],
    counted: false,
    leaves: ["settings/job.json", `"dark"`],
  },
  {
    name: "keyv with a store",
    files: {
      "keyv.js": migration("keyv.js"),
      "keyv_job.js": `import { open } from "./keyv.js";
const [keyv, other] = [open("keyv.json"), open("keyv.json", { namespace: "other" })];
await other.set("cleared", 1);
await keyv.set("kept", 1);
await other.clear();
if (await other.get("cleared") !== undefined) throw new Error("cleared");
await keyv.set("gone", 2, 60_000);
if (await keyv.get("gone") !== 2 || !await keyv.delete("gone") || await keyv.get("gone") !== undefined) throw new Error("gone");
`,
    },
    args: ["keyv_job.js"],
    counted: false,
    leaves: ["keyv.json", `"kept"`],
  },
];

/** Puts a count around the function in every installed copy; returns how many there are, and which are not ours. */
export function countCalls(folder: string): { copies: number; others: string[] } {
  const manifests = listFiles("node_modules", folder).filter((path) =>
    path.endsWith("/write-file-atomic/package.json")
  );
  const others = manifests.filter((path) =>
    JSON.parse(Deno.readTextFileSync(`${folder}/${path}`)).name !== "@durable/write-file-atomic"
  );
  for (const path of manifests) {
    const library = `${folder}/${path.replace(/package\.json$/, "lib")}`;
    Deno.renameSync(`${library}/index.js`, `${library}/real.js`);
    Deno.writeTextFileSync(
      `${library}/index.js`,
      `const real = require("./real.js");
const count = () => process.getBuiltinModule("fs").appendFileSync(${JSON.stringify(`${folder}/calls`)}, "+");
module.exports = (...args) => (count(), real(...args));
module.exports.sync = (...args) => (count(), real.sync(...args));
`,
    );
  }
  return { copies: manifests.length, others };
}

/** Does the work; what is wrong with it, "" if nothing is. */
export async function doJob(
  folder: string,
  node: string,
  { files, args, counted, leaves }: ClientJob,
): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    const target = `${folder}/${path}`;
    Deno.mkdirSync(target.replace(/\/[^/]+$/, ""), { recursive: true });
    Deno.writeTextFileSync(target, text);
  }
  if (exists(`${folder}/calls`)) Deno.removeSync(`${folder}/calls`);
  const output = await mustExecute(node, [...args], { directory: folder, timeout: 120_000 });
  if (counted && !exists(`${folder}/calls`)) return `ours was not called:\n${output}`;
  const [file, text] = leaves;
  const found = exists(`${folder}/${file}`) ? Deno.readTextFileSync(`${folder}/${file}`) : "nothing";
  return found.includes(text) ? "" : `${file} holds ${found}:\n${output}`;
}
