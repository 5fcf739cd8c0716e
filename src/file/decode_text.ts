/**
 * What the bytes of a file say: text, then a value; and where the content is damaged when they say nothing.
 *
 * `decodeText` from bytes to text, `parseJson` from text to a value. Content that is not what it should be is a
 * CorruptionError with its position; content that is only too large or nested too deeply for the runtime is EFBIG.
 */
import { CorruptionError } from "../core/errors.ts";
import { jsonErrorPosition } from "../core/json_checker.ts";
import { withinLimits } from "../protocol/file_call.ts";
import { SystemError } from "../runtime/system_error.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What the smallest of the runtimes holds in one string, V8's, is longer by some. */
const longestText = 2 ** 29 - 25;

/** The error for content that is not what it should be. */
export function corruption(path: string, reason: string, offset: number | undefined, cause: unknown): CorruptionError {
  const error = new CorruptionError("Cannot read", reason, {
    code: "ECORRUPT",
    path,
    step: "read",
    targetState: "unchanged",
    cause,
  });
  if (offset !== undefined) error.offset = offset;
  return error;
}

/** Text from bytes; CorruptionError with the byte offset where they are not UTF-8. */
export function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (bytes.length > longestText) throw new SystemError("EFBIG", "read", path);
    const offset = firstInvalidByte(bytes);
    throw corruption(path, `byte ${offset} is not part of valid UTF-8`, offset, error);
  }
}

/**
 * The longest prefix that decodes as the beginning of a text ends where the damage shows; it begins with the character
 * that is cut off there, if one is.
 */
function firstInvalidByte(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
      good = middle;
    } catch {
      bad = middle;
    }
  }
  while (good > 0 && !isText(bytes.subarray(0, good))) good--;
  return good;
}

function isText(bytes: Uint8Array): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** A value from JSON text; CorruptionError with the character offset where it is not JSON. */
export function parseJson(text: string, path: string): unknown {
  const source = text.startsWith("\ufeff") ? text.slice(1) : text;
  try {
    return withinLimits(path, () => JSON.parse(source));
  } catch (error) {
    if (error instanceof SystemError) throw error;
    const position = jsonErrorPosition(source) ?? source.length;
    const before = source.slice(0, position).split("\n");
    const column = (before[before.length - 1]?.length ?? 0) + 1;
    const place = `line ${before.length}, column ${column}`;
    const reason = source.trim() === "" ? "it is empty, which is not JSON" : `it is not JSON: ${place}`;
    throw corruption(path, reason, position + (text.length - source.length), error);
  }
}
