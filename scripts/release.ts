/**
 * Prepares a release: `deno task release 0.2.0` sets the version everywhere it is written and dates the changelog, unless
 * a record of measured figures is older than the source; look at
 * the difference, run `deno task ok`, commit, tag `v0.2.0` and push the tag, which publishes (.github/workflows).
 * `--check v0.2.0` only says whether the checkout is that version, and is not changed in any way.
 */
import { outdated } from "./figures.ts";
import { ROOT } from "./toolchain/folders.ts";

const VERSION = /^\d+\.\d+\.\d+(?:-[a-z]+\.\d+)?$/;

/** Every place that names the version, with the text around it. */
const PLACES: Record<string, RegExp> = {
  "deno.json": /("version": ")[^"]+(")/,
  "src/core/version.ts": /(= ")\d[^"]*(")/,
};

const read = (path: string): string => Deno.readTextFileSync(`${ROOT}/${path}`);

/** Which version each place names. */
function found(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(PLACES).map(([path, pattern]) => {
      const match = pattern.exec(read(path));
      if (match === null) throw new Error(`${path} names no version`);
      return [path, match[0].slice(match[1]?.length, -(match[2]?.length ?? 0))];
    }),
  );
}

/** Nobody releases figures of another source than the one that is released. */
function checkFigures(): void {
  const old = outdated();
  if (old.length > 0) throw new Error(`Pages print figures of another source:\n${old.join("\n")}`);
}

function checkVersion(version: string): void {
  for (const [path, named] of Object.entries(found())) {
    if (named !== version) throw new Error(`${path} says ${named}, not ${version}`);
  }
  const heading = read("CHANGELOG.md").split("\n").find((line) => line.startsWith("## "));
  if (!heading?.startsWith(`## ${version} (2`)) throw new Error(`CHANGELOG.md begins with "${heading}"`);
  if (/is not on JSR or npm yet/.test(read("README.md"))) {
    throw new Error("README.md says that nothing is published yet: take that paragraph out");
  }
}

function setVersion(version: string): void {
  for (const [path, pattern] of Object.entries(PLACES)) {
    Deno.writeTextFileSync(`${ROOT}/${path}`, read(path).replace(pattern, `$1${version}$2`));
  }
  const today = new Date().toISOString().slice(0, 10);
  const changelog = read("CHANGELOG.md").replace(/^## .* \(unreleased\)$/m, `## ${version} (${today})`);
  Deno.writeTextFileSync(`${ROOT}/CHANGELOG.md`, changelog);
  checkVersion(version);
}

if (import.meta.main) {
  const [first = "", second = ""] = Deno.args;
  const version = (first === "--check" ? second : first).replace(/^v/, "");
  if (!VERSION.test(version)) throw new TypeError("usage: deno task release [--check] 1.2.3");
  checkFigures();
  if (first === "--check") checkVersion(version);
  else setVersion(version);
  console.log(`This is ${version}`);
}
