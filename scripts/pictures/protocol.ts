/**
 * The picture of one write: its calls from the golden trace, and what a crash leaves after each from the table in
 * docs/guarantees.md. A call or a step that one of them has and the other has not is an error, so the picture, the trace
 * and the table cannot drift apart.
 */
import { ROOT } from "../toolchain/folders.ts";
import { line, svg, WIDTH, wrap } from "./svg.ts";

const TRACE = "tests/golden/write_file_overwrite.txt";
const GUARANTEES = "docs/guarantees.md";

/** The calls of each step of the table, by the beginning of their lines in the trace. */
const CALLS: readonly [step: string, calls: readonly string[]][] = [
  ["open the directory", ["openDirectory data", "stat"]],
  ["look at the target, follow links", ["linkStat data/file"]],
  ["create the temporary file, lock it", ["create ", "tryLock exclusive"]],
  ["write", ["write "]],
  ["owner, mode", ["stat"]],
  ["sync the file", ["sync"]],
  ["close", ["close", "stat data", "linkStat data/file"]],
  ["rename", ["rename "]],
  ["sync the directory", ["sync data", "close"]],
];

/** Steps of the table that this write does not take, since they are not asked for. */
const OPTIONAL = [
  "backup, if asked: link the old file, sync the directory",
  "create only: remove the temporary name",
  "remove outdated backups",
];

export interface Step {
  title: string;
  calls: string[];
  /** What is on disk after a crash right then. */
  crash: string;
  targetState: string;
}

function tableRows(): Map<string, { crash: string; targetState: string }> {
  const text = Deno.readTextFileSync(`${ROOT}/${GUARANTEES}`);
  const section = text.split(/^## /m).find((part) => part.startsWith("One write, step by step")) ?? "";
  let crash = "";
  const rows = [...section.split(/^### /m)[0]?.matchAll(/^\| (.*?) +\| (.*?) +\| (.*?) +\|$/gm) ?? []].slice(2);
  return new Map(rows.map(([, step = "", left = "", state = ""]) => {
    if (left !== "likewise") crash = left.replaceAll("`", "");
    return [step.replaceAll("*", ""), { crash, targetState: state.replaceAll("`", "") }];
  }));
}

/** The steps of a write over an existing file. Throws where trace and table say different things. */
export function protocolSteps(): Step[] {
  const rows = tableRows();
  const trace = Deno.readTextFileSync(`${ROOT}/${TRACE}`).trim().split("\n").slice(1);
  const titles = CALLS.map(([title]) => title);
  const told = [...rows.keys()].filter((title) => !OPTIONAL.includes(title));
  if (told.join("\n") !== titles.join("\n")) {
    throw new Error(`${GUARANTEES} has the steps "${told.join('", "')}", the picture "${titles.join('", "')}"`);
  }
  const steps = CALLS.map(([title, expected]) => {
    const calls = trace.splice(0, expected.length);
    if (calls.length !== expected.length || !expected.every((start, index) => calls[index]?.startsWith(start))) {
      throw new Error(`${TRACE} does "${calls.join(", ")}" where the picture does "${expected.join(", ")}"`);
    }
    const { crash = "", targetState = "" } = rows.get(title) ?? {};
    return { title, calls: calls.map((call) => call.replaceAll("data/", "")), crash, targetState };
  });
  if (trace.length > 0) throw new Error(`${TRACE} has more calls than the picture: ${trace.join(", ")}`);
  return steps;
}

const BAR = 18;
const LEFT = 44;

export function protocolPicture(): string {
  const steps = protocolSteps();
  const title = "One write, call by call";
  const body = [line(BAR, 34, "ink bold", title), line(BAR, 56, "quiet", "and what a crash right then leaves")];
  let y = 78;
  let barTop = y;
  const bar = (kind: string, bottom: number) =>
    body.push(`<rect class="${kind}" x="${BAR}" y="${barTop}" width="8" height="${bottom - barTop}" rx="2"/>`);
  for (const { title, calls, crash } of steps) {
    const isCommit = title === "rename";
    if (isCommit) {
      bar("old-bar", y + 2);
      body.push(`<line class="line" x1="${BAR}" x2="${WIDTH - BAR}" y1="${y + 8}" y2="${y + 8}" stroke-width="2"/>`);
      barTop = y + 14;
      y += 16;
      body.push(line(LEFT, y + 16, "strong bold", "rename: the commit point"));
    } else body.push(line(LEFT, y + 16, "ink bold", title));
    y += 38;
    for (const text of wrap(calls.join(", "), 40)) {
      body.push(line(LEFT, y, "code quiet", text));
      y += 20;
    }
    for (const text of wrap(`→ ${crash}`, 46)) {
      body.push(line(LEFT, y, title === "rename" || barTop > 90 ? "new" : "quiet", text));
      y += 20;
    }
    y += 2;
  }
  bar("new-bar", y - 14);
  const description = steps.map(({ title, calls, crash }, index) =>
    `${index + 1}. ${title}${title === "rename" ? " (the commit point)" : ""}: ${
      calls.join(", ")
    }. A crash leaves: ${crash}.`
  ).join(" ");
  return svg({ title, description, height: y + 4, body });
}
