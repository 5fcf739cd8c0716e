/** Locks in a worker that node:worker_threads has started, where Deno tells no main module. */
import { assertEquals } from "@std/assert";
import { once } from "node:events";
import { it } from "node:test";
import { Worker } from "node:worker_threads";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

it("a worker updates a file inside its lock", () =>
  withTemporaryDirectory(async (directory) => {
    const path = `${directory}/state`;
    const worker = new Worker(new URL("./scripts/lock_worker.ts", import.meta.url), { workerData: path });
    try {
      assertEquals(await once(worker, "message"), ["changed"]);
      assertEquals(Deno.readTextFileSync(path), "worker");
    } finally {
      await worker.terminate();
    }
  }));
