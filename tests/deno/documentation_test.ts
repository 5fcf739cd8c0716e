/**
 * What the documents say is done: every example in a doc comment, and of README's those for Deno, runs; every shell
 * command in README.md, CONTRIBUTING.md and the guides is executed; every link between documents leads somewhere.
 */
import { assert, assertEquals } from "@std/assert";
import { walkSync } from "@std/fs";
import { basename, join, relative, SEPARATOR } from "@std/path";
import { test } from "node:test";
import { docExamples, exampleName } from "../../scripts/npm/doc_examples.ts";
import { README_EXAMPLES, readmeExample } from "../../scripts/npm/readme.ts";
import { PICTURES } from "../../scripts/pictures.ts";
import { drawnBelow } from "../../scripts/pictures/house.ts";
import { slug } from "../../scripts/site/slug.ts";
import { ROOT } from "../../scripts/toolchain/folders.ts";
import { execute, mustExecute } from "../../scripts/process.ts";
import { chooseStandardLibrary, denoArguments, readWanted } from "../../scripts/toolchain/standard_library.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { notEmpty } from "../support/tally.ts";

/** Paths from the checkout. */
function filesBelow(folder: string, extension: string): string[] {
  const entries = walkSync(join(ROOT, folder), { includeDirs: false, exts: [extension] });
  return Array.from(entries, ({ path }) => relative(ROOT, path).replaceAll(SEPARATOR, "/")).sort();
}

const GUIDES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", ...filesBelow("docs", ".md")];
const textOf = (path: string): string => Deno.readTextFileSync(`${ROOT}/${path}`);

/** Runs the suite itself, or longer than a test may; that the task is there and answers is what can be asked here. */
const LONG_TASKS =
  /^npx -y deno@[\d.]+ task (test|ok|storm|storm:locks|fuzz|powercut|bench\S*|compare|npm\S*|site\S*)\b/;

interface Block {
  path: string;
  line: number;
  text: string;
}

function blocks(language: RegExp): Block[] {
  return GUIDES.flatMap((path) => {
    const found: Block[] = [];
    for (const match of textOf(path).matchAll(/^```(\S*)[^\n]*\n([\s\S]*?)^```$/gm)) {
      const line = textOf(path).slice(0, match.index).split("\n").length;
      if (language.test(match[1] ?? "")) found.push({ path, line, text: match[2] ?? "" });
    }
    return found;
  });
}

/** A folder in the checkout, where `deno task` finds deno.json, with the command in its PATH. */
async function withCheckoutFolder(run: (folder: string, environment: Record<string, string>) => Promise<void>) {
  await Deno.mkdir(`${ROOT}/build`, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: `${ROOT}/build`, prefix: "documents-" });
  try {
    await Deno.mkdir(`${folder}/bin`);
    const command =
      `#!/bin/sh\nexec '${Deno.execPath()}' run -A --no-prompt --quiet --config='${ROOT}/deno.json' '${ROOT}/cli.ts' "$@"\n`;
    await Deno.writeTextFile(`${folder}/bin/atomic-write`, command, { mode: 0o755 });
    await run(folder, { PATH: `${folder}/bin:${Deno.env.get("PATH") ?? ""}` });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

// Not by `deno test --doc`: a worker for every example, each with the whole module anew, takes a minute.
test("every example in a doc comment runs", () =>
  withCheckoutFolder(async (folder) => {
    const examples: string[] = [];
    for (const example of docExamples()) {
      const file = join(folder, `${exampleName(example)}.ts`);
      await Deno.writeTextFile(file, `${example.text}export {};\n`);
      examples.push(file);
    }
    assert(examples.length > 50, `${examples.length} examples`);
    const library = denoArguments(await chooseStandardLibrary(readWanted()));
    const args = [
      "run",
      "--allow-all",
      "--no-check",
      "--no-prompt",
      "--quiet",
      `--config=${ROOT}/deno.json`,
      ...library,
    ];
    await withTemporaryDirectory(async (directory) => {
      const script = `${ROOT}/tests/deno/scripts/run_examples.ts`;
      const environment = { TMPDIR: directory };
      const output = await mustExecute(Deno.execPath(), [...args, script, directory, ...examples], { environment });
      for (const file of notEmpty(examples)) assert(output.includes(`ran ${basename(file)}`), `${file}: ${output}`);
    });
  }));

test("every shell command in the documents is executed", () =>
  withCheckoutFolder(async (folder, environment) => {
    const tasks = (JSON.parse(textOf("deno.json")) as { tasks: Record<string, unknown> }).tasks;
    // The commands of docs/command.md are those of `--help`; tests/cli runs them, and replays README's console.
    const shell = blocks(/^(?:sh|bash)$/).filter(({ path }) => path !== "docs/command.md");
    assert(shell.length >= 2);
    for (const { path, line, text } of shell) {
      const here = `${path}:${line}`;
      for (const command of notEmpty(text.trim().split(/(?<!\\)\n/))) {
        const long = LONG_TASKS.exec(command)?.[1];
        if (long !== undefined) assert(long in tasks, `${here}: there is no task ${long}`);
        else {
          const directory = await Deno.makeTempDir({ dir: folder });
          await mustExecute("sh", ["-e", "-c", command], { directory, environment }).catch(
            (error) => {
              throw new Error(`${here}: ${command}`, { cause: error });
            },
          );
        }
      }
    }
  }));

test("every link between the documents leads to a file, and to a heading in it", () => {
  const broken: string[] = [];
  for (const path of GUIDES) {
    const text = textOf(path).replaceAll(/^```[\s\S]*?^```$/gm, "");
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g), ...text.matchAll(/^\[[^\]]+\]: (\S+)/gm)];
    for (const [, link = ""] of links) {
      if (/^[a-z]+:/.test(link)) continue;
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path : new URL(file, `file:///${path}`).pathname.slice(1);
      let content = "";
      try {
        if (Deno.statSync(`${ROOT}/${target}`).isFile) content = textOf(target);
      } catch {
        broken.push(`${path}: ${link}`);
        continue;
      }
      const headings = [...content.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => slug(heading));
      if (anchor !== undefined && !headings.includes(anchor)) broken.push(`${path}: ${link} (no such heading)`);
    }
  }
  assertEquals(broken, []);
});

