/** What the commands of `store` and `log` share. */
import { type ObjectStore, openObjectStore } from "../../store/object_store.ts";
import type { StoreOptions } from "../../store/store.ts";
import { UsageError } from "../arguments.ts";
import { mustExist } from "./existing.ts";
import { locateOperand } from "./location.ts";

/** A store that is there already. `attempt` begins the message of a failure: `Cannot verify`. */
export async function openStore(operand: string, attempt: string, options?: StoreOptions): Promise<ObjectStore> {
  const path = locateOperand(operand, attempt);
  await mustExist(path, attempt, "directory", "store");
  return await openObjectStore(path, options);
}

/** A SHA-256 that stands without a name. */
export function readDigest(text: string, name: string): string {
  if (!/^[0-9a-f]{64}$/i.test(text)) {
    throw new UsageError(`${name} must be a SHA-256 in 64 hexadecimal digits, not ${JSON.stringify(text)}`);
  }
  return text.toLowerCase();
}

/** How long to wait for a lock, in milliseconds; empty: without end. */
export function patience(
  { nonblock, timeout }: { readonly nonblock?: boolean | undefined; readonly timeout?: number | undefined },
): { timeout?: number } {
  if (nonblock && timeout !== undefined) throw new UsageError("--nonblock and --timeout exclude each other");
  return nonblock ? { timeout: 0 } : timeout === undefined ? {} : { timeout: timeout * 1000 };
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes in a JSON object: as text where they are UTF-8. */
export function contentForMachines(bytes: Uint8Array): { text: string } | { base64: string } {
  try {
    return { text: decoder.decode(bytes) };
  } catch {
    let binary = "";
    for (let start = 0; start < bytes.length; start += 0x8000) {
      binary += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
    }
    return { base64: btoa(binary) };
  }
}

/** What a power cut may undo, when it is less than was asked for. */
export function durabilityNotes(what: string, reached: string, wanted: string | undefined): string[] {
  return reached === (wanted ?? "full") ? [] : [
    `${what}, but a power cut may undo it: durability reached is "${reached}"`,
  ];
}
