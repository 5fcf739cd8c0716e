/** Each rule of scripts/check_layers.ts catches a planted violation, and lets the same thing pass where it is right. */
import { assertEquals, assertGreater } from "@std/assert";
import { ensureDirSync } from "@std/fs";
import { dirname, join } from "@std/path";
import { describe, it } from "node:test";
import { checkLayers } from "../../scripts/check_layers.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

const HEADER = "/** A file for a test of the layer check. */\n";
const OPERATION = `${HEADER}export type Operation<T> = Generator<PromiseLike<unknown>, T, unknown>;
export function* exists(): Operation<boolean> { return true; }
export function run<T>(start: () => Operation<T>): T { return start().next().value as T; }
`;
const USE_OPERATION = `${HEADER}import { exists, type Operation, run } from "./operation.ts";\n`;

/** The messages for a tree of files, each `path:line: message`. */
async function complaints(files: Record<string, string>, severity = "error"): Promise<string[]> {
  return await withTemporaryDirectory(async (root) => {
    for (const [path, text] of Object.entries(files)) {
      ensureDirSync(dirname(join(root, path)));
      Deno.writeTextFileSync(join(root, path), text.startsWith("/") || text === "" ? text : HEADER + text);
    }
    const found = (await checkLayers(root)).filter((violation) => violation.severity === severity);
    return found.map(({ path, line, message }) => `${path}:${line}: ${message}`);
  });
}

describe("the source of this repository", () => {
  it("keeps to its floors", async () => {
    const errors = (await checkLayers()).filter(({ severity }) => severity === "error");
    assertEquals(errors.map(({ path, line, message }) => `${path}:${line}: ${message}`), []);
  });
});

describe("phrases", () => {
  it("that nobody says are kept out of messages, comments and documents, not out of code and code blocks", async () => {
    assertEquals(
      await complaints({
        "src/core/a.ts":
          "// whoever reads this\nexport const message = `${1}: the lock was not had`;\nexport const begun = 1;\n",
        "README.md": "/ All is well.\n\n```text\nfor ever\n```\n\nIt waits for ever.\n",
        "docs/a.md": "/ Whoever locks it waits.\n",
      }),
      [
        'README.md:7: "for ever": better forever',
        'docs/a.md:1: "Whoever": better anyone who …, or the program that …',
        'src/core/a.ts:1: "whoever": better anyone who …, or the program that …',
        'src/core/a.ts:2: "not had": better available, or obtained',
      ],
    );
  });
});

describe("floors", () => {
  const target = "export const value = 1;\n";
  const imports = async (from: string, to: string) => {
    const up = "../".repeat(from.split("/").length - 1) || "./";
    const text = `import { value } from "${up}${to}";\nexport const other = value;\n`;
    return await complaints({ [from]: text, [to]: target });
  };
  const ALLOWED: [string, string][] = [
    ["src/protocol/a.ts", "src/core/b.ts"],
    ["src/protocol/a.ts", "src/runtime/b.ts"],
    ["src/lock/a.ts", "src/protocol/b.ts"],
    ["src/file/a.ts", "src/lock/b.ts"],
    ["src/store/a.ts", "src/file/b.ts"],
    ["src/transaction/a.ts", "src/publication/b.ts"],
    ["src/testing/a.ts", "src/runtime/b.ts"],
    ["src/cli/a.ts", "src/store/b.ts"],
    ["mod.ts", "src/file/b.ts"],
    ["cli.ts", "src/cli/b.ts"],
  ];
  const FORBIDDEN: [string, string][] = [
    ["src/core/a.ts", "src/runtime/b.ts"],
    ["src/runtime/a.ts", "src/protocol/b.ts"],
    ["src/runtime/a.ts", "src/testing/b.ts"],
    ["src/protocol/a.ts", "src/lock/b.ts"],
    ["src/protocol/a.ts", "src/testing/b.ts"],
    ["src/lock/a.ts", "src/file/b.ts"],
    ["src/file/a.ts", "src/store/b.ts"],
    ["src/store/a.ts", "src/log/b.ts"],
    ["src/log/a.ts", "src/file/b.ts"],
    ["src/publication/a.ts", "src/transaction/b.ts"],
    ["src/publication/a.ts", "src/file/b.ts"],
    ["src/testing/a.ts", "src/protocol/b.ts"],
    ["src/cli/a.ts", "mod.ts"],
    ["cli.ts", "mod.ts"],
    ["src/file/a.ts", "tests/b.ts"],
  ];
  for (const [from, to] of ALLOWED) {
    it(`${from} may import ${to}`, async () => assertEquals(await imports(from, to), []));
  }
  for (const [from, to] of FORBIDDEN) {
    it(`${from} may not import ${to}`, async () => assertEquals((await imports(from, to)).length, 1));
  }
  it("types, re-exports and dynamic imports are imports too", async () => {
    const text = `export type { Value } from "../store/b.ts";
export type Another = import("../store/b.ts").Value;
export const load = () => import("../store/b.ts");
`;
    const found = await complaints({ "src/log/a.ts": text, "src/store/b.ts": "export type Value = 1;\n" });
    assertEquals(found.map((line) => line.split(":")[1]), ["2", "3", "4"]);
  });
  it("a folder without a floor is refused", async () => {
    assertEquals((await complaints({ "src/somewhere/a.ts": target })).length, 1);
  });
  it("a circle is found, one of types only is none", async () => {
    const circle = (keyword: string) => ({
      "src/file/a.ts": `${keyword} { b } from "./b.ts";\nexport const a = 1;\nexport type B = typeof b;\n`,
      "src/file/b.ts": `import { a } from "./a.ts";\nexport const b = a;\n`,
    });
    assertEquals((await complaints(circle("import"))).length, 1);
    assertEquals(await complaints(circle("import type")), []);
  });
});

