/** Several writes that go side by side wait for one another where they should, and nowhere else. */
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { makeRound, type RoundPart } from "../../src/protocol/round.ts";

/** So that whatever can go on has gone on. */
const calm = async () => {
  for (let turn = 0; turn < 20; turn++) await undefined;
};

/** A file whose write-back is no business of the round. */
const file = {};

type Write = (part: RoundPart, tell: (what: string) => void) => Promise<void>;

/** Runs a write for each part; what they told, in order. */
async function told(writes: readonly Write[]): Promise<string[]> {
  const lines: string[] = [];
  const parts = makeRound(writes.length);
  await Promise.all(writes.map(async (write, index) => {
    const part = parts[index] as RoundPart;
    try {
      await write(part, (what) => lines.push(`${index} ${what}`));
    } finally {
      part.leave();
    }
  }));
  return lines;
}

const begin = (tell: (what: string) => void) => () => {
  tell("syncs");
  return Promise.resolve(7);
};

const usual: Write = async (part, tell) => {
  tell("stages");
  await part.staged(file);
  tell("renames");
  assertEquals(await part.shareSync("d", begin(tell)), 7);
  tell("is durable");
};

describe("a round", () => {
  it("stages all before one goes on, and syncs a directory once, after all renames", async () => {
    assertEquals(await told([usual, usual]), [
      ...["0 stages", "1 stages", "0 renames", "1 renames", "0 syncs"],
      ...["0 is durable", "1 is durable"],
    ]);
  });

  it("begins to write back a file before it waits for the others, who wait until that has begun", async () => {
    const write: Write = async (part, tell) => {
      await part.staged({
        startWriteBack: () => {
          tell("is written back");
          return calm().then(() => tell("has begun"));
        },
      });
      tell("syncs");
    };
    const lines = await told([write, write]);
    assertEquals(
      lines.map((line) => line.slice(2)),
      ["is written back", "is written back", "has begun", "has begun", "syncs", "syncs"],
    );
    assertEquals(await told([write]), ["0 syncs"], "alone it is synced at once");
  });

  it("of one waits for nobody", async () => {
    assertEquals(await told([usual]), ["0 stages", "0 renames", "0 syncs", "0 is durable"]);
  });

  it("syncs each directory", async () => {
    const other: Write = async (part, tell) => {
      await part.staged(file);
      await part.shareSync("e", begin(tell));
    };
    assertEquals((await told([usual, other])).filter((line) => line.endsWith("syncs")), ["0 syncs", "1 syncs"]);
  });

  for (const moment of ["staging", "renaming"]) {
    it(`does not wait for a write that ends while ${moment}`, async () => {
      const ends: Write = async (part) => {
        if (moment === "renaming") await part.staged(file);
        await calm();
      };
      assertEquals(await told([usual, ends]), ["0 stages", "0 renames", "0 syncs", "0 is durable"]);
    });
  }

  it("waits for one that stages again", async () => {
    const again: Write = async (part, tell) => {
      await part.staged(file);
      await calm();
      tell("stages again");
      await part.staged(file);
      tell("renames");
      await part.shareSync("d", begin(tell));
    };
    assertEquals(await told([usual, again]), [
      ...["0 stages", "0 renames", "1 stages again", "1 renames", "0 syncs", "0 is durable"],
    ]);
  });

  it("lets a sync that failed be tried again, once for all", async () => {
    let begun = 0;
    const write: Write = async (part) => {
      await part.staged(file);
      const failing = () => Promise.reject(new Error(`sync ${++begun}`));
      await assertRejects(() => part.shareSync("d", failing), Error, "sync 1");
      await calm();
      await part.shareSync("d", () => Promise.resolve(++begun));
    };
    await told([write, write, write]);
    assertEquals(begun, 2);
  });

  it("that is left twice counts once", async () => {
    const parts = makeRound(2);
    parts[0]?.leave();
    parts[0]?.leave();
    let opened = false;
    const waits = parts[1]?.shareSync("d", () => 1).then(() => opened = true);
    await waits;
    assertEquals(opened, true);
    const [first] = makeRound(2);
    first?.leave();
    let went = false;
    void Promise.resolve(first?.staged(file)).then(() => went = true);
    await calm();
    assertEquals(went, false);
  });
});
