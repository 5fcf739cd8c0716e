/**
 * Whether a temporary name is what says of a version that it is pending, while nothing shows that the version is proven:
 * then nobody but its maker may remove the name. A sweep would otherwise prove what was made from an old listing.
 */
import { type Operation, wait } from "../../core/operation.ts";
import type { FileStatus } from "../../runtime/runtime.ts";
import { childOf, type Engine } from "../engine.ts";
import { beginReading } from "../failure.ts";
import { isVersionOf, parseVersionName } from "../names/version.ts";
import { inspectVersion } from "./inspect_version.ts";
import { isProvenVersion } from "./proof.ts";
import { listVersions } from "./versioned_file.ts";

/** Looks at the file with this status, which is in `directory` under a temporary name. */
export function* isUnprovenStage(engine: Engine, directory: string, status: FileStatus): Operation<boolean> {
  if (status.kind !== "file" || status.links < 2) return false;
  const { fileSystem } = engine;
  const home = yield* wait(fileSystem.stat(directory));
  if (home === undefined) return false;
  for (const { name } of (yield* wait(fileSystem.readDirectory(directory))) ?? []) {
    const parsed = parseVersionName(name);
    if (parsed === undefined) continue;
    const path = childOf(engine, directory, name);
    if ((yield* wait(fileSystem.linkStat(path)))?.identity !== status.identity) continue;
    const target = {
      path: childOf(engine, directory, parsed.target),
      directory,
      name: parsed.target,
      status: undefined,
    };
    const place = { engine, target, directory: home, attempt: beginReading("Cannot read", path) };
    const seen = yield* inspectVersion(engine, { path, number: parsed.number }, home);
    const listing = yield* listVersions(place);
    const isHighest = !listing.versions.some(({ number }) => number > parsed.number);
    return seen.kind === "version" && isVersionOf(parsed, target.name) && !isHighest &&
      !(yield* isProvenVersion(place, seen, listing));
  }
  return false;
}
