/**
 * The contract of src/runtime/runtime.ts as tests, for every runtime and both of its file systems.
 *
 *     describeContract("current runtime", (run) => withTemporaryDirectory(…run(subject)…), { real: true });
 *
 * One sentence of the contract is one test. Tests that need a real system (a FIFO, a second process, /proc) are only
 * registered with `real`.
 */
import { describe } from "node:test";
import { describeDirectories } from "./contract_directories.ts";
import { describeLocks } from "./contract_locks.ts";
import { describeMetadata } from "./contract_metadata.ts";
import { describeNames } from "./contract_names.ts";
import { describeOpenFiles } from "./contract_open_files.ts";
import { describeOpening } from "./contract_opening.ts";
import { describeProcess } from "./contract_process.ts";
import type { ContractOptions, WithSubject } from "./contract_support.ts";

/** Registers the whole suite. `withSubject` makes a runtime and an empty directory for one test, and removes them. */
export function describeContract(name: string, withSubject: WithSubject, options: ContractOptions): void {
  describe(`contract: ${name}`, () => {
    describeOpening(withSubject, options);
    describeDirectories(withSubject);
    describeOpenFiles(withSubject, options);
    describeMetadata(withSubject, options);
    describeNames(withSubject, options);
    describeLocks(withSubject, options);
    describeProcess(withSubject, options);
  });
}
