/** Who meets whom, and where: every pair of kinds at every place at which it can meet, and a few that are three. */
import { fileKinds } from "./file_kinds.ts";
import { largerKinds } from "./larger_kinds.ts";
import { closestPlace, type Meeting, type Place } from "./meeting.ts";
import type { Kind } from "./part.ts";

const kinds = [...fileKinds, ...largerKinds];
const places: readonly Place[] = ["one target", "one directory", "one file system"];

function meetingsOf(...[one, other]: [Kind, Kind]): Meeting[] {
  const possible = places.slice(places.indexOf(closestPlace(one, other)));
  return (["one", "each"] as const).flatMap((processes) =>
    possible.map((place): Meeting => ({ kinds: [one, other], place, processes }))
  );
}

/** By pair, from the closest place to the widest, in one process and in two. */
export const pairs: readonly (readonly Meeting[])[] = kinds.flatMap((one, index) =>
  kinds.slice(index).map((other) => meetingsOf(one, other))
);

function named(...names: string[]): Kind[] {
  return names.map((name) => {
    const kind = kinds.find((kind) => kind.name === name);
    if (kind === undefined) throw new Error(`There is no kind ${name}`);
    return kind;
  });
}

/** What takes three: who waits for a turn while another one waits, who is overtaken while a third one comes. */
export const threes: readonly Meeting[] = [
  named("write", "write", "write"),
  named("write", "backup", "synchronous write"),
  named("backup", "synchronous write", "remove"),
  named("update", "write", "update"),
  named("lock", "lock", "update"),
  named("transaction", "recovery", "write"),
  named("transaction", "transaction", "recovery"),
].map((kinds): Meeting => ({ kinds, place: "one target", processes: "one" }));
