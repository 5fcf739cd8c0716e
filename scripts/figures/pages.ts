/**
 * The parts of pages that are made from records: between `<!-- figures: NAME -->` and `<!-- end -->`. Everything there
 * is overwritten by `deno task figures`; what it means is said around it, without figures.
 */
import type { PowercutResults } from "../powercut.ts";
import { lossTable, tornTable } from "../powercut/comparison.ts";
import { byContestant, byTask, contention, listed, type Measured, type Served } from "./benches.ts";
import { comparedTable, type CompareResults } from "./compared.ts";
import { controls, crashTable, faultTable } from "./explored.ts";
import { type FiguresRecord, readRecord } from "./record.ts";

/** Where, when and how a record was made. */
function provenance({ measured, commit, command, system, processors, load }: FiguresRecord): string {
  const loads = [load.before[0], load.after[0]].filter((each) => each !== undefined);
  const busy = `load ${loads.length === 0 ? "not noted" : loads.join(" to ")} on ${processors} processors`;
  const [kernel = ""] = /^\w+ \d+\.\d+/.exec(system) ?? [];
  return `_Measured on ${measured.slice(0, 10)} by \`${command}\` on ${kernel}, source as of ${commit}, ${busy}._`;
}

const methodsOf = ({ results }: FiguresRecord<PowercutResults>) => results.comparison.flatMap(({ methods }) => methods);

/** How much each cell of the power cuts stands for. */
function exposure(record: FiguresRecord<PowercutResults>): string {
  const { afterSaving, whileSaving } = methodsOf(record)[0] ?? {};
  if (afterSaving === undefined || whileSaving === undefined) throw new Error("The power cuts compare nothing");
  const saves = afterSaving.acknowledged + afterSaving.failed;
  return `Each cell: ${saves} saves of ${afterSaving.files} files before ${afterSaving.cuts} cuts; ` +
    `${whileSaving.cuts} cuts during a save.`;
}

const powercut = () => readRecord<PowercutResults>("powercut");
const bench = (name: string) => readRecord<Measured>(name);

/** Every part of every page. */
export const PAGES: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  "README.md": {
    "what happens when": () => {
      const record = readRecord<CompareResults>("compare");
      return `${comparedTable(record, powercut())}\n\n${provenance(record)}`;
    },
    "power cuts": () => {
      const record = powercut();
      const all = methodsOf(record).filter(({ method }) => !/durability|&&|sponge/.test(method));
      return `${lossTable(all)}\n\n${exposure(record)} ${provenance(record)}`;
    },
  },
  "docs/proof.md": {
    "crashes": crashTable,
    "faults": () => `${faultTable()}\n\n${controls()}`,
  },
  "docs/proof_power_cuts.md": {
    "compared": () => {
      const record = powercut();
      return [
        "After the saves: files that had been acknowledged and were missing or old, and torn ones.",
        lossTable(methodsOf(record)),
        "During a save, beside a program that syncs: cuts after which the file was torn.",
        tornTable(methodsOf(record)),
        `${exposure(record)} ${provenance(record)}`,
      ].join("\n\n");
    },
  },
  "docs/benchmarks.md": {
    "writes": () =>
      `${byContestant(bench("write_file").results, "write-file-atomic")}\n\n${provenance(bench("write_file"))}`,
    "locks": () => {
      const record = readRecord<{ pairs: Measured; contended: Record<string, Served[]> }>("lock");
      const { pairs, contended } = record.results;
      return `${byContestant(pairs, "proper-lockfile")}\n\n${contention(contended)}\n\n${provenance(record)}`;
    },
    "transactions": () => {
      const record = bench("transaction");
      const tables = ["writeFile, one by one", "write-file-atomic, one by one"]
        .map((reference) => byTask(record.results, "applyFiles", reference));
      return [...tables, provenance(record)].join("\n\n");
    },
    "objects and records": () => {
      const record = bench("store");
      const pairs = [
        ["atomic-write put", "cacache put (no sync at all)"],
        ["atomic-write put", "git hash-object -w"],
        ["atomic-write putMany", "cacache put at once (no sync at all)"],
        ["atomic-write get", "cacache get"],
        ["atomic-write append, at once", "write and fsync for each record"],
        ["atomic-write append, one by one", "write and fsync for each record"],
      ] as const;
      const tables = pairs.map(([subject, reference]) => byTask(record.results, subject, reference));
      return [...tables, provenance(record)].join("\n\n");
    },
    "memory": () => {
      const record = readRecord<Record<string, number>>("memory");
      return `${listed(record.results, "MiB at the peak")}\n\n${provenance(record)}`;
    },
    "start": () => {
      const record = readRecord<Record<string, Record<string, Record<string, number>>>>("start_up");
      const found = record.results["times as long as an empty script"] ?? {};
      const flat = Object.entries(found).flatMap(([runtime, calls]) =>
        Object.entries(calls).map(([call, times]) => [`${runtime}, ${call}`, times] as const)
      );
      return `${listed(Object.fromEntries(flat), "times as long as an empty script")}\n\n${provenance(record)}`;
    },
  },
};

/** The records that pages print. */
export const RECORDS = [
  "compare",
  "powercut",
  "write_file",
  "lock",
  "transaction",
  "store",
  "memory",
  "start_up",
] as const;

/** A page with its parts made anew, before it is formatted. Throws when a part is missing, or nobody makes it. */
export function withFigures(path: string, text: string): string {
  const parts = { ...PAGES[path] };
  const made = text.replaceAll(/(<!-- figures: (.+?) -->\n)[\s\S]*?(<!-- end -->)/g, (_, begin, name, end) => {
    const make = parts[name];
    if (make === undefined) throw new Error(`${path}: nobody makes the figures "${name}", or they are there twice`);
    delete parts[name];
    return `${begin}\n${make()}\n\n${end}`;
  });
  const missing = Object.keys(parts);
  if (missing.length > 0) throw new Error(`${path} has no place for the figures "${missing.join('", "')}"`);
  return made;
}
