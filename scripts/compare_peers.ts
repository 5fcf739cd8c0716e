/**
 * What happens when …: runs this module and its peers into the same situations on Node, and prints the table of
 * README.md, each cell as it was seen. `deno task compare`; `--write` puts the table into README.md. Needs Linux and root
 * for a full disk and for two containers.
 */
import { execute, mustExecute } from "./process.ts";
import { compile } from "./toolchain/compile.ts";
import { OUT, ROOT } from "./toolchain/folders.ts";
import { prepareNode } from "./toolchain/node.ts";
import { installTool } from "./toolchain/npm.ts";
import { PEERS } from "./toolchain/versions.ts";

const WRITERS = ["atomic-write", "write-file-atomic", "atomically", "steno"];

const node = await prepareNode(undefined);
await compile();
const peers = await installTool("peers", PEERS);
const script = `${OUT}/bench/contestants/what_happens.js`;

async function inDirectory<T>(run: (directory: string) => Promise<T>, size?: string): Promise<T> {
  const directory = await Deno.makeTempDir({ prefix: "atomic-write-compare-" });
  try {
    if (size !== undefined) await mustExecute("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", directory]);
    return await run(directory);
  } finally {
    if (size !== undefined) await mustExecute("umount", [directory]);
    await Deno.remove(directory, { recursive: true });
  }
}

async function cell(name: string, writer: string, directory: string): Promise<string> {
  const { code, output } = await execute(node.command, [script, name, writer, directory, peers], { timeout: 60_000 });
  const last = output.trim().split("\n").at(-1) ?? "";
  return code === 0 ? last : "**the process crashes**";
}

/** Readers look while two writers, each process 1 of a container of its own, write different content. */
async function twoContainers(writer: string): Promise<string> {
  return await inDirectory(async (directory) => {
    const start = (fill: string) =>
      execute("unshare", [
        ...[
          "--pid",
          "--fork",
          "--mount-proc",
          node.command,
          script,
          "write as process 1",
          writer,
          directory,
          peers,
          fill,
        ],
      ], { timeout: 120_000 });
    let running = true;
    const writers = Promise.all([start("a"), start("b")]).finally(() => running = false);
    let [reads, torn] = [0, 0];
    while (running) {
      const text = await Deno.readTextFile(`${directory}/file`).catch(() => undefined);
      if (text !== undefined) {
        reads++;
        if (text.length !== 1_000_000 || text !== (text[0] ?? "").repeat(1_000_000)) torn++;
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const failed = (await writers).find(({ code }) => code !== 0);
    if (failed !== undefined) throw new Error(`The containers could not be had:\n${failed.output}`);
    return torn === 0
      ? `none of ${reads} readers saw torn content`
      : `**${torn} of ${reads} readers saw torn content**`;
  });
}

async function lockTakeover(holder: string): Promise<string> {
  return await inDirectory(async (directory) => {
    Deno.writeTextFileSync(`${directory}/file`, "");
    const child = new Deno.Command(node.command, {
      args: [script, "hold a lock", holder, directory, peers],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    try {
      const reader = child.stdout.getReader();
      await reader.read();
      child.kill("SIGSTOP");
      const said = await cell("take a lock", holder, directory);
      reader.releaseLock();
      return said;
    } finally {
      child.kill("SIGKILL");
      await child.stdout.cancel();
      await child.status;
    }
  });
}

interface PowerCutFigures {
  comparison?: { method: string; cutsWithLoss: number; cutsWithTorn: number; cuts: number }[];
}

/** From the last run of `deno task powercut` that compared; it takes hours, so it is not repeated here. */
function powerCut(writer: string): string {
  const figures = JSON.parse(Deno.readTextFileSync(`${ROOT}/bench/results/powercut.json`)) as PowerCutFigures;
  const rows = (figures.comparison ?? []).filter(({ method }) => method === writer);
  if (rows.length === 0) return "see [power cuts](docs/proof_power_cuts.md)";
  const sum = (key: "cuts" | "cutsWithLoss" | "cutsWithTorn") => rows.reduce((total, row) => total + row[key], 0);
  const bad = sum("cutsWithLoss");
  return bad === 0 ? `nothing lost in ${sum("cuts")} cuts` : `**lost in ${bad} of ${sum("cuts")} cuts**`;
}

const ROWS: [string, (writer: string) => Promise<string> | string][] = [
  ["the disk is full", (writer) => inDirectory((directory) => cell("full disk", writer, directory), "256k")],
  ["the data is a typed array", (writer) => inDirectory((directory) => cell("typed array", writer, directory))],
  ["options are used twice", (writer) => inDirectory((directory) => cell("reused options", writer, directory))],
  ["the source stream fails", (writer) => inDirectory((directory) => cell("failing stream", writer, directory))],
  ["the path is a dangling link", (writer) => inDirectory((directory) => cell("dangling link", writer, directory))],
  [
    "the name has 300 characters",
    (writer) => inDirectory((directory) => cell("300-character name", writer, directory)),
  ],
  ["two containers write one file", twoContainers],
  ["the power fails after the save", powerCut],
];

const lines = [
  `| What happens when … | ${
    WRITERS.map((name) => name in PEERS ? `${name} ${Reflect.get(PEERS, name)}` : name).join(" | ")
  } |`,
  `| --- |${" --- |".repeat(WRITERS.length)}`,
];
for (const [title, run] of ROWS) {
  const cells: string[] = [];
  for (const writer of WRITERS) cells.push(await run(writer));
  lines.push(`| ${title} | ${cells.join(" | ")} |`);
  console.error(lines.at(-1));
}
lines.push(
  `| a lock's holder is stopped for longer than \`stale\` | ${await lockTakeover("atomic-write")} | proper-lockfile ` +
    `${PEERS["proper-lockfile"]}: ${await lockTakeover("proper-lockfile")} | no locks | no locks |`,
);
const table = lines.join("\n");
console.log(table);

if (Deno.args.includes("--write")) {
  const readme = Deno.readTextFileSync(`${ROOT}/README.md`);
  const marked = /(<!-- deno task compare --write -->\n)[\s\S]*?(\n<!-- end -->)/;
  Deno.writeTextFileSync(`${ROOT}/README.md`, readme.replace(marked, (_, begin, end) => `${begin}\n${table}\n${end}`));
  await mustExecute(Deno.execPath(), ["fmt", "--quiet", "README.md"], { directory: ROOT });
}
