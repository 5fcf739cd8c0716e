/** Mistakes in the protocol of versions. */
import type { Mutant } from "./mutant.ts";

const interleavings = ["tests/versioned/interleavings_test.ts"];
const versioned = ["tests/versioned/versioned_test.ts"];

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
    name: "the digest of a version is not compared",
    file: "src/protocol/versions/trailer.ts",
    from: `return trailerDigest(engine, content, trailer) === trailer.digest;`,
    to: `return trailerDigest(engine, content, trailer) !== "";`,
    tests: versioned,
  },
  {
    name: "another user's version in a directory like /tmp is believed",
    file: "src/protocol/versions/inspect_version.ts",
    from: `return user === 0 || user === directory.user`,
    to: `return user !== -1 || user === directory.user`,
    tests: versioned,
  },
];
