/**
 * The picture of the house: a part may import what is drawn somewhere below it, and nothing else. `drawnBelow` says that
 * of the drawing, so that it can be compared with the floors that scripts/layers/floors.ts allows.
 */
import { mayImport, type Part, PARTS } from "../layers/floors.ts";
import { line, svg } from "./svg.ts";

interface Box {
  part: Part;
  /** First and last column, first and last row from the top. */
  columns: [number, number];
  rows: [number, number];
  label: string;
  /** What it does, where there is room to say it. */
  role?: string;
}

const BOXES: readonly Box[] = [
  {
    part: "doors",
    columns: [0, 5],
    rows: [0, 0],
    label: "mod.ts, cli.ts, src/*/mod.ts",
    role: "named re-exports, no logic",
  },
  { part: "cli", columns: [0, 3], rows: [1, 1], label: "cli", role: "the command" },
  { part: "transaction", columns: [0, 0], rows: [2, 2], label: "transaction" },
  { part: "publication", columns: [0, 0], rows: [3, 3], label: "publication" },
  { part: "log", columns: [1, 1], rows: [2, 3], label: "log" },
  { part: "store", columns: [2, 2], rows: [2, 2], label: "store" },
  { part: "versioned", columns: [3, 3], rows: [2, 2], label: "versioned" },
  { part: "compat", columns: [4, 4], rows: [1, 2], label: "compat" },
  { part: "file", columns: [2, 4], rows: [3, 3], label: "file", role: "one function a file" },
  { part: "lock", columns: [0, 4], rows: [4, 4], label: "lock", role: "turns, kernel lock, lock directory" },
  { part: "protocol", columns: [0, 4], rows: [5, 5], label: "protocol", role: "the engine: stage, commit, sync" },
  { part: "testing", columns: [5, 5], rows: [1, 5], label: "testing" },
  {
    part: "runtime",
    columns: [0, 5],
    rows: [6, 6],
    label: "runtime",
    role: "the only files that touch Deno, Node, Bun",
  },
  { part: "core", columns: [0, 5], rows: [7, 7], label: "core", role: "no I/O, no runtime" },
];

const overlap = (a: readonly [number, number], b: readonly [number, number]) => a[0] <= b[1] && b[0] <= a[1];

/** Whether `lower` is drawn below `upper`. */
export function drawnBelow(upper: Part, lower: Part): boolean {
  const find = (wanted: Part) => BOXES.find(({ part }) => part === wanted);
  const [above, below] = [find(upper), find(lower)];
  if (above === undefined || below === undefined) throw new Error(`${upper} or ${lower} is not in the picture`);
  return below.rows[0] > above.rows[1] && overlap(above.columns, below.columns);
}

const EDGES = [9, 107, 139, 187, 269, 326, 397];
const [TOP, ROW, GAP] = [76, 58, 6];

export function housePicture(): string {
  for (const upper of PARTS) {
    for (const lower of PARTS) {
      if (upper !== lower && mayImport(upper, lower) !== drawnBelow(upper, lower)) {
        throw new Error(`scripts/layers/floors.ts and the picture differ: may ${upper} import ${lower}?`);
      }
    }
  }
  const title = "Source layout: imports go down only";
  const body = [
    line(16, 34, "ink bold", title),
    line(16, 56, "quiet", "a part may import what is below it"),
  ];
  for (const { columns, rows, label, role } of BOXES) {
    const [left = 0, right = 0] = [EDGES[columns[0]], EDGES[columns[1] + 1]];
    const top = TOP + rows[0] * ROW;
    const [width, height] = [right - left - GAP, (rows[1] - rows[0] + 1) * ROW - GAP];
    const [x, middle] = [left + (right - left - GAP) / 2, top + height / 2];
    body.push(`<rect class="box" x="${left}" y="${top}" width="${width}" height="${height}" rx="5"/>`);
    body.push(line(x, middle + (role === undefined ? 5 : -4), "code ink bold", label, "middle"));
    if (role !== undefined) body.push(line(x, middle + 16, "quiet", role, "middle"));
  }
  const description = PARTS.map((upper) => {
    const lower = PARTS.filter((part) => upper !== part && mayImport(upper, part));
    return `${upper} may import ${lower.length === 0 ? "nothing" : lower.join(", ")}.`;
  }).join(" ");
  return svg({ title, description, height: TOP + 8 * ROW + 10, body });
}
