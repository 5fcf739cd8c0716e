/**
 * The enumeration of crash states against an oracle: the rules of the model once more, written down as plainly as
 * possible (every combination of every change, no sharing, no cleverness), on random histories.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { SystemError } from "../../src/runtime/system_error.ts";
import { crashStates, memoryRuntime } from "../../src/testing/mod.ts";
import { SeededRandom } from "../../src/testing/random.ts";
import { mostlyOnDeno } from "../support/effort.ts";
import { encode, Raw } from "./support.ts";

/** What is written to a file: text at an offset, or (no text) a truncation to the offset. */
interface Write {
  offset: number;
  text: string | undefined;
  durable: boolean;
}

/** Names a directory is given, all at once. */
interface EntryChange {
  directory: string;
  names: [name: string, file: number | undefined][];
  durable: boolean;
}

/** A history, as the oracle remembers it. */
class Oracle {
  readonly writes: Write[][] = [];
  readonly changes: EntryChange[] = [];
  /** What programs see: `directory/name` → file. */
  readonly visible = new Map<string, number>();

  change(directory: string, names: EntryChange["names"]): void {
    this.changes.push({ directory, names, durable: false });
    for (const [name, file] of names) {
      if (file === undefined) this.visible.delete(`${directory}/${name}`);
      else this.visible.set(`${directory}/${name}`, file);
    }
  }

  /** Every state, as text. */
  states(): Set<string> {
    const states = new Set<string>();
    const open = this.changes.filter((change) => !change.durable);
    for (let kept = 0; kept < 2 ** open.length; kept++) {
      const names = new Map<string, number>();
      for (const change of this.changes) {
        if (!change.durable && (kept & (1 << open.indexOf(change))) === 0) continue;
        for (const [name, file] of change.names) {
          if (file === undefined) names.delete(`${change.directory}/${name}`);
          else names.set(`${change.directory}/${name}`, file);
        }
      }
      this.#withContents(names, [...new Set(names.values())], new Map(), states);
    }
    return states;
  }

  #withContents(names: Map<string, number>, files: number[], contents: Map<number, string>, states: Set<string>): void {
    const [file, ...rest] = files;
    if (file === undefined) {
      states.add(describeState([...names].map(([path, file]) => [path, contents.get(file) ?? "", file])));
      return;
    }
    let possible = [""];
    for (const write of this.writes[file] ?? []) {
      possible = [...new Set(possible.flatMap((content) => outcomes(content, write)))];
    }
    for (const content of possible) this.#withContents(names, rest, new Map(contents).set(file, content), states);
  }
}

function outcomes(content: string, { offset, text, durable }: Write): string[] {
  if (text === undefined) {
    const cut = content.slice(0, offset).padEnd(offset, "\0");
    return durable ? [cut] : [content, cut];
  }
  const put = (base: string, at: number, part: string) =>
    base.padEnd(at, "\0").slice(0, at) + part + base.slice(at + part.length);
  const done = put(content, offset, text);
  if (durable) return [done];
  const middle = text.length > 1 ? text.length >> 1 : text.length;
  const zeros = (length: number) => content.padEnd(offset + length, "\0");
  return [
    content,
    zeros(middle),
    zeros(text.length),
    put(zeros(middle), offset, text.slice(0, middle)),
    put(zeros(text.length), offset, text.slice(0, middle)),
    put(zeros(text.length), offset + middle, text.slice(middle)),
    done,
  ];
}

/** Names with contents, and which names are one file. */
function describeState(entries: readonly (readonly [path: string, content: string, file: unknown])[]): string {
  const sorted = [...entries].sort(([one], [two]) => one < two ? -1 : 1);
  const first = (file: unknown) => sorted.find(([, , other]) => other === file)?.[0];
  return sorted.map(([path, content, file]) => `${path}=${JSON.stringify(content)}@${first(file)}`).join(" ");
}

