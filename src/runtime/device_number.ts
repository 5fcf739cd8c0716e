/** A device number's two halves, as Linux's tables under /proc print them: gnu_dev_major and gnu_dev_minor, makedev(3). */

/** Major and minor number; undefined for what is no device number. */
export function deviceNumbers(device: string): { major: bigint; minor: bigint } | undefined {
  if (!/^[0-9]+$/.test(device)) return undefined;
  const number = BigInt(device);
  return {
    major: ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn),
    minor: (number & 0xffn) | ((number >> 12n) & ~0xffn),
  };
}
