/** `atomic-write store get DIR DIGEST`. */
import type { Call, Outcome } from "../table.ts";
import type { table } from "../tables/store_get.ts";
import { contentForMachines, openStore, readDigest } from "./stored.ts";

/** Runs the command. */
export async function run({ operands, json, print }: Call<typeof table>): Promise<Outcome> {
  const digest = readDigest(operands.digest, "DIGEST");
  const store = await openStore(operands.dir, "Cannot read from");
  if (json) {
    const bytes = await store.get(digest);
    return { result: { digest, bytes: bytes.length, ...contentForMachines(bytes) }, changing: false };
  }
  let bytes = 0;
  for await (const piece of store.stream(digest)) {
    bytes += piece.length;
    print(piece);
  }
  return { result: { digest, bytes }, changing: false };
}