/** Does random things, on a simulated machine and in the oracle. */
function history(seed: number, length: number) {
  const random = new SeededRandom(seed);
  const machine = memoryRuntime({ files: { "/d/": { kind: "directory" }, "/e/": { kind: "directory" } } });
  const oracle = new Oracle();
  const raw = new Raw(machine);
  const fs = machine.syncFileSystem;
  const log: string[] = [];
  const place = () => ({ directory: random.chance(0.6) ? "/d" : "/e", name: random.chance(0.5) ? "a" : "b" });
  const attempt = (text: string, call: () => unknown, remember: () => void) => {
    try {
      if (call() === false) return;
    } catch (error) {
      if (error instanceof SystemError) return;
      throw error;
    }
    log.push(text);
    remember();
  };

  for (let step = 0; step < length; step++) {
    const { directory, name } = place();
    const other = place();
    const path = `${directory}/${name}`;
    const to = `${other.directory}/${other.name}`;
    const file = oracle.visible.get(path);
    const text = "xyz".slice(0, 1 + random.below(3));
    const action = random.below(10);
    if (action <= 2) {
      attempt(`put ${path} ${text}`, () => raw.put(path, text), () => {
        oracle.writes.push([{ offset: 0, text, durable: false }]);
        oracle.change(directory, [[name, oracle.writes.length - 1]]);
      });
    } else if (action === 3 && file !== undefined) {
      const offset = random.below(3);
      const handle = raw.open(path);
      handle.seek(offset);
      handle.write(encode(text));
      handle.close();
      oracle.writes[file]?.push({ offset, text, durable: false });
      log.push(`write ${path} ${offset} ${text}`);
    } else if (action === 4 && file !== undefined) {
      const size = random.below(2);
      const handle = raw.open(path);
      handle.truncate(size);
      handle.close();
      oracle.writes[file]?.push({ offset: size, text: undefined, durable: false });
      log.push(`truncate ${path} ${size}`);
    } else if (action === 5 && file !== undefined) {
      raw.syncFile(path);
      for (const write of oracle.writes[file] ?? []) write.durable = true;
      log.push(`sync ${path}`);
    } else if (action === 6) {
      raw.syncDirectory(directory);
      for (const change of oracle.changes) if (change.directory === directory) change.durable = true;
      log.push(`sync ${directory}`);
    } else if (action === 7) {
      attempt(`remove ${path}`, () => fs.remove(path), () => oracle.change(directory, [[name, undefined]]));
    } else if (action === 8 && file !== undefined) {
      attempt(
        `link ${path} ${to}`,
        () => fs.link(path, to),
        () => oracle.change(other.directory, [[other.name, file]]),
      );
    } else if (action === 9 && file !== undefined && oracle.visible.get(to) !== file) {
      attempt(`rename ${path} ${to}`, () => fs.rename(path, to), () => {
        if (directory === other.directory) oracle.change(directory, [[name, undefined], [other.name, file]]);
        else {
          oracle.change(other.directory, [[other.name, file]]);
          oracle.change(directory, [[name, undefined]]);
        }
      });
    }
  }
  return { machine, oracle, log };
}

describe("crash states", () => {
  it("are those of the oracle, for random histories", () => {
    let total = 0;
    for (let seed = 1; seed <= mostlyOnDeno({ quick: 50, normal: 200, long: 20_000 }); seed++) {
      const { machine, oracle, log } = history(seed, 9);
      if (crashStates(machine).count > 20_000) continue;
      const found = new Set<string>();
      for (const state of crashStates(machine)) {
        const files = state.start();
        const paths = Object.keys(files.files()).filter((path) => !path.endsWith("/"));
        found.add(
          describeState(paths.map((path) => [path, files.readText(path) ?? "", files.statusOf(path)?.identity])),
        );
      }
      const expected = oracle.states();
      const about = `seed ${seed}: ${log.join("; ")}`;
      assertEquals([...found].filter((state) => !expected.has(state)), [], `illegal states, ${about}`);
      assertEquals([...expected].filter((state) => !found.has(state)), [], `missing states, ${about}`);
      total += found.size;
    }
    assert(total > 200, String(total));
  });

  it("drawn by chance are among them", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { machine } = history(seed, 9);
      const all = crashStates(machine);
      if (all.count > 5000) continue;
      const pictures = new Set([...all].map((state) => state.picture));
      for (let draw = 0; draw < 30; draw++) {
        for (const loss of [0, 0.5, 1]) assert(pictures.has(all.sample(draw, loss).picture), `seed ${seed}`);
      }
    }
  });
});
