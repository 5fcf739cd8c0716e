/** The contract of src/runtime/runtime.ts, on the memory runtime of `./testing`, with both of its file systems. */
import { memoryRuntime } from "../../src/testing/mod.ts";
import { describeContract } from "./contract.ts";
import { synchronousOnly } from "./contract_support.ts";

describeContract("memory runtime, asynchronous", (run) => {
  const memory = memoryRuntime({ user: 0, files: { "/work": { kind: "directory" } } });
  return run({ runtime: memory, fileSystem: memory.fileSystem, directory: "/work" });
}, { real: false });

describeContract("memory runtime, synchronous", (run) => {
  const memory = memoryRuntime({ user: 0, files: { "/work": { kind: "directory" } }, disk: { clone: true } });
  return run({ runtime: memory, fileSystem: synchronousOnly(memory.syncFileSystem), directory: "/work" });
}, { real: false });
