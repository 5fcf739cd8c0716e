/** A part of a list, spread over all of it: `"2/12"` is the second, the fourteenth, … */
export function shareOf<T>(list: readonly T[], share: string): T[] {
  const [, part = "", parts = ""] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(share) ?? [];
  if (part === "" || Number(part) > Number(parts)) {
    throw new TypeError(`a share is written as 1/12, not ${JSON.stringify(share)}`);
  }
  return list.filter((_, index) => index % Number(parts) === Number(part) - 1);
}
