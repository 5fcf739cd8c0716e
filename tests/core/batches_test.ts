import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { Batches } from "../../src/core/batches.ts";

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

test("batches take what is asked for in one turn together, then what came in the meantime, in order", async () => {
  const rounds: number[][] = [];
  const batches = new Batches(
    async (items: number[]) => {
      rounds.push(items);
      await turn();
      return items.map((item) => ({ value: item * 10 }));
    },
    3,
    1,
  );
  const first = [1, 2].map((item) => batches.add(item));
  await Promise.resolve();
  const later = [3, 4, 5, 6].map((item) => batches.add(item));
  assertEquals(await Promise.all([...first, ...later]), [10, 20, 30, 40, 50, 60]);
  assertEquals(rounds, [[1, 2], [3, 4, 5], [6]]);
  assertEquals([await batches.add(7), rounds.at(-1)], [70, [7]]);
});

test("each item of a batch fares by itself, and a round that throws fails all of its items and no other", async () => {
  const batches = new Batches<string, string>(
    (items) => {
      if (items.includes("all")) throw new Error("all of it");
      return Promise.resolve(items.map((item) => item === "bad" ? { error: new Error("mine") } : { value: item }));
    },
    10,
    2,
  );
  const [good, bad] = [batches.add("good"), batches.add("bad")];
  await assertRejects(() => bad, Error, "mine");
  assertEquals(await good, "good");
  const failing = [batches.add("all"), batches.add("good")];
  for (const each of failing) await assertRejects(() => each, Error, "all of it");
  assertEquals(await batches.add("good"), "good");
});

test("no more rounds run at once than there are lanes", async () => {
  let [running, most] = [0, 0];
  const batches = new Batches(
    async (items: number[]) => {
      most = Math.max(most, ++running);
      await turn();
      running--;
      return items.map((value) => ({ value }));
    },
    1,
    2,
  );
  assertEquals(await Promise.all([1, 2, 3, 4, 5].map((item) => batches.add(item))), [1, 2, 3, 4, 5]);
  assertEquals(most, 2);
});
