/** Access control lists in the short text form of setfacl(1), with numbers, as the bytes of an extended attribute. */
import { accessList } from "../../src/core/access_list.ts";

const tags: Readonly<Record<string, readonly [own: number, named: number]>> = {
  u: [0x01, 0x02],
  g: [0x04, 0x08],
  m: [0x10, 0x10],
  o: [0x20, 0x20],
};
const letters = [["r", 4], ["w", 2], ["x", 1]] as const;
const nobody = 0xffff_ffff;

/** `"u::rw,u:1000:r,g::-,m::r,o::-"` as bytes. */
export function accessListOf(text: string): Uint8Array {
  const entries = text.split(",");
  const view = new DataView(new ArrayBuffer(4 + entries.length * 8));
  view.setUint32(0, 2, true);
  entries.forEach((entry, index) => {
    const [kind = "", id = "", granted = ""] = entry.split(":");
    const tag = tags[kind]?.[id === "" ? 0 : 1];
    if (tag === undefined) throw new RangeError(entry);
    const permissions = letters.reduce((sum, [letter, bit]) => granted.includes(letter) ? sum | bit : sum, 0);
    view.setUint16(4 + index * 8, tag, true);
    view.setUint16(6 + index * 8, permissions, true);
    view.setUint32(8 + index * 8, id === "" ? nobody : Number(id), true);
  });
  return new Uint8Array(view.buffer);
}

/** Bytes as such a text. */
export function accessListText(list: Uint8Array): string {
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
  const entries: string[] = [];
  for (let at = 4; at < list.length; at += 8) {
    const tag = view.getUint16(at, true);
    const kind = Object.entries(tags).find(([, both]) => both.includes(tag))?.[0] ?? "?";
    const id = view.getUint32(at + 4, true);
    const permissions = view.getUint16(at + 2, true);
    const granted = letters.filter(([, bit]) => (permissions & bit) !== 0).map(([letter]) => letter).join("");
    entries.push(`${kind}:${id === nobody ? "" : id}:${granted === "" ? "-" : granted}`);
  }
  return entries.join(",");
}

/** Attributes as texts: lists as above, the others as UTF-8. */
export function attributeTexts(attributes: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  const decoder = new TextDecoder();
  return Object.fromEntries(
    [...attributes].sort(([one], [other]) => one < other ? -1 : 1).map(([name, value]) => {
      return [name, name.startsWith(accessList.slice(0, 12)) ? accessListText(value) : decoder.decode(value)];
    }),
  );
}
