/** Every file of the source opens with a comment that says what it is for, and is short enough to be read at once. */
import type { Module, Project, Violation } from "./project.ts";

const GETTING_LONG = 250;
const TOO_LONG = 300;
const SHORTEST_HEADER = 20;

function headerOf(text: string): string {
  const start = text.replace(/^#!.*\n/, "");
  return start.match(/^\/\*[^]*?\*\//)?.[0] ?? start.match(/^(\/\/.*\n)+/)?.[0] ?? "";
}

function checkModule({ path, source }: Module): Violation[] {
  const found: Violation[] = [];
  if (headerOf(source.text).length < SHORTEST_HEADER) {
    found.push({ path, line: 1, message: "opens without a comment that says what it is for", severity: "error" });
  }
  const lines = source.text.replace(/\n$/, "").split("\n").length;
  if (lines > GETTING_LONG) {
    const severity = lines > TOO_LONG ? "error" : "warning";
    found.push({
      path,
      line: lines,
      message: `has ${lines} lines; a file wants to be under ${GETTING_LONG}`,
      severity,
    });
  }
  return found;
}

/** The rule about files. */
export function checkShape(project: Project): Violation[] {
  return project.modules.flatMap(checkModule);
}
