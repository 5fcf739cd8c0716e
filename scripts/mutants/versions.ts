/** Mistakes in the protocol of versions. */
import type { Mutant } from "./mutant.ts";

const interleavings = ["tests/versioned/interleavings_test.ts"];
const versioned = ["tests/versioned/versioned_test.ts"];
const crashes = ["tests/versioned/crash_test.ts"];
const schedules = ["tests/versioned/schedules_test.ts"];

export const versionMutants: readonly Mutant[] = [
  {
    name: "a version that was made from an old listing is not withdrawn",
    file: "src/protocol/versions/publish_version.ts",
    from: `if (!(yield* isFileThere(file, pending))) return true;`,
    to: `return true;`,
    tests: interleavings,
  },
  {
    name: "a version that was overtaken is withdrawn although others have built on it",
    file: "src/protocol/versions/publish_version.ts",
    from: `if (!(yield* isFileThere(file, pending))) return true;`,
    to: ``,
    tests: interleavings,
  },
  {
    name: "a link whose reply was lost counts as another program's",
    file: "src/protocol/versions/publish_version.ts",
    from: `  if (isMine) return true;
`,
    to: ``,
    tests: interleavings,
  },
  {
    name: "a cleaner does not prove what it leaves as the oldest",
    file: "src/protocol/versions/clean_versions.ts",
    from: `if (pending.length > 0) {`,
    to: `if (pending.length < 0) {`,
    tests: interleavings,
  },
  {
    name: "the first version is removed, and its number free again",
    file: "src/protocol/versions/clean_versions.ts",
    from: `  if (trailer.number === 1) {`,
    to: `  if (trailer.number === 0) {`,
    tests: interleavings,
  },
  {
    name: "a call that changes nothing says that a file is shown which lags",
    file: "src/protocol/versions/change_version.ts",
    from: `: yield* showNewest(file, base, undefined);`,
    to: `: { shown: plan.refresh };`,
    tests: versioned,
  },
  {
    name: "an overtaken writer reports a file as shown that others still have to replace",
    file: "src/protocol/versions/change_version.ts",
    from: `const newest = isNewest ? known : yield* latestVersion(file);`,
    to: `const newest = isNewest ? known : undefined;`,
    tests: interleavings,
  },
  {
    name: "a file that goes while its attributes are looked at fails the write",
    file: "src/protocol/attributes.ts",
    from: `"ESTALE", "ENOENT"]);`,
    to: `"ESTALE"]);`,
    tests: ["tests/attributes_test.ts"],
  },
  {
    name: "in a directory like /tmp a version is built on another user's, and then refused by all others",
    file: "src/protocol/versions/inspect_version.ts",
    from: `return own === 0 || own === directory.user || own === user;`,
    to: `return own >= 0 || own === directory.user || own === user;`,
    tests: versioned,
  },
  {
    name: "the digest of a version is not compared",
    file: "src/protocol/versions/trailer.ts",
    from: `return trailerDigest(engine, content, trailer) === trailer.digest;`,
    to: `return trailerDigest(engine, content, trailer) !== "";`,
    tests: versioned,
  },
  {
    name: "another user's version in a directory like /tmp is trusted",
    file: "src/protocol/versions/inspect_version.ts",
    from: `return user === 0 || user === directory.user`,
    to: `return user !== -1 || user === directory.user`,
    tests: versioned,
  },
  {
    name: "a version is written whatever version is expected",
    file: "src/versioned/write_versioned.ts",
    from: `  if (actual === expected) return;`,
    to: `  if (actual !== undefined) return;`,
    tests: versioned,
  },
  {
    name: "a version is written over any content",
    file: "src/versioned/write_versioned.ts",
    from: `if (actual !== expected) throw contentConflict`,
    to: `if (actual === expected && expected === "") throw contentConflict`,
    tests: versioned,
  },
  {
    name: "one try more is made than was asked for",
    file: "src/versioned/update_versioned.ts",
    from: `if (tries >= retries) throw`,
    to: `if (tries > retries) throw`,
    tests: versioned,
  },
  {
    name: "something older is taken for a damaged version",
    file: "src/protocol/versions/latest_version.ts",
    from: `if (seen.kind === "damaged") throw damagedVersion(entry, "its content is not what was written");`,
    to: `if (seen.kind === "damaged") continue;`,
    tests: versioned,
  },
  {
    name: "an older version is taken for one that has just gone",
    file: "src/protocol/versions/latest_version.ts",
    from: `if (seen.kind === "gone") return "again";`,
    to: `if (seen.kind === "gone") continue;`,
    tests: [...interleavings, ...schedules],
  },
  {
    name: "one version less stays than was asked for",
    file: "src/protocol/versions/clean_versions.ts",
    from: `const last = newest - file.plan.keep;`,
    to: `const last = newest - file.plan.keep + 1;`,
    tests: versioned,
  },
  {
    name: "a cleaner begins with the newest of the old ones",
    file: "src/protocol/versions/clean_versions.ts",
    from: `.filter(({ number }) => number <= last).reverse();`,
    to: `.filter(({ number }) => number <= last);`,
    tests: schedules,
  },
  {
    name: "a cleaner proves what it has not seen the base of any more",
    file: "src/protocol/versions/clean_versions.ts",
    from: `if (!isBase || !(yield* isStillThere(file, number, seen.trailer.token))) return "stop";`,
    to: `if (!isBase) return "stop";`,
    tests: interleavings,
  },
  {
    name: "a cleaner proves a version because there is a later one, made from whatever",
    file: "src/protocol/versions/clean_versions.ts",
    from: `if (ownPending.length > 0 && !isBase) return "go on";`,
    to: ``,
    tests: interleavings,
  },
  {
    name: "a cleaner proves what was not made from what it has seen",
    file: "src/protocol/versions/clean_versions.ts",
    from: `if (!isBase || !(yield*`,
    to: `if (!(yield*`,
    tests: [...interleavings, ...schedules],
  },
  {
    name: "the name of a version is not synced",
    file: "src/protocol/versions/publish_version.ts",
    from: `const directorySynced = yield* syncDirectory(engine, parent, plan.write, attempt);`,
    to: `const directorySynced = true;`,
    tests: crashes,
  },
  {
    name: "a writer that has replaced the file does not check once more",
    file: "src/protocol/versions/refresh_view.ts",
    from: `if (!versions.some((other) => other.number > shown.number)) return;`,
    to: `return;`,
    tests: interleavings,
  },
];
