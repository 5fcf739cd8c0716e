/** The contract of src/runtime/runtime.ts, on the runtime that runs this test, with both of its file systems. */
import { currentRuntime } from "../../src/runtime/current.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { describeContract } from "./contract.ts";
import { synchronousOnly } from "./contract_support.ts";

const runtime = currentRuntime();

describeContract(
  "current runtime, asynchronous",
  (run) => withTemporaryDirectory((directory) => run({ runtime, fileSystem: runtime.fileSystem, directory })),
  { real: true },
);

describeContract(
  "current runtime, synchronous",
  (run) =>
    withTemporaryDirectory((directory) =>
      run({ runtime, fileSystem: synchronousOnly(runtime.syncFileSystem), directory })
    ),
  { real: true },
);
