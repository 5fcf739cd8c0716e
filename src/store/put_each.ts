/**
 * Many puts, asked for together as far as they are known, and settled in order.
 *
 * What a plain iterable yields goes together: nothing is awaited in between, so one round takes as much as fits. After
 * the first failure nothing more is asked for; it is thrown once those asked for with it have settled.
 */
import type { FileData } from "../core/bytes.ts";
import type { Digest } from "../protocol/names/store.ts";

/** Puts each content, so many at a time; the digests, in order. */
export async function putEach(
  contents: Iterable<FileData> | AsyncIterable<FileData>,
  put: (content: FileData) => Promise<Digest>,
  together: number,
): Promise<Digest[]> {
  const digests: Digest[] = [];
  let waiting: Promise<Digest>[] = [];
  const settle = async () => {
    const settled = await Promise.allSettled(waiting);
    waiting = [];
    for (const each of settled) {
      if (each.status === "rejected") throw each.reason;
      digests.push(each.value);
    }
  };
  const add = (content: FileData): Promise<void> | undefined => {
    const digest = put(content);
    // It is looked at when the others are; until then its failure is nobody's fault.
    digest.catch(() => {});
    return waiting.push(digest) < together ? undefined : settle();
  };
  try {
    if (Symbol.iterator in contents) {
      for (const content of contents) {
        const full = add(content);
        if (full !== undefined) await full;
      }
    } else {
      for await (const content of contents) await add(content);
    }
  } finally {
    await settle();
  }
  return digests;
}
