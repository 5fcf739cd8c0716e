/**
 * One cell of the comparison: lets one package do one thing that goes wrong, and prints in a few words what happened.
 * Started by scripts/compare_peers.ts: CASE PACKAGE DIRECTORY PEERS.
 *
 * An error that a package leaves to nobody ends a program that has no handler for it: that is a crash, and is said with
 * its error. Whatever goes wrong in this script itself ends it with a status, which is nobody's result.
 */
import fs from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { acquireLock, writeFile } from "../../mod.ts";

const [name = "", packageName = "", directory = "", peers = ""] = process.argv.slice(2);
const require = createRequire(`${peers}/index.js`);

interface Options {
  mode?: number;
}
type Write = (path: string, data: unknown, options?: Options) => Promise<unknown>;

async function loadWrite(): Promise<Write> {
  if (packageName === "atomic-write") return (path, data, options) => writeFile(path, data as string, options);
  if (packageName === "write-file-atomic") return require("write-file-atomic") as Write;
  const loaded = await import(pathToFileURL(require.resolve(packageName)).href) as Record<string, unknown>;
  if (packageName === "atomically") return loaded["writeFile"] as Write;
  const Writer = loaded["Writer"] as new (path: string) => { write(data: unknown): Promise<void> };
  return (path, data) => new Writer(path).write(data);
}

const path = join(directory, "file");
const sourceFailure = new Error("the source failed");
const messageOf = (error: unknown): string =>
  error === sourceFailure ? "of the source" : (error as { code?: string }).code ?? (error as Error).name;

async function outcome(run: () => Promise<unknown>, limit = 10_000): Promise<string> {
  const never = new Promise<string>((resolve) => setTimeout(resolve, limit, "never settles").unref());
  return await Promise.race([run().then(() => "success", (error) => `error ${messageOf(error)}`), never]);
}

const cases: Record<string, () => Promise<string>> = {
  /** The directory is on a file system of 256 KiB. */
  "full disk": async () => {
    const write = await loadWrite();
    fs.writeFileSync(path, "old".repeat(1000));
    const size = 1 << 20;
    const said = await outcome(() => write(path, "n".repeat(size)));
    const found = fs.readFileSync(path, "utf8");
    if (found === "old".repeat(1000)) return `${said}; the old file is whole`;
    if (found !== "n".repeat(found.length)) return `${said}; **the file is neither old nor new**`;
    return `${said}; **the file has ${Math.floor(found.length / size * 100)} % of the new content**`;
  },
  "typed array": async () => {
    const write = await loadWrite();
    const said = await outcome(() => write(path, new Uint16Array(1000)));
    if (!said.startsWith("success")) return said;
    const { size } = fs.statSync(path);
    return size === 2000 ? "all 2000 bytes" : `success; **${size} of 2000 bytes**`;
  },
  "reused options": async () => {
    const write = await loadWrite();
    fs.writeFileSync(path, "public", { mode: 0o644 });
    const secret = join(directory, "secret");
    fs.writeFileSync(secret, "old", { mode: 0o600 });
    const options = {};
    await write(path, "new", options);
    await write(secret, "new", options);
    const mode = fs.statSync(secret).mode & 0o777;
    return mode === 0o600 ? "the secret stays 0600" : `**the secret becomes 0${mode.toString(8)}**`;
  },
  "failing stream": async () => {
    if (packageName === "write-file-atomic" || packageName === "steno") return "takes no streams";
    const write = await loadWrite();
    fs.writeFileSync(path, "old");
    const stream = Readable.from((async function* () {
      yield "half";
      await Promise.resolve();
      throw sourceFailure;
    })());
    const data = packageName === "atomic-write" ? Readable.toWeb(stream) : stream;
    const said = await outcome(() => write(path, data), 5_000);
    const left = fs.readdirSync(directory).length - 1;
    return `${said === "never settles" ? "**never settles**" : said}; the old file is ${
      fs.readFileSync(path, "utf8") === "old" ? "whole" : "**gone**"
    }${left > 0 ? ", **a temporary file is left**" : ""}`;
  },
  "dangling link": async () => {
    const write = await loadWrite();
    fs.symlinkSync("target", path);
    const said = await outcome(() => write(path, "new"));
    const isLink = fs.lstatSync(path).isSymbolicLink();
    return `${said}; ${isLink ? "written through the link" : "**the link is replaced**"}`;
  },
  "300-character name": async () => {
    const write = await loadWrite();
    const said = await outcome(() => write(join(directory, "n".repeat(300)), "new"));
    const names = fs.readdirSync(directory).map((each) => each.length);
    return names.length === 0 ? said : `${said}; **written to a name of ${names[0]} characters**`;
  },
  /** One of two writers that both are process 1 of their container. Prints the code of each failure. */
  "write as process 1": async () => {
    if (process.pid !== 1) throw new Error(`This is process ${process.pid}, and should be in a namespace of its own`);
    const write = await loadWrite();
    const [fill = "", rounds = ""] = process.argv.slice(6);
    const failures: string[] = [];
    for (let round = 0; round < Number(rounds); round++) {
      // Both containers save at the same moment, as they do when they are started together.
      while (!fs.existsSync(join(directory, `go.${round}`)));
      await write(path, fill.repeat(1_000_000)).catch((error) => failures.push(messageOf(error)));
      fs.writeFileSync(join(directory, `done.${fill}.${round}`), "");
    }
    return JSON.stringify(failures);
  },
  /** A holder that is stopped for longer than a lock may be stale. */
  "hold a lock": async () => {
    const lost = () => void process.stdout.write("lost\n");
    if (packageName === "atomic-write") (await acquireLock(path)).signal.addEventListener("abort", lost);
    else await properLockfile().lock(path, { ...lockOptions, onCompromised: lost });
    process.stdout.write("held\n");
    return await new Promise(() => setInterval(() => {}, 1000));
  },
  "take a lock": async () => {
    const take = packageName === "atomic-write"
      ? () => acquireLock(path, { timeout: 8_000 })
      : () => properLockfile().lock(path, lockOptions);
    return await outcome(take, 15_000);
  },
};
interface ProperLockfile {
  lock(path: string, options: object): Promise<unknown>;
}
const properLockfile = () => require("proper-lockfile") as ProperLockfile;
const lockOptions = { stale: 2_000, update: 1_000, retries: { retries: 16, minTimeout: 500, maxTimeout: 500 } };

const run = cases[name];
if (run === undefined) throw new Error(`There is no case ${name}`);
await loadWrite();
process.on("uncaughtException", (error) => {
  console.log(`**the process crashes**: uncaught error ${messageOf(error)}`);
  process.exit(0);
});
let said: string;
try {
  said = await run();
} catch (error) {
  console.error(error);
  process.exit(3);
}
console.log(said);
process.exit(0);
