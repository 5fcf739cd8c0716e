/** An examination as people read it: a line for each thing, what it means, and what to do. */
import { columns, wrap } from "../layout.ts";
import { bytesText, countText, shortTimeText } from "../quantity.ts";
import { shownName, shownText } from "../shown.ts";
import type { Examination, Measured } from "./examine.ts";
import { type Failed, isFailed } from "./probe.ts";
import type { Verdict } from "./verdict.ts";

type Row = readonly [string, string];

/** A row, or that it failed. */
function row<T>(label: string, answer: T | Failed, text: (answer: T) => string): Row {
  return [label, isFailed(answer) ? `no: ${answer.failed}` : text(answer as T)];
}

const yes = (is: boolean, detail = "") => `${is ? "yes" : "no"}${detail === "" ? "" : `: ${detail}`}`;

function measuredRows(found: Measured): Row[] {
  return [
    row("file sync", found.fileSync, ({ milliseconds }) => yes(true, shortTimeText(milliseconds))),
    found.directorySync === undefined
      ? ["directory sync", "no: not supported here"]
      : row("directory sync", found.directorySync, ({ milliseconds }) => yes(true, shortTimeText(milliseconds))),
    row("atomic replacement", found.replacement, ({ replacements, reads, torn, missing }) => {
      if (reads === 0) return "not checked: no other process could be started";
      const seen = `${countText(reads, "read")} by another process`;
      return yes(
        torn + missing === 0,
        `${seen} during ${countText(replacements, "replacement")}: ${torn} torn, ${missing} without a file`,
      );
    }),
    row("lock", found.locking, ({ backend, by, milliseconds, excludes }) => {
      const how = backend === "directory" ? "a lock directory" : `flock by a ${by}`;
      const others = excludes === "unchecked"
        ? "whether it excludes a second process was not checked"
        : `it ${excludes ? "keeps" : "does not keep"} a second process out`;
      return yes(excludes !== false, `${how}, ${shortTimeText(milliseconds)}; ${others}`);
    }),
    row("versions", found.versions, ({ by, milliseconds, made, kept }) => {
      const how = by === "link" ? "by hard links" : "by directories that are renamed";
      const outcome = `${kept} of ${countText(made, "change")} at once are in the result`;
      return yes(kept === made, `changes without a lock ${how}, ${shortTimeText(milliseconds)}; ${outcome}`);
    }),
    row("hard links", found.hardLinks, ({ hard }) => yes(hard)),
    row("no-replace", found.hardLinks, ({ noReplace }) => yes(noReplace, "a new name never replaces another")),
    row("exchange", found.exchange, (is) => is === "unchecked" ? "not checked: nothing here relies on it" : yes(is)),
    row("reflink", found.sharedBlocks, (is) => yes(is, is ? "copies share blocks" : "copies are written out")),
    row("symlinks", found.symbolicLinks, (is) => yes(is)),
    row("names", found.names, ({ caseFolded, normalized }) => {
      const cases = caseFolded ? "case is folded: A and a are one name" : "case matters";
      return normalized ? `${cases}; letters are normalized` : cases;
    }),
    row("mode sticks", found.metadata, ({ mode }) => yes(mode)),
    row(
      "owner sticks",
      found.metadata,
      ({ owner }) =>
        owner === "none"
          ? "no: there are no owners"
          : owner === "not permitted"
          ? "not permitted to this user"
          : yes(owner),
    ),
    row("lists, attributes", found.metadata, ({ attributes }) => {
      const text = "access control lists, attributes and labels of a file that is replaced are";
      return yes(
        attributes,
        attributes
          ? `${text} kept`
          : `${text} invisible here, so they are not kept; a list's mask becomes group permissions`,
      );
    }),
  ];
}

function firstRows(
  { fileSystem, runtime, foreignCalls, measured, unwritable }: Examination,
  { full, reasons }: Verdict,
): Row[] {
  const writing = measured?.writing;
  const reached = writing === undefined || isFailed(writing)
    ? ""
    : `a write of 4 KiB takes ${shortTimeText(writing.milliseconds)} and reports "${writing.durability}"`;
  const mounted = fileSystem?.mountPoint === undefined
    ? ""
    : ` on ${fileSystem.mountPoint} (${fileSystem.mountOptions?.replaceAll(",", ", ")})`;
  return [
    ["full durability", yes(full, [...reasons, reached].filter((text) => text !== "").join("; "))],
    ["runtime", runtime],
    ["foreign calls", foreignCalls === undefined ? "no" : yes(true, `through ${foreignCalls}`)],
    ["file system", fileSystem === undefined ? "not known" : `${fileSystem.type}${mounted}`],
    ["writable", yes(unwritable === undefined, unwritable?.failed ?? "")],
  ];
}

function roomRows({ fileSystem, limits, versioned, abandoned }: Examination): Row[] {
  const rows: Row[] = [
    row("longest name, path", limits, ({ name, path }) => `${countText(name, "byte")}, ${countText(path, "byte")}`),
  ];
  if (fileSystem !== undefined) {
    const { freeBytes, totalBytes, freeFiles, totalFiles } = fileSystem;
    rows.push(["free space", `${bytesText(freeBytes)} of ${bytesText(totalBytes)}`]);
    if (totalFiles > 0) rows.push(["free inodes", `${freeFiles} of ${totalFiles}`]);
  }
  if (!isFailed(versioned) && versioned.files > 0) {
    rows.push(["versioned", `${countText(versioned.files, "file")}, with ${countText(versioned.versions, "version")}`]);
  }
  rows.push(
    row("abandoned", abandoned, ({ removable, kept }) => {
      const others = kept === 0 ? "" : `, and ${kept} of writers that may live`;
      return `${countText(removable, "temporary file")} of dead writers${others}`;
    }),
  );
  return rows;
}

const escape = "\u001b[";

/** Colours the answers: green and red, and yellow where it depends. */
function paint(line: string): string {
  return line.replace(/^( {2}[a-z][a-z, -]*? {2,})(yes|no)\b/, (_, label, answer) => {
    return `${label}${escape}${answer === "yes" ? 32 : 31}m${answer}${escape}0m`;
  });
}

/** The lines. */
export function reportLines(found: Examination, verdict: Verdict, width: number, coloured: boolean): string[] {
  const measured = found.measured === undefined ? [] : measuredRows(found.measured);
  const table = columns([...firstRows(found, verdict), ...measured, ...roomRows(found)], width).map(shownText);
  const advice = verdict.advice.flatMap((text) =>
    wrap(shownText(text), width, "    ").map((line, index) => index === 0 ? `  - ${line.trimStart()}` : line)
  );
  return [
    shownName(found.directory),
    ...coloured ? table.map(paint) : table,
    ...advice.length === 0 ? [] : ["To get more:", ...advice],
  ];
}
