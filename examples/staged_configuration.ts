/**
 * Asks nginx or HAProxy about files that are staged, before they are put in place: by a copy of the configuration in
 * which the staged files stand for those that they will replace. The program for `validate` of a plan:
 *
 *     "validate": ["node", "examples/staged_configuration.ts", "nginx", "/etc/nginx/nginx.conf"]
 *     "validate": ["node", "examples/staged_configuration.ts", "haproxy", "/etc/haproxy/haproxy.cfg"]
 *
 * What nginx includes is copied with it. A configuration that names none of the files is refused: what is checked then
 * would be the old files. HAProxy's certificates are to be named by full paths, each with its key in the same file.
 */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { realpathSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { removeFile, writeFile } from "../mod.ts";

/** Where the new content of each file is, by the file's paths. */
export type Staged = ReadonlyMap<string, string>;

const run = promisify(execFile);

/** A text in which words and quoted words that mean a staged file are its staged path; and how many there were. */
function withStaged(text: string, directory: string, staged: Staged): { text: string; count: number } {
  let count = 0;
  const placeOf = (word: string): string | undefined => {
    const path = resolve(directory, word);
    const place = staged.get(word) ?? staged.get(path);
    if (place !== undefined || !word.includes("/")) return place;
    try {
      // By another way through symlinks than the plan's.
      return staged.get(realpathSync(path));
    } catch {
      return undefined;
    }
  };
  const replaced = text.replace(/"[^"\n]*"|'[^'\n]*'|[^\s;{}"']+/g, (word) => {
    const quote = /^["']/.test(word) ? word[0] : "";
    const place = placeOf(quote === "" ? word : word.slice(1, -1));
    if (place === undefined) return word;
    count++;
    return `${quote}${place}${quote}`;
  });
  return { text: replaced, count };
}

/** The paths that a pattern of nginx's `include` stands for. */
async function matching(pattern: string): Promise<string[]> {
  let paths = ["/"];
  for (const part of pattern.split("/").slice(1)) {
    if (!/[*?[]/.test(part)) {
      paths = paths.map((path) => join(path, part));
      continue;
    }
    const source = part.replace(/[.+^${}()|\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
    const fits = (name: string) => new RegExp(`^${source}$`).test(name) && (!name.startsWith(".") || part[0] === ".");
    const below = paths.map(async (path) => {
      const names = await readdir(path).catch((): string[] => []);
      return names.filter(fits).sort().map((name) => join(path, name));
    });
    paths = (await Promise.all(below)).flat();
  }
  return paths;
}

/** Comments and quoted texts, in which nothing is included, and what is. */
const includes = /(?<=^|\s)#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?<=^|[;{}\s])include\s+([^\s;]+)\s*;/gm;

/** The text of a configuration of nginx, with all that it includes in its place. */
async function wholeConfiguration(path: string, directory: string, staged: Staged): Promise<string> {
  const text = await readFile(staged.get(path) ?? path, "utf8");
  const parts: string[] = [];
  let end = 0;
  for (const { 0: all, 1: pattern, index } of text.matchAll(includes)) {
    if (pattern === undefined) continue;
    parts.push(text.slice(end, index));
    end = index + all.length;
    for (const each of await matching(resolve(directory, pattern))) {
      parts.push(await wholeConfiguration(each, directory, staged), "\n");
    }
  }
  return [...parts, text.slice(end)].join("");
}

/** Runs a check on a copy of a configuration, which lies beside it under a name of its own, and is hidden. */
async function checkCopy(configuration: string, whole: string, staged: Staged, check: string[]): Promise<void> {
  const directory = dirname(configuration);
  const { text, count } = withStaged(whole, directory, staged);
  if (count === 0 && !staged.has(configuration)) {
    throw new Error(`${configuration} names none of the files: it would be checked with the old ones`);
  }
  const copy = join(directory, `.${basename(configuration)}.${randomUUID()}.staged`);
  await writeFile(copy, text, { mode: 0o600, durability: "none", ifExists: "fail" });
  try {
    const [program = "", ...parameters] = check;
    await run(program, [...parameters, copy]);
  } finally {
    await removeFile(copy, { durability: "none" });
  }
}

/** Asks nginx about its configuration with the staged files. Rejects with what it says against it. */
export async function checkNginx(configuration: string, staged: Staged): Promise<void> {
  const whole = await wholeConfiguration(configuration, dirname(configuration), staged);
  await checkCopy(configuration, whole, staged, ["nginx", "-t", "-q", "-c"]);
}

/** Asks HAProxy about its configuration with the staged files. Rejects with what it says against it. */
export async function checkHaproxy(configuration: string, staged: Staged): Promise<void> {
  const whole = await readFile(staged.get(configuration) ?? configuration, "utf8");
  await checkCopy(configuration, whole, staged, ["haproxy", "-c", "-q", "-f"]);
}

const checks: Readonly<Record<string, typeof checkNginx>> = { nginx: checkNginx, haproxy: checkHaproxy };

// Node knows `main` from 24.2 on: https://nodejs.org/api/esm.html#importmetamain
if ((import.meta as { main?: boolean }).main ?? process.argv[1] === import.meta.filename) {
  const [server = "", configuration] = process.argv.slice(2);
  const check = checks[server];
  const list = process.env["ATOMIC_WRITE_STAGED_FILE"];
  if (check === undefined || configuration === undefined || list === undefined) {
    console.error("Usage, by `validate` of a plan: staged_configuration.ts nginx|haproxy CONFIGURATION");
    process.exit(64);
  }
  try {
    await check(resolve(configuration), new Map(Object.entries(JSON.parse(await readFile(list, "utf8")))));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
