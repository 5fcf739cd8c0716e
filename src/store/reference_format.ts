/**
 * What is in the file of a reference, and in HEAD: written and parsed here.
 *
 *     reference = digest "\n"
 *     HEAD      = "reference: " name "\n"  |  digest "\n"
 *
 * Nothing else is accepted: a cut-off digest must not pass for another one.
 */
import { type Digest, readDigest, referenceParts } from "../protocol/names/store.ts";
import { damaged } from "./store.ts";

/** Where one can stand: on a reference, by its name, or on a digest ("detached"). */
export type HeadTarget = string | { readonly digest: Digest };

/** Where one stands. `digest` is missing while the reference does not exist yet; `name` is, when detached. */
export type Head = { readonly name: string; readonly digest?: Digest } | {
  readonly name?: never;
  readonly digest: Digest;
};

/** What is longer, in bytes, is neither: a digest is shorter, and so is the name of a reference. */
export const longestReference = 8192;

const symbolic = "reference: ";
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array, path: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw damaged(path, undefined, "it is not UTF-8", 0);
  }
}

/** The text of a reference. */
export const formatReference = (digest: Digest): string => `${digest}\n`;

/** The digest in the file of a reference. */
export function parseReference(bytes: Uint8Array, path: string): Digest {
  const match = /^([0-9a-f]{64})\n$/.exec(decode(bytes, path));
  if (match?.[1] !== undefined) return match[1];
  throw damaged(path, undefined, "it is not a reference: it must contain a SHA-256 and a line break", 0);
}

/** The text of HEAD; TypeError for what cannot be stood on. */
export function formatHead(target: HeadTarget): string {
  if (typeof target === "string") return `${symbolic}${referenceParts(target).join("/")}\n`;
  const digest: unknown = typeof target === "object" && target !== null ? target.digest : undefined;
  return formatReference(readDigest(digest, "target"));
}

/** What HEAD says. */
export function parseHead(bytes: Uint8Array, path: string): { name: string } | { digest: Digest } {
  const text = decode(bytes, path);
  if (!text.startsWith(symbolic)) return { digest: parseReference(bytes, path) };
  const name = text.slice(symbolic.length, -1);
  try {
    if (text.endsWith("\n")) return { name: referenceParts(name).join("/") };
  } catch {
    // No name: damaged.
  }
  throw damaged(path, undefined, "it names no reference", symbolic.length);
}