test("README's examples are its only ones, and those for Deno need no more permissions than it names", () =>
  withCheckoutFolder(async (directory) => {
    const permissions = ["--allow-read=.", "--allow-write=."];
    assert(textOf("README.md").includes(`\`${permissions.join(" ")}\``));
    // The others are run by scripts/npm, with the package.
    const examples = blocks(/^[jt]s$/).filter(({ path }) => path === "README.md").map(({ text }) => text);
    assertEquals(examples, README_EXAMPLES.map(readmeExample));
    const args = ["run", "--no-prompt", "--no-check", "--quiet", `--config=${ROOT}/deno.json`, ...permissions];
    const follow = async (name: "Usage" | "Deno"): Promise<string> => {
      await Deno.writeTextFile(`${directory}/example.ts`, readmeExample(name));
      return await mustExecute(Deno.execPath(), [...args, "example.ts"], { directory });
    };
    assertEquals(await follow("Usage"), "");
    assertEquals(await Deno.readTextFile(`${directory}/report.txt`), "done\n");
    assertEquals(await follow("Deno"), "full\n{ runs: 1 }\n");
    assertEquals(await Deno.readTextFile(`${directory}/settings.json`), '{"theme":"dark"}\n');
  }));

test("README's examples are strict TypeScript", () =>
  // Outside of the checkout, whose configuration excludes its build folder from every check.
  withTemporaryDirectory(async (directory) => {
    const { compilerOptions } = JSON.parse(textOf("deno.json")) as { compilerOptions: Record<string, boolean> };
    const imports = { "@durable/atomic-write": `file://${ROOT}/mod.ts` };
    await Deno.writeTextFile(`${directory}/deno.json`, JSON.stringify({ compilerOptions, imports }));
    for (const name of README_EXAMPLES) {
      const declared = name === "Bun" ? "declare const Bun: { file(path: string): Blob };\n" : "";
      await Deno.writeTextFile(`${directory}/${name}.ts`, declared + readmeExample(name));
    }
    await Deno.writeTextFile(`${directory}/wrong.ts`, readmeExample("Node").replace("old?.starts", "old.starts"));
    const files = [...README_EXAMPLES.map((name) => `${name}.ts`), "wrong.ts"];
    const { output } = await execute(Deno.execPath(), ["check", "--quiet", ...files], { directory });
    // The one that is wrong shows that the others have been checked.
    assertEquals([...output.matchAll(/\/(\w+\.ts):\d+/g)].map(([, file]) => file), ["wrong.ts"], output);
  }));

test("the pictures are what would be drawn now from the trace, the guarantees and the floors", () => {
  for (const [path, draw] of Object.entries(PICTURES)) assertEquals(textOf(path), draw(), path);
  assert(drawnBelow("lock", "protocol") && !drawnBelow("protocol", "lock") && !drawnBelow("lock", "testing"));
});

test("no document is forgotten by the documents", () => {
  const everything = GUIDES.map(textOf).join("\n");
  for (const path of notEmpty(filesBelow("docs", ".md"))) {
    assert(everything.includes(path.replace(/^docs\//, "")), `${path} is not linked anywhere`);
  }
});
