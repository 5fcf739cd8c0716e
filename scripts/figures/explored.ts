/** The tables of docs/proof.md, from what the explorations counted: tests/support/explored_figures.ts keeps it. */
import { readFileSync } from "node:fs";
import { listFiles, ROOT } from "../toolchain/folders.ts";
import { digestOf, SOURCES } from "./source.ts";

interface Counted {
  readonly what: string;
  readonly source: { readonly commit: string; readonly digest: string };
  readonly [count: string]: unknown;
}

function counted(): Counted[] {
  const files = listFiles("tests/golden/figures");
  if (files.length === 0) throw new Error("tests/golden/figures is empty: nothing was explored");
  return files.map((path) => JSON.parse(readFileSync(`${ROOT}/${path}`, "utf8")) as Counted);
}

const cell = (value: unknown): string => typeof value === "number" ? value.toLocaleString("en-US") : "";

function table(columns: Readonly<Record<string, string>>, rows: readonly Counted[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const keys = Object.keys(columns);
  const commits = [...new Set(rows.map(({ source }) => source.commit))];
  return [
    line(["What", ...Object.values(columns)]),
    line(["---", ...keys.map(() => "---:")]),
    ...rows.map((row) => line([row.what, ...keys.map((key) => cell(row[key]))])),
    "",
    `_Counted on the source as of ${commits.join(", ")}._`,
  ].join("\n");
}

/** Every crash. */
export const crashTable = (): string =>
  table(
    {
      explorations: "Explorations",
      calls: "Calls",
      states: "States",
      afterSecondCut: "Of them after a second cut",
      samples: "Explorations by sample",
    },
    counted().filter(({ states }) => states !== undefined),
  );

/** Every fault. */
export const faultTable = (): string =>
  table(
    { operations: "Operations", calls: "Calls", faults: "Faults" },
    counted().filter(({ faults }) => faults !== undefined),
  );

/** How many broken engines were tried, all of which were caught. */
export function controls(): string {
  const found = counted().find(({ controls }) => controls !== undefined);
  if (found === undefined) throw new Error("Nothing says how many negative controls there are");
  return `${found["caught"]} of ${found["controls"]} negative controls caught.`;
}

/** The counts that are older than what they count, by what they are of. */
export function outdatedCounts(): string[] {
  const digest = digestOf(SOURCES.explorations);
  return counted().filter(({ source }) => source.digest !== digest).map(({ what }) => what);
}
