/**
 * A replacement for write-file-atomic: its function, its options, its promises, over this module's engine.
 *
 * ```ts
 * import writeFileAtomic from "@durable/atomic-write/compat"; // instead of "write-file-atomic"
 *
 * await writeFileAtomic("message.txt", "Hello", { mode: 0o600 });
 * writeFileAtomic.sync("message.txt", "Hello again");
 * ```
 *
 * `require("@durable/atomic-write/compat")` returns the function itself wherever Node and Bun can require ES modules.
 * docs/migration.md says what is different.
 *
 * Needs read and write permission for the directory of the file.
 *
 * @module
 */
export type { FileData } from "../core/bytes.ts";
export type { FilePath } from "../core/options.ts";
export type { WriteFileAtomicOptions } from "./options.ts";
export {
  "module.exports",
  type CompatibleData,
  default,
  sync,
  type WriteCallback,
  type WriteFileAtomic,
  writeFileAtomic,
} from "./write_file_atomic.ts";
