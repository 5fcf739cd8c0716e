/**
 * A version on its way to its number: staged, with a token of its own, and not yet anybody's to see.
 */
import type { Operation } from "../../core/operation.ts";
import { attemptFailed } from "../failure.ts";
import type { FileReplacement } from "../file_replacement.ts";
import { inspectVersion } from "./inspect_version.ts";
import type { VersionedFile, VersionEntry } from "./versioned_file.ts";

/** A version on its way to its number. */
export interface RisingVersion {
  readonly file: VersionedFile;
  readonly staged: FileReplacement;
  readonly entry: VersionEntry;
  /** Drawn for it: proves whose it is. */
  readonly token: string;
}

/** Fails where the number is not taken by a version: nobody will ever clean that away. */
export function* refuseForeign({ file: { engine, directory, attempt }, entry }: RisingVersion): Operation<void> {
  const seen = yield* inspectVersion(engine, entry, directory);
  if (seen.kind !== "foreign") return;
  const reason = `${JSON.stringify(entry.path)} is in the way: it is no version, or belongs to somebody else`;
  throw attemptFailed(attempt, "EEXIST", "link", reason);
}
