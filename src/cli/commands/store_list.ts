/** `atomic-write store list DIR`. */
import type { Call, Outcome } from "../table.ts";
import type { table } from "../tables/store_list.ts";
import { openStore } from "./stored.ts";

/** Printed together: one call of the system for each would take longer than listing. */
const linesTogether = 256;

/** Runs the command. */
export async function run({ operands, json, print }: Call<typeof table>): Promise<Outcome> {
  const store = await openStore(operands.dir, "Cannot list");
  const objects: string[] = [];
  const flush = () => print(objects.splice(0).map((digest) => `${digest}\n`).join(""));
  for await (const digest of store.list()) {
    objects.push(digest);
    if (!json && objects.length >= linesTogether) flush();
  }
  if (!json) flush();
  return { result: { objects }, changing: false };
}
