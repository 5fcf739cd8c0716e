/** The public functions of `./store` that have options, and the rows of each. */
import {
  type Digest,
  openObjectStore,
  openObjectStoreSync,
  openReferences,
  openReferencesSync,
} from "../../src/store/mod.ts";
import { writeFileSync } from "../../mod.ts";
import { digestOf } from "../proof/write_features.ts";
import { lockedAt } from "./lock_rows.ts";
import type { OptionRow, Scene, Seen } from "./option_row.ts";
import { answer, type Tested, throwing, twins } from "./tested_function.ts";
import { runtimeRow, signalRow, simulatedOnly, syncRows, unsafePathRow, writeRows } from "./write_rows.ts";

const code = ({ code }: Seen): unknown => code;

const store = ({ machine }: Scene) => openObjectStoreSync("/store", { runtime: machine });
const storeTwins = (
  name: string,
  asynchronous: (store: Awaited<ReturnType<typeof openObjectStore>>, options: object, path: string) => unknown,
  synchronous: (store: ReturnType<typeof openObjectStoreSync>, options: object, path: string) => unknown,
  needed?: Readonly<Record<string, unknown>>,
): Tested["called"] => ({
  ...twins(
    name,
    async (path, options, { runtime }) =>
      await asynchronous(await openObjectStore("/store", { runtime }), options, path),
    (path, options, { runtime }) => synchronous(openObjectStoreSync("/store", { runtime }), options, path),
  ),
  bound: true,
  ...needed === undefined ? {} : { needed },
});
const digest = digestOf("source") as Digest;
const placeIn = (directory: string, digest: Digest) => `${directory}/${digest.slice(0, 2)}/${digest.slice(2)}`;
const filled = (scene: Scene): void => void store(scene).put("source");
/** Another content in the object's place. */
const rotten = (scene: Scene): void => {
  filled(scene);
  scene.machine.syncFileSystem.remove(placeIn("/store", digest));
  writeFileSync(placeIn("/store", digest), "rot", { runtime: scene.machine });
};
const digestRow: OptionRow = {
  option: "digest",
  value: digestOf("other"),
  see: code,
  without: undefined,
  with: "ECONFLICT",
};

/** What a store and its references have in common. */
const openRows = (lock: string, unsynced: "file" | "none"): OptionRow[] => [
  ...syncRows.map((row) => ({
    ...row,
    see: answer,
    with: row.option === "whenSyncFails" ? unsynced : row.with,
  })),
  { ...lockedAt(`/d/${lock}`), option: "timeout", value: 0, without: undefined, with: "EBUSY", see: code },
  { ...unsafePathRow, path: "/n/d" },
  { ...runtimeRow, path: simulatedOnly },
];

const stores: Tested[] = [
  {
    called: twins(
      "openObjectStore",
      async (path, options) => {
        const store = await openObjectStore(path, options);
        const { digest } = { digest: await store.put("source") };
        await store.collectGarbage({ reachable: [digest] });
        return store.durability;
      },
      (path, options) => {
        const store = openObjectStoreSync(path, options);
        const digest = store.put("source");
        store.collectGarbage({ reachable: [digest] });
        return store.durability;
      },
      { path: "/d" },
    ),
    rows: [
      ...openRows("objects", "none"),
      {
        option: "mode",
        value: 0o600,
        see: ({ machine }) => machine.statusOf(placeIn("/d", digest))?.mode,
        without: 0o444,
        with: 0o400,
      },
    ],
  },
  {
    called: storeTwins(
      "store.put",
      (store, options) => store.put("source", options),
      (store, options) => store.put("source", options),
    ),
    rows: [digestRow, signalRow, throwing("onStored")],
  },
  {
    called: storeTwins(
      "store.putFile",
      (store, options) => store.putFile("/s", options),
      (store, options) => store.putFile("/s", options),
    ),
    rows: [digestRow, signalRow, throwing("onStored")],
  },
  {
    called: storeTwins(
      "store.restore",
      async (store, options, path) => await store.restore(await store.put("source"), path, options),
      (store, options, path) => store.restore(store.put("source"), path, options),
    ),
    rows: writeRows.filter(({ option }) => !["runtime", "digest"].includes(option)),
  },
  {
    called: storeTwins(
      "store.verify",
      (store, options) => store.verify(options),
      (store, options) => store.verify(options),
    ),
    rows: [
      throwing("onProgress", { before: filled }),
      {
        option: "quarantine",
        value: true,
        before: rotten,
        see: ({ machine }) => machine.readText(`/store/damaged/${digest}`),
        without: undefined,
        with: "rot",
      },
    ],
  },
  {
    called: storeTwins(
      "store.collectGarbage",
      async (store, options) => (await store.collectGarbage(options as { reachable: Digest[] })).removed.length,
      (store, options) => store.collectGarbage(options as { reachable: Digest[] }).removed.length,
      { reachable: [] },
    ),
    rows: [
      {
        option: "grace",
        value: 1_000,
        before: (scene) => (filled(scene), scene.machine.clock.pause(60_000)),
        see: answer,
        without: 0,
        with: 1,
      },
      {
        option: "dryRun",
        value: true,
        base: { grace: 1_000 },
        before: (scene) => (filled(scene), scene.machine.clock.pause(60_000)),
        see: (seen) => [answer(seen), store(seen).has(digest)],
        without: [1, false],
        with: [1, true],
      },
      {
        ...throwing("onProgress"),
        base: { grace: 1_000 },
        before: (scene) => (filled(scene), scene.machine.clock.pause(60_000)),
      },
    ],
  },
];

const other = digestOf("other") as Digest;
const referenceTwins = (
  name: string,
  asynchronous: (references: Awaited<ReturnType<typeof openReferences>>, options: object) => unknown,
  synchronous: (references: ReturnType<typeof openReferencesSync>, options: object) => unknown,
): Tested => ({
  called: {
    ...twins(
      name,
      async (_path, options, { runtime }) => {
        const references = await openReferences("/references", { runtime });
        await references.update("main", digest);
        return await asynchronous(references, options);
      },
      (_path, options, { runtime }) => {
        const references = openReferencesSync("/references", { runtime });
        references.update("main", digest);
        return synchronous(references, options);
      },
    ),
    bound: true,
  },
  rows: [{ option: "expected", value: other, see: code, without: undefined, with: "ECONFLICT" }],
});

const references: Tested[] = [
  {
    called: twins(
      "openReferences",
      async (path, options) => {
        const references = await openReferences(path, options);
        await references.update("main", digest);
        return references.durability;
      },
      (path, options) => {
        const references = openReferencesSync(path, options);
        references.update("main", digest);
        return references.durability;
      },
      { path: "/d" },
    ),
    rows: openRows("references", "file"),
  },
  referenceTwins(
    "references.update",
    (references, options) => references.update("main", other, options),
    (references, options) => references.update("main", other, options),
  ),
  referenceTwins(
    "references.remove",
    (references, options) => references.remove("main", options),
    (references, options) => references.remove("main", options),
  ),
  {
    ...referenceTwins(
      "references.setHead",
      (references, options) => references.setHead("main", options),
      (references, options) => references.setHead("main", options),
    ),
    rows: [{ option: "expected", value: "other", see: code, without: undefined, with: "ECONFLICT" }],
  },
];

/** Every function of `./store` that has options. */
export const storeFunctions: readonly Tested[] = [...stores, ...references];
