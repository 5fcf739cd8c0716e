/** How programs are told where the new content of each file is, also where the disk has no room for the list. */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { FileError } from "../../src/core/errors.ts";
import { faultRuntime, memoryRuntime, withRuntime } from "../../src/testing/mod.ts";
import { StagedLists } from "../../src/transaction/staged_list.ts";
import { caught } from "./support.ts";

const named = { verb: "Cannot deploy", path: "/d/plan.json" };
const short = new Map([["a", "/d/a"]]);
const long = new Map(Array.from({ length: 2_000 }, (_, index) => [`/d/${index}`, `/d/.${index}.stage`]));

test("a list is in a file, and in the text where that is short; afterwards the file is gone", async () => {
  const machine = memoryRuntime({ files: { "/d/": { kind: "directory" } } });
  await withRuntime(machine, async () => {
    const lists = new StagedLists("/d/a", named);
    const placed = await lists.place(short);
    assertEquals([machine.readText(placed.path), placed.text], ['{"a":"/d/a"}', '{"a":"/d/a"}']);
    assertEquals((await lists.place(long)).text, undefined);
    await lists.remove();
    assertEquals(machine.files("/d"), {});
  });
});

for (const method of ["create", "write"]) {
  for (const error of ["ENOSPC", "EDQUOT"]) {
    test(`a list that has no room on the disk is in the text alone, or an error where it is too long: ${error} of ${method}`, async () => {
      const machine = memoryRuntime({ files: { "/d/": { kind: "directory" } } });
      const { runtime } = faultRuntime(machine, { at: (call) => call.method === method, error, times: "always" });
      await withRuntime(runtime, async () => {
        const lists = new StagedLists("/d/a", named);
        assertEquals(await lists.place(short), { path: "", text: '{"a":"/d/a"}' });
        const failure = await caught(() => lists.place(long));
        assert(FileError.is(failure) && failure.code === error, `${failure}`);
        await lists.remove();
        assertEquals(machine.files("/d"), {});
      });
    });
  }
}

test("a list that cannot be written for another reason is an error", async () => {
  const machine = memoryRuntime({ files: { "/d/": { kind: "directory" } } });
  const { runtime } = faultRuntime(machine, {
    at: ({ method }) => method === "create",
    error: "EACCES",
    times: "always",
  });
  await withRuntime(runtime, async () => {
    const failure = await caught(() => new StagedLists("/d/a", named).place(short));
    assert(FileError.is(failure) && failure.code === "EACCES", `${failure}`);
  });
});