describe("the world outside", () => {
  it("registries are refused everywhere", async () => {
    for (const specifier of ["@std/path", "npm:left-pad", "jsr:@std/fs", "https://example.com/a.ts", "fs-ext"]) {
      const text = `import * as it from "${specifier}";\nexport const used = it;\n`;
      assertEquals((await complaints({ "src/runtime/a.ts": text })).length, 1, specifier);
    }
  });
  it("built-in modules are for src/runtime only", async () => {
    const text = `import * as fs from "node:fs";\nexport const used = fs;\n`;
    assertEquals(await complaints({ "src/runtime/a.ts": text }), []);
    for (const path of ["src/core/a.ts", "src/testing/a.ts", "cli.ts"]) {
      assertEquals((await complaints({ [path]: text }))[0]?.includes("only src/runtime may import"), true, path);
    }
  });
  it("an import that cannot be read is for src/runtime only", async () => {
    const text = `export const load = (name: string) => import(name);\n`;
    assertEquals(await complaints({ "src/runtime/a.ts": text }), []);
    assertEquals((await complaints({ "src/core/a.ts": text })).length, 1);
  });
  it("an import by a constant or through a function is read", async () => {
    const constant = 'const late = "../store/b.ts";\nexport const load = () => import(late);\n';
    const through = (name: string) =>
      `function load(path: string) {\n  return import(path);\n}\nexport const loaded = () => load(${name});\n`;
    const found = async (path: string, text: string) =>
      await complaints({ [path]: text, "src/store/b.ts": "export const value = 1;\n" });
    for (const text of [constant, through('"../store/b.ts"')]) {
      assertEquals(await found("src/cli/a.ts", text), []);
      assertEquals((await found("src/core/a.ts", text))[0]?.includes("may not import store"), true);
    }
    assertEquals((await found("src/cli/a.ts", through('"../store/" + "b.ts"'))).length, 1);
  });
  it("so are the globals of a runtime, but not what only has the same name", async () => {
    const uses = ["Deno.cwd()", "process.cwd()", "Buffer.from([])", "globalThis.process"];
    for (const use of uses) {
      const text = `export const used: unknown = ${use};\n`;
      assertEquals((await complaints({ "src/core/a.ts": text })).length, 1, use);
      assertEquals(await complaints({ "src/runtime/a.ts": text }), [], use);
    }
    const text = `export const read = (runtime: { process: number }) => runtime.process;
export const call = (process: () => number) => process();
`;
    assertEquals(await complaints({ "src/core/a.ts": text }), []);
  });
});

