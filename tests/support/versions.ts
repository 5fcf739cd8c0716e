/**
 * Content that describes itself: a torn or mixed file cannot pass for a whole version.
 *
 *     WRITER VERSION BODY_LENGTH SHA256_OF_BODY \n BODY
 */
import { createHash } from "node:crypto";

export interface Version {
  writer: string;
  version: number;
}

/** Something that is neither version was seen. */
export class TornContent extends Error {
  override name = "TornContent";
}

const hash = (body: Uint8Array) => createHash("sha256").update(body).digest("hex");

/** A whole version. Its length, from nothing to `longest` bytes of body, depends on the version. */
export function makeVersion({ writer, version }: Version, longest = 20_000): Uint8Array {
  const body = new Uint8Array((version * 7919) % (longest + 1)).fill((version * 31 + writer.length) & 0xff);
  const head = new TextEncoder().encode(`${writer} ${version} ${body.length} ${hash(body)}\n`);
  const whole = new Uint8Array(head.length + body.length);
  whole.set(head);
  whole.set(body, head.length);
  return whole;
}

/** Which version this is; throws a TornContent when it is not exactly one. */
export function readVersion(bytes: Uint8Array): Version {
  const end = bytes.indexOf(10);
  const head = new TextDecoder().decode(bytes.subarray(0, end < 0 ? 200 : end));
  const [, writer = "", version = "", length = "", digest = ""] = /^(\S+) (\d+) (\d+) ([0-9a-f]{64})$/.exec(head) ?? [];
  const body = bytes.subarray(end + 1);
  if (end < 0 || writer === "" || body.length !== Number(length) || hash(body) !== digest) {
    throw new TornContent(`${bytes.length} bytes that begin with ${JSON.stringify(head.slice(0, 100))}`);
  }
  return { writer, version: Number(version) };
}
