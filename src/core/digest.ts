/** A SHA-256 as text. */

/** A SHA-256 in 64 hexadecimal digits, in lower case; undefined for everything else. */
export function parseDigest(value: unknown): string | undefined {
  return typeof value === "string" && /^[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : undefined;
}