describe("names", () => {
  const NAMED = [
    `export const onLinux = 1;`,
    `export const is_windows = 1;`,
    `export const name = "deno";`,
    `export const name = "for Bun only";`,
    "export const name = (text: string) => `${text} on macOS`;",
    `export const test = (name: string) => /win32/.test(name);`,
    `export const test = (runtime: { node: number }) => runtime.node;`,
  ];
  for (const text of NAMED) {
    it(`are refused above the seam: ${text}`, async () => {
      for (const path of ["src/protocol/a.ts", "src/file/a.ts", "src/cli/a.ts", "mod.ts"]) {
        assertGreater((await complaints({ [path]: text + "\n" })).length, 0, path);
      }
      assertEquals(await complaints({ "src/runtime/a.ts": text + "\n" }), []);
    });
  }
  it("are allowed in comments, inside other words, and with a reason", async () => {
    const text = `// On Windows and Deno.
export const nodes = "bundle, inode, bunch";
// check-layers: allow -- the documentation's own word
export const name = "node";
`;
    assertEquals(await complaints({ "src/file/a.ts": text }), []);
    assertEquals((await complaints({ "src/file/a.ts": text.replace(/ -- .*/, "") })).length, 1);
  });
});

describe("files", () => {
  it("open with a comment", async () => {
    assertEquals((await complaints({ "src/file/a.ts": "" })).length, 1);
    assertEquals((await complaints({ "src/file/a.ts": "// Too short.\n" })).length, 1);
    assertEquals(await complaints({ "src/file/a.ts": `/** Says what the file is for. */\n` }), []);
  });
  it("are warned about at 250 lines and refused at 300", async () => {
    const lines = (count: number) => ({ "src/file/a.ts": HEADER + "export {};\n".repeat(count - 1) });
    assertEquals([await complaints(lines(250)), await complaints(lines(250), "warning")], [[], []]);
    assertEquals((await complaints(lines(300), "warning")).length, 1);
    assertEquals((await complaints(lines(301))).length, 1);
  });
});

describe("static initialisers", () => {
  const inClass = (member: string, method = "#go(): A { return new A(); }") =>
    complaints({
      "src/file/a.ts": `export class A {\n  ${member}\n  ${method}\n  go(): unknown { return this; }\n}\n`,
    });
  it("do not name their class where the compiler would break it", async () => {
    assertEquals((await inClass("static readonly first: A = new A();")).length, 1);
    assertEquals((await inClass("static { A.prototype.go(); }")).length, 1);
  });
  it("may say this, and may name it where there is no private method", async () => {
    assertEquals(await inClass("static readonly first: A = new this();"), []);
    assertEquals(await inClass("static readonly first: A = new A();", "other(): A { return new A(); }"), []);
  });
});

describe("a forgotten yield*", () => {
  const MISTAKES = [
    "function* f(): Operation<void> { exists(); }",
    "function* f(): Operation<void> { void exists(); }",
    "function* f(flag: boolean): Operation<void> { flag && exists(); }",
    "function* f(): Operation<void> { if (exists()) return; }",
    "function* f(): Operation<void> { if (!exists()) return; }",
    "function* f(): Operation<number> { return exists() ? 1 : 2; }",
    "function* f(flag: boolean): Operation<boolean> { return exists() && flag; }",
    "async function f(): Promise<void> { await exists(); }",
    "function* f(): Generator<unknown, void, unknown> { yield exists(); }",
    "function f(list: number[]): void { list.forEach(() => exists()); }",
    "function f(thing: { go(): Operation<void> }): void { thing.go(); }",
  ];
  const RIGHT = [
    "function* f(): Operation<boolean> { return yield* exists(); }",
    "function* f(): Operation<void> { if (yield* exists()) return; }",
    "function* f(): Operation<void> { yield* exists(); }",
    "function f(): Operation<boolean> { return exists(); }",
    "function f(): boolean { return run(exists); }",
    "function f(): boolean { return run(() => exists()); }",
    "function f(): Operation<boolean>[] { const kept = exists(); return [kept]; }",
    "function f(): void { let kept: Operation<boolean> | undefined; kept = exists(); run(() => kept ?? exists()); }",
    "function f(wait: Promise<void>): Promise<void> { return wait.then(async () => { await wait; }); }",
  ];
  const inFile = (text: string) =>
    complaints({
      "src/core/operation.ts": OPERATION,
      "src/core/a.ts": `${USE_OPERATION}export ${text}\nexport { exists, type Operation, run };\n`,
    });
  for (const text of MISTAKES) {
    it(`is found: ${text}`, async () => assertEquals((await inFile(text)).map((line) => line.split(":")[1]), ["3"]));
  }
  for (const text of RIGHT) {
    it(`is none: ${text}`, async () => assertEquals(await inFile(text), []));
  }
});
