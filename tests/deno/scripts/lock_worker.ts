/** Takes and releases a lock in a worker of node:worker_threads, and tells what came of it. */
import { parentPort, workerData } from "node:worker_threads";
import { updateTextFile } from "../../../mod.ts";

const outcome = await updateTextFile(workerData as string, (text = "") => `${text}worker`).then(
  ({ changed }) => changed ? "changed" : "unchanged",
  (error) => String(error),
);
parentPort?.postMessage(outcome);
